"""Cada figura com o seu número e, em poucas palavras, o que ela mostra.

As palavras são o começo do texto alternativo, que diz tudo a quem não a vê; por isso um leitor de
tela só ouve o número.
"""

import html
import re

from covidcam.figures.text import sentences

# Um desenho, ou uma folha de radiografias.
FIGURE = re.compile(
    r'<img (?=[^>]*class="[^"]*dark-light)[^>]*?alt="(?P<alt>[^"]+)"[^>]*>'
    r'|<div class="films"[^>]*? aria-label="(?P<said>[^"]*)".*?</figure></div>',
    re.DOTALL,
)
LENGTH = 230


def setup(app):
    """Depois que as figuras têm o seu tamanho."""
    app.connect("html-page-context", _number, priority=905)


def _number(app, pagename, templatename, context, doctree):
    if doctree is not None:
        context["body"] = number(context["body"])


def number(body):
    """O corpo de uma página, com as figuras numeradas.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
    """
    count = 0

    def caption(found):
        nonlocal count
        count += 1
        said = html.escape(brief(html.unescape(found["alt"] or found["said"])))
        return (
            f'{found[0]}<p class="figure-caption" id="figura-{count}"><b>Figura {count}.</b>'
            f' <span aria-hidden="true">{said}</span></p>'
        )

    return FIGURE.sub(caption, body)


def brief(alt):
    """O começo de um texto alternativo: a primeira frase; se ela é longa, só o assunto dela.

    Nunca metade de uma lista: dizer que a acurácia sobe numa prova, e calar que cai na outra,
    seria pior do que não dizer nada.

    Parameters
    ----------
    alt : str

    Returns
    -------
    str

    Examples
    --------
    >>> brief("O mesmo tórax em três exposições. Sem espalhados, mais fótons.")
    'O mesmo tórax em três exposições.'
    """
    first = re.split(r"(?<=[.?!]) ", alt)[0]
    if len(first) > LENGTH:
        first = first.split(": ")[0].removesuffix(".") + "."
    return sentences([first])
