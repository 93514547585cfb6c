"""De onde vêm as radiografias e o que elas não dizem: uma linha no alto, que se abre.

Os recados são os que `covidcam.figures.source_note` e o aviso do livro escrevem, e que um caderno
mostra inteiros. Onde é o leitor quem move as probabilidades, o aviso fica inteiro também na página.
"""

import re

NOTE = re.compile(
    r'<div [^>]*class="admonition note"><p class="admonition-title">Nota</p>'
    r"(<p>As radiografias desta página são (<strong>\w+</strong>).*?</p>)</div>"
)
WARNING = re.compile(
    r'<div [^>]*class="admonition warning">\s*<p class="admonition-title">Aviso</p>\s*'
    r"(<p><strong>(Isto não é um diagnóstico)\.</strong>.*?</p>)\s*</div>",
    re.DOTALL,
)
# a célula que só tinha o recado
EMPTIED = re.compile(
    r'<div class="cell [^"]*">\s*<div class="cell_output [^"]*">\s*'
    r'<div class="output text_html">\s*</div>\s*</div>\s*</div>\s*'
)
HANDS_ON = ('class="explorer"', 'class="laboratory')
TOP = re.compile(r'</h1>(?:\s*<details class="page-head">.*?</details>)?', re.DOTALL)
OPENING = '<div class="opening'


def setup(app):
    """Depois que a página tem o seu alto."""
    app.connect("html-page-context", _fold, priority=915)


def _fold(app, pagename, templatename, context, doctree):
    if doctree is not None:
        context["body"] = fold(context["body"])


def fold(body):
    """O corpo de uma página, com os recados numa linha.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
        A linha vem depois do título e do alto da página; na capa, onde estava o aviso.
    """
    found = [NOTE.search(body)]
    if not any(each in body for each in HANDS_ON):
        found.append(WARNING.search(body))
    found = [each for each in found if each]
    if not found:
        return body
    summary = " · ".join(
        f"Radiografias {each[2]}" if each.re is NOTE else each[2] for each in found
    )
    whole = "".join(each[1] for each in found)
    line = f'<details class="source-line"><summary>{summary}</summary>{whole}</details>'
    cover = OPENING in body
    for each in found:
        body = body.replace(each[0], line if cover and each is found[-1] else "")
    body = EMPTIED.sub("", body)
    return body if cover else TOP.sub(lambda top: f"{top[0]}\n{line}", body, count=1)
