"""O fio da história ao pé da página: o que vem a seguir, e com que palavras começa."""

import re

from covidcam_book import notebooks

OPENING = re.compile(
    r"^# [^\n]+\n(?:\s*```.*?^```\n)*\s*(?P<lede>[^`:#|\s].*?)\n\n", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
SENTENCE = re.compile(r"(?<=[.?!])\s+")
LENGTH = 170


def setup(app):
    """Dá ao modelo das páginas as palavras das vizinhas."""
    app.connect("html-page-context", _tell)


def _tell(app, pagename, templatename, context, doctree):
    if doctree is None or pagename not in app.builder.relations:
        return
    following = app.builder.relations[pagename][2]
    context["next_lede"] = lede(notebooks.text(app, following)) if following else ""


def lede(text):
    r"""As primeiras frases de uma página, sem as que só o livro sabe ler.

    Parameters
    ----------
    text : str
        Em MyST.

    Returns
    -------
    str
        Tantas frases inteiras quantas cabem numa linha ou duas; vazio se a primeira não cabe.

    Examples
    --------
    >>> lede("# A\\n\\nUma *rede* lê um [filme](b.md). Tem {glue:text}`n` camadas.\\n\\nMais.\\n")
    'Uma rede lê um filme.'
    """
    found = OPENING.search(text)
    said = ""
    for sentence in SENTENCE.split(" ".join(found["lede"].split())) if found else ():
        plain = LINK.sub(r"\1", sentence).replace("*", "").replace("`", "")
        if "{" in plain or "[](" in plain or len(said) + len(plain) > LENGTH:
            break
        said = f"{said} {plain}".strip()
    return said
