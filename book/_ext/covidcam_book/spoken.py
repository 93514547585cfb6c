"""O que só um leitor de tela ouve: papéis, nomes e línguas que as extensões não escrevem."""

import re

NAMES = re.compile("COVID-19|Pré-processamento")
WORDS = re.compile(r">[^<]+")  # o que se lê, e não os atributos


def _together(words):
    return NAMES.sub(r'<span class="together">\g<0></span>', words[0])


# O que se escreve no HTML das extensões, e o que fica no lugar.
WRITTEN = [
    # o nome de um resumo são as palavras que se veem nele
    (re.compile(r'<summary aria-label="[^"]*"'), "<summary"),
    (re.compile(r'<div class="(admonition[ "]|[^"]* admonition")'), r'<div role="note" class="\1'),
    (
        re.compile(r'<div class="(cell_input [^"]*")'),
        r'<div role="group" aria-label="Código" class="\1',
    ),
    (
        re.compile(r'<div class="(cell_output [^"]*")'),
        r'<div role="group" aria-label="Resultado" class="\1',
    ),
    # papéis que o docutils escreve e o padrão abandonou, ou que pedem filhos que ele não põe
    (re.compile(r' role="doc-biblioentry"| role="list"(?= class="citation-list")'), ""),
    # as obras que o livro cita têm título em inglês
    (
        re.compile(
            r'(<div class="citation" id="[^"]*">\s*<span.*?</span></span>\s*<p)>', re.DOTALL
        ),
        r'\1 lang="en">',
    ),
    (
        re.compile(r'<section id="bibliografia">.*?</section>', re.DOTALL),
        lambda works: works[0].replace("<p>", '<p lang="en">'),
    ),
    (
        re.compile(r"(?<![\w/])arXiv:(\d{4}\.\d{4,5})(?!\d|</a>|[^<>]*>)"),
        r'<a class="reference external" href="https://arxiv.org/abs/\1">arXiv:\1</a>',
    ),
    # a pontuação não se separa da fórmula
    (
        re.compile(
            r'(<span class="math[^>]*><math(?:(?!</math>).)*</math></span>)([,.;:)?!]+)', re.DOTALL
        ),
        r'<span class="together">\1\2</span>',
    ),
    # um intervalo só se parte entre as suas pontas
    (
        re.compile(r"\(de [^<>()]{1,14} a [^<>()]{1,14}\)"),
        lambda interval: interval[0].replace(" ", "\u00a0").replace("\u00a0a\u00a0", " a\u00a0"),
    ),
    (re.compile(r"(\d) (?=(?:cm|mm|keV|pixels)\b)"), "\\1\u00a0"),
    (re.compile(r" a (?=(?:<[^<>]*>)*[−\d]+(?:,\d+)?\s?%)"), " a\u00a0"),
    (re.compile(r"\bp (&lt;|=) (?=\d)"), "p\u00a0\\1\u00a0"),
    (re.compile(r"(\d) (×|de) (?=\d)"), "\\1\u00a0\\2\u00a0"),
    # o hífen de um nome não é lugar de partir um título, um código ou uma ligação
    (
        re.compile(r"<(h[1-3]|th|code|a)\b.*?</\1>", re.DOTALL),
        lambda part: WORDS.sub(_together, part[0]),
    ),
]


def setup(app):
    """Escreve em cada página, depois que ela tem tudo."""
    app.connect("html-page-context", _write, priority=920)


def _write(app, pagename, templatename, context, doctree):
    if doctree is not None:
        context["body"] = spoken(context["body"])


def spoken(body):
    """O corpo de uma página, dito por inteiro.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
    """
    for pattern, instead in WRITTEN:
        body = pattern.sub(instead, body)
    return body
