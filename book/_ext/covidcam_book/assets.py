"""O que o navegador pede antes de mostrar uma página: uma folha de estilo, e scripts que esperam.

O tema pede doze folhas e nove scripts, e até que cheguem o leitor com um celular olha para o
branco. Aqui as folhas viram uma, sem os ícones e as regras que não usamos, e os scripts rodam, em
ordem, depois do texto.
"""

import posixpath
import re
import shutil
from pathlib import Path

from sphinx.builders.html._assets import _JavaScript

from covidcam_book import unused

SHEET = "_static/livro.css"
FIRST = ["_static/basic.css", "_static/styles/pydata-sphinx-theme.css"]
ADDRESS = re.compile(r"""url\((["']?)(?!data:|#|https?:)([^)"']+)\1\)""")
# Mil e tantos ícones em forma de letra, e as fontes deles; os nossos estão em icones.css.
FONT_ICONS = re.compile(
    r'(?:\.fa-[\w-]+:before,?)+\{content:"[^}]*\}|@font-face\{[^}]*Awesome[^}]*\}'
)
UNUSED = ("thebe",)
# O realce do Sphinx não conhece a busca sem acentos; o nosso faz o mesmo trabalho.
INSTEAD = {"_static/sphinx_highlight.js": "_static/realce.js"}
# O que o tema copia e que página nenhuma pede, depois que as folhas viraram uma: mais de um décimo
# do site.
LEFT_OVER = ("scripts/*.map", "scripts/fontawesome.*", "styles", "vendor", "locales")
MAPPED = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")
# Scripts que o tema escreve na página e que rodariam antes dos arquivos de que precisam.
TOO_EARLY = ("DOCUMENTATION_OPTIONS.",)


def setup(app):
    """Troca o que cada página pede; depois da última, escreve a folha e tira o que sobra."""
    app.connect("html-page-context", _lighten, priority=950)
    app.connect("build-finished", _write_sheet, priority=900)  # o tema ainda muda uma folha


def _lighten(app, pagename, templatename, context, doctree):
    sheets = [str(getattr(sheet, "filename", sheet)) for sheet in context["css_files"]]
    app.covidcam_sheets = FIRST + [name for name in sheets if not _has(name, UNUSED)]
    context["css_files"] = [SHEET]
    context["script_files"] = [
        deferred for script in context["script_files"] if (deferred := _defer(script)) is not None
    ]


def _defer(script):
    name, attributes = str(script.filename or ""), dict(script.attributes)
    name = INSTEAD.get(name.split("?")[0], name)
    if _has(f"{name} {attributes.get('body', '')}", (*UNUSED, "THEBE", *TOO_EARLY)):
        return None
    if name:
        attributes["defer"] = "defer"
    return _JavaScript(name, priority=script.priority, **attributes)


def _has(text, words):
    return any(word in text for word in words)


def _write_sheet(app, error):
    if error is None and hasattr(app, "covidcam_sheets"):
        ours = {f"_static/{name}" for name, _ in app.config.html_css_files}
        parts = {name: sheet(Path(app.outdir), name) for name in app.covidcam_sheets}
        theirs = "\n".join(text for name, text in parts.items() if name not in ours)
        theirs = unused.prune(theirs, unused.words(Path(app.outdir)))
        text = "\n".join(text for name, text in parts.items() if name in ours)
        # numa camada, o tema cede ao livro sem que se conte a precedência de cada regra; ao que
        # ele diz ser !important, só cede a uma camada de antes
        layers = f"@layer antes, tema;\n@layer tema {{\n{theirs}\n}}\n{text}"
        Path(app.outdir, SHEET).write_text(layers, "utf-8")
        discard(Path(app.outdir, "_static"))


def discard(folder):
    """Apaga o que nenhuma página pede, e o endereço, no fim de um script, de um mapa que se foi.

    Parameters
    ----------
    folder : Path
        A pasta ``_static`` do site.
    """
    for pattern in LEFT_OVER:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for script in folder.glob("scripts/*.js"):
        script.write_bytes(MAPPED.sub(b"\n", script.read_bytes()))


def sheet(folder, name):
    """Uma folha de estilo, com os endereços contados a partir da pasta da folha única.

    Parameters
    ----------
    folder : Path
        A raiz do site.
    name : str
        O caminho da folha dentro dela.

    Returns
    -------
    str
    """
    home = posixpath.dirname(name)

    def rebase(match):
        target = posixpath.join(home, match[2])
        return f'url("{posixpath.relpath(target, posixpath.dirname(SHEET))}")'

    return ADDRESS.sub(rebase, FONT_ICONS.sub("", (folder / name).read_text("utf-8")))
