"""As tabelas como um livro as compõe e como um leitor de tela as lê.

O pandas escreve duas linhas de títulos onde uma basta, títulos vazios e tudo à direita. Aqui cada
tabela ganha uma caixa que rola e tem nome, títulos que dizem de que são, e as palavras à esquerda.
"""

import html
import re

from covidcam.figures import listing

FRAME = re.compile(
    r'(?:<style scoped>[^<]*</style>\s*)?<table border="1" class="dataframe">(.*?)</table>',
    re.DOTALL,
)
WRITTEN = re.compile(
    r'<div class="pst-scrollable-table-container">(<table class="table">.*?</table>)', re.DOTALL
)
ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r'<(t[hd])(?:[^>]*?( (?:row|col)span="\d+"))?[^>]*>(.*?)</\1>', re.DOTALL)
TITLE = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
# Um nome curto (“COVID-19”) não se parte no hífen; um título de coluna, só nos espaços.
SHORT = {"td": re.compile(r"[^<]{0,16}|[^< ]{0,24}"), "th": re.compile(r"[^< ]{0,20}")}
NUMBER = re.compile(r"[-−–+±<>≤≥≈]?\s*\d|[—∞]?$")


def compose(body):
    """O corpo de uma página, com as tabelas compostas.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
    """
    body = FRAME.sub(lambda found: _box(_frame(found[1])), body)
    return WRITTEN.sub(lambda found: _box(found[1]).removesuffix("</div>"), body)


def _box(table):
    titles = [
        html.unescape(TAG.sub("", each)).strip()
        for each in TITLE.findall(table.split("</thead>")[0])
    ]
    titles = list(dict.fromkeys(filter(None, titles)))[:4]  # o nome, e não a tabela inteira
    named = f' role="group" aria-label="Tabela: {html.escape(listing(titles))}"'
    return f'<div class="pst-scrollable-table-container"{named}>{table}</div>'


def _frame(table):
    head, _, rest = table.rpartition("</thead>")
    titles, rows = ([CELL.findall(row) for row in ROW.findall(part)] for part in (head, rest))
    titles = _joined(titles)
    values = [[text for tag, _, text in row if tag == "td"] for row in rows]
    columns = list(zip(*values, strict=True))
    words = [_are_words(column, alone=len(columns) == 1) for column in columns]
    head = "".join(_line(row, words, "col") for row in titles)
    body = "".join(_line(row, words, "row") for row in rows)
    head = f"<thead>{head}</thead>" if head else ""
    return f'<table class="dataframe">{head}<tbody>{body}</tbody></table>'


def _joined(titles):
    """As linhas de títulos, sem uma segunda que só dê nome ao índice."""
    *above, last = titles or [[]]
    if above and len(last) == len(above[-1]):
        pairs = list(zip(above[-1], last, strict=True))
        if not any(one[2] and other[2] for one, other in pairs):
            return [*above[:-1], [one if one[2] else other for one, other in pairs]]
    return titles


def _are_words(column, alone):
    """Se uma coluna é de palavras: quase toda, ou em parte, se não há outra a que se alinhe."""
    said = sum(not NUMBER.match(TAG.sub("", text).strip()) for text in column)
    return said > (0 if alone else len(column) / 2)


def _line(row, words, scope):
    words = [True] * (len(row) - len(words)) + words  # as do índice
    cells = [_cell(*cell, each, scope) for cell, each in zip(row, words, strict=False)]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag, span, text, words, scope):
    if tag == "th" and not text:
        return f"<td{span}></td>"
    kinds = ["words"] * (words and "col" not in span)
    kinds += ["short"] * bool(SHORT[tag].fullmatch(text))
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    said = f' scope="{scope}{"group" if span else ""}"' if tag == "th" else ""
    return f"<{tag}{kind}{said}{span}>{text}</{tag}>"
