"""O laboratório: as estações, as redes ao lado da página, e o motor num texto que ela carrega.

A diretiva ``estacao`` põe uma estação em qualquer página; fora do laboratório, diz que é dele.
Aberta do disco, uma página não lê outros arquivos nem começa um trabalhador a partir de um deles;
mas carrega scripts. Por isso o motor, que fica em vários arquivos para ser lido, chega à página num
script só, como texto, e é dali que ela faz o trabalhador.
"""

import base64
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from covidcam import live, settings

PAGE = "book/laboratorio"
FOLDER = "_static/laboratorio"
# O que o trabalhador roda, nesta ordem, e o que roda no quadro fechado do filme do leitor.
ENGINE = ("engine", "maps", "prepare", "novelty", "lungs", "decode", "dicom", "worker")
FRAME = ("panel", "frame")
STATION = """<div class="laboratory" data-station="{}">
<noscript><p>Esta parte precisa de JavaScript.</p></noscript>
</div>"""
SCRIPT = f'<script src="{{}}{FOLDER}/laboratory.js"></script>'
HOME = "Esta é uma das sete estações do [](laboratorio.md)."


class Station(SphinxDirective):
    """O lugar de uma estação, pelo nome do arquivo dela."""

    required_arguments = 1

    def run(self):
        """A estação; com a primeira de cada página, o script que as oferece."""
        name = self.arguments[0]
        if not Path(__file__).parents[2].joinpath(FOLDER, f"{name}.js").exists():
            raise self.error(f"Não há a estação {name!r} em book/{FOLDER}.")
        html = STATION.format(name)
        if "covidcam_station" not in self.env.temp_data:
            html += SCRIPT.format("../" * self.env.docname.count("/"))
        self.env.temp_data["covidcam_station"] = name
        elsewhere = PAGE in self.env.found_docs and self.env.docname != PAGE
        said = self.parse_text_to_nodes(HOME) if elsewhere else []
        return [nodes.raw("", html, format="html"), *said]


def setup(app):
    """Registra a diretiva e põe as redes no site, se o livro tem o laboratório."""
    app.add_directive("estacao", Station)
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
