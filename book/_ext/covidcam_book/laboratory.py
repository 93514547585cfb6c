"""O laboratório: as redes ao lado da página, e o motor como um texto que um script entrega.

Aberta do disco, uma página não lê outros arquivos nem começa um trabalhador a partir de um deles;
mas carrega scripts. Por isso o motor, que fica em vários arquivos para ser lido, chega à página num
script só, como texto, e é dali que ela faz o trabalhador.
"""

import base64
import shutil
from pathlib import Path

from covidcam import live, settings

PAGE = "book/laboratorio"
FOLDER = "_static/laboratorio"
# O que o trabalhador roda, nesta ordem, e o que roda no quadro fechado do filme do leitor.
ENGINE = ("engine", "maps", "prepare", "novelty", "lungs", "decode", "dicom", "worker")
FRAME = ("panel", "frame")


def setup(app):
    """Põe as redes no site, se o livro tem o laboratório."""
    app.connect("env-before-read-docs", _remember)
    app.connect("build-finished", _write)


def _remember(app, env, docnames):
    app.covidcam_laboratory_read = PAGE in docnames


def _write(app, error):
    if error or PAGE not in app.env.found_docs:
        return
    folder = Path(app.outdir, FOLDER)
    # de uma página que não se leu outra vez, as redes são as que já estão no site
    if app.covidcam_laboratory_read or not (folder / "modelo-2.js").exists():
        from covidcam import artefacts  # demora um segundo, e quase sempre não é preciso

        copy_networks(folder, artefacts.laboratory(settings.read()))
    write_engine(folder)


def copy_networks(folder, networks):
    """Põe na pasta do laboratório os scripts das redes e dos filmes.

    Parameters
    ----------
    folder : Path
    networks : Path
        O que `covidcam.artefacts.laboratory` devolve.
    """
    for script in networks.glob("*.js"):
        shutil.copy(script, folder / script.name)


def write_engine(folder):
    """Escreve os scripts que entregam o motor e o quadro fechado como textos.

    Parameters
    ----------
    folder : Path
        Onde já estão os arquivos de ``book/_static/laboratorio``.
    """
    (folder / "motor.js").write_text(live.script("motor", engine(folder)), "utf-8")
    closed = {
        "script": _joined(folder, FRAME),
        "style": (folder / "laboratory.css").read_text("utf-8"),
    }
    (folder / "quadro.js").write_text(live.script("quadro", closed), "utf-8")


def engine(folder):
    """O texto do trabalhador e a convolução compilada.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to str
    """
    return {
        "source": _joined(folder, ENGINE),
        "kernel": base64.b64encode((folder / "conv.wasm").read_bytes()).decode(),
    }


def _joined(folder, names):
    return "\n".join((folder / f"{name}.js").read_text("utf-8") for name in names)
