"""O alto de cada página do tutorial, feito dela mesma: nada do que ele diz se escreve duas vezes.

O cabeçalho da página diz só o que ela não sabe de si: em ``tutorial``, o ``objetivo`` e o
``original`` de 2020 que continua. Os passos são os títulos; os pacotes, os que as células importam;
os dados, as obras citadas que `references.bib` marca com ``keywords = {dados}``.
"""

import ast
import importlib.metadata
import re
import sys
from functools import cache
from pathlib import PurePosixPath

from docutils import nodes
from pybtex.richtext import Text

from covidcam_book import bibliography, cells, notebooks

STEP = re.compile(r"\d+º Passo")
# Num título, o número vai para a margem; no sumário da página, fica o título.
IN_TITLE = re.compile(r"(<h2>)(\d+)º Passo — ")
IN_CONTENTS = re.compile(r"(<a class=\"reference internal nav-link\"[^>]*>)(\d+)º Passo — ")


def setup(app):
    """Põe o alto logo depois do título."""
    app.connect("html-page-context", _insert, priority=910)  # depois de `pages`
    app.connect("html-page-context", _number, priority=940)  # depois do tema


def packages(sources):
    """As bibliotecas que as células de uma página importam, com a versão instalada.

    Parameters
    ----------
    sources : iterable of str
        O código de cada célula.

    Returns
    -------
    dict of str to str
        Nome e versão, na ordem em que aparecem; as da própria linguagem não entram.

    Examples
    --------
    >>> list(packages(["import os", "from docutils import nodes", "import docutils"]))
    ['docutils']
    """
    found = {}
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in (name.split(".")[0] for name in names):
            if name not in sys.stdlib_module_names and name in _distributions():
                distribution = _distributions()[name][0]
                found[distribution.replace("_", "-")] = importlib.metadata.version(distribution)
    return found


@cache
def _distributions():
    return importlib.metadata.packages_distributions()


def steps(doctree):
    """Os passos de uma página.

    Parameters
    ----------
    doctree : docutils.nodes.document

    Returns
    -------
    list of (str, str)
        A âncora e o título de cada um.
    """
    titles = [(section["ids"][0], section[0].astext()) for section in _sections(doctree)]
    return [(anchor, title) for anchor, title in titles if STEP.match(title)]


def _sections(doctree):
    return doctree.findall(nodes.section)


def _insert(app, pagename, templatename, context, doctree):
    text = notebooks.text(app, pagename)
    said = notebooks.front(text).get("tutorial")
    if doctree is None or said is None:
        return
    code = [cell.source for cell in notebooks.read(text).cells if cell.cell_type == "code"]
    data = [
        {
            "title": Text.from_latex(citation.entry.fields["title"]).render_as("text"),
            "address": citation.entry.fields["url"],
            "cited": _address(context, citation),
        }
        for citation in bibliography.cited(app.env, pagename)
        if citation.entry.fields.get("keywords") == "dados"
    ]
    head = app.builder.templates.render(
        "page-head.html",
        {
            **said,
            "data": data,
            "packages": packages(map(cells.without_glue, code)),
            "steps": steps(doctree),
            "notebook": context["notebook"],
            "notebook_name": PurePosixPath(context["notebook"]).name,
        },
    )
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{head}", 1)


def _number(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    numbered = r'\1<span class="step" data-step="\2">\2º Passo<span class="dash"> — </span></span>'
    context["body"] = IN_TITLE.sub(numbered, context["body"])
    contents = context["generate_toc_html"]
    context["generate_toc_html"] = lambda *args: IN_CONTENTS.sub(r"\1\2. ", str(contents(*args)))


def _address(context, citation):
    page = context["pathto"](citation.bibliography_key.docname)
    return f"{page}#{citation.citation_id}"
