"""As tabelas como um livro as compõe e como um leitor de tela as lê.

O pandas escreve duas linhas de títulos onde uma basta, títulos vazios e tudo à direita. Aqui cada
tabela ganha uma caixa que rola e tem nome, títulos que dizem de que são, e as palavras à esquerda.
"""

import html
import itertools
import re

from covidcam.figures import between

FRAME = re.compile(
    r'(?:<style scoped>[^<]*</style>\s*)?<table border="1" class="dataframe">(.*?)</table>',
    re.DOTALL,
)
WRITTEN = re.compile(
    r'<div class="pst-scrollable-table-container">(<table class="(?:totals )?table">.*?</table>)',
    re.DOTALL,
)
ROW = re.compile(r"<tr[^>]*>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r'<(t[hd])(?:[^>]*?( (?:row|col)span="\d+"))?[^>]*>(.*?)</\1>', re.DOTALL)
TITLE = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
# Um nome curto (“COVID-19”) não se parte no hífen; um título de coluna, só nos espaços.
SHORT = {"td": re.compile(r"[^<]{0,16}|[^< ]{0,24}"), "th": re.compile(r"[^< ]{0,20}")}
# O que passa disso se lê como frase, mesmo que comece por um número.
LONG = 30
NUMBER = re.compile(r"[-−–+±<>≤≥≈]?\s*\d|[—∞]?$")
# “91 % (de 87 % a 95 %)”: uma medida e o seu intervalo
MEASURE = r"([-−]?\d+(?:,\d+)?)(?:\s%)?"
BETWEEN = re.compile(rf"{MEASURE} \(de {MEASURE} a {MEASURE}\)")
# o que está entre parênteses não se parte no meio
ASIDE = re.compile(r"\((?:de [^<()]{1,24}|sem intervalo)\)")
ENDS = ("de", "a")


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
    titles = list(dict.fromkeys(filter(None, titles)))
    if titles[4:]:  # o nome, e não a tabela inteira
        titles = [*titles[:4], "e outros títulos"]
    named = f'<table aria-label="{html.escape("; ".join(titles) or "sem títulos")}"'
    table = table.replace("<table", named, 1)
    return f'<div class="pst-scrollable-table-container">{table}</div>'


def _frame(table):
    head, _, rest = table.rpartition("</thead>")
    titles, rows = ([CELL.findall(row) for row in ROW.findall(part)] for part in (head, rest))
    titles, rows = _one_column(_joined(titles), rows)
    rows = _with_bars(rows)
    values = [[text for tag, _, text in row if tag == "td"] for row in rows]
    columns = list(zip(*values, strict=True))
    words = [_are_words(column, alone=len(columns) == 1) for column in columns]
    groups = _groups(titles)
    head = "".join(_line(row, words, "col", groups) for row in titles)
    body = "".join(_line(row, words, "row", groups) for row in rows)
    head = f"<thead>{head}</thead>" if head else ""
    return f'<table class="dataframe">{head}<tbody>{body}</tbody></table>'


def _width(span):
    return int(re.search(r"\d+", span)[0]) if "col" in span else 1


def _groups(titles):
    """Onde começa cada grupo de colunas que têm um título em comum, menos o primeiro."""
    starts, at = [], 0
    for _, span, _ in titles[0] if len(titles) > 1 else ():
        starts += [at] * ("col" in span)
        at += _width(span)
    return set(starts[1:])


def _joined(titles):
    """As linhas de títulos, sem uma segunda que só dê nome ao índice."""
    *above, last = titles or [[]]
    if above and len(last) == len(above[-1]):
        pairs = list(zip(above[-1], last, strict=True))
        if not any(one[2] and other[2] for one, other in pairs):
            return [*above[:-1], [one if one[2] else other for one, other in pairs]]
    return titles


def _one_column(titles, rows):
    """A medida e as duas pontas do seu intervalo, de três colunas, numa só."""
    names = [TAG.sub("", text).strip() for _, _, text in titles[-1]] if titles else []
    values = [[span for tag, span, _ in row if tag == "td"] for row in rows]
    whole = len({len(row) for row in values}) == 1 and not any(itertools.chain(*values))
    if not whole or len(titles) != 1:
        return titles, rows
    for at in range(len(names) - 3, -1, -1):
        if tuple(names[at + 1 : at + 3]) != ENDS:
            continue
        after = len(names) - at  # conta-se da direita: à esquerda, um título pode ter várias linhas
        del titles[0][at + 1 : at + 3]
        for row in rows:
            here = slice(len(row) - after, len(row) - after + 3)
            (tag, span, text), (_, _, low), (_, _, high) = row[here]
            row[here] = [(tag, span, between(text, low, high, str) if low else text)]
        names = names[: at + 1] + names[at + 3 :]
    return titles, rows


def _with_bars(rows):
    """Ao lado de cada intervalo, uma barra na escala da coluna dele."""
    for at in range(max(map(len, rows), default=0)):
        column = [(row, BETWEEN.fullmatch(row[at][2])) for row in rows if len(row) > at]
        found = [(row, [*map(_value, said.groups())]) for row, said in column if said]
        if len(found) < 2 or len({"%" in row[at][2] for row, _ in found}) > 1:
            continue  # sem com que comparar, ou em duas unidades
        ends = [value for _, values in found for value in values[1:]]
        low, high = min(ends), max(ends)
        whole = 100 if "%" in found[0][0][at][2] else 1
        if low >= 0 and high <= whole:  # uma parte se lê contra o todo, em toda coluna
            low, high = 0, whole
        for row, values in found:
            tag, span, text = row[at]
            row[at] = (tag, span, f'<span class="short">{text}</span>' + _bar(*values, low, high))
    return rows


def _bar(mean, start, end, low, high):
    """O desenho de um intervalo entre duas pontas; um traço no zero, se ele está no meio delas."""
    place = [100 * (value - low) / (high - low or 1) for value in (mean, start, end)]
    zero = f'<u style="left:{-100 * low / (high - low):.1f}%"></u>' if low < 0 < high else ""
    return (
        f'<span class="interval" aria-hidden="true">{zero}'
        f'<i style="left:{place[1]:.1f}%;width:{place[2] - place[1]:.1f}%"></i>'
        f'<b style="left:{place[0]:.1f}%"></b></span>'
    )


def _value(text):
    return float(text.replace("−", "-").replace(",", "."))


def _are_words(column, alone):
    """Se uma coluna é de palavras: tem uma frase, ou é quase toda delas, ou em parte e é só ela."""
    texts = [TAG.sub("", text).strip() for text in column]
    texts = [text for text in texts if text not in ("", "—")]
    said = sum(not NUMBER.match(text) for text in texts)
    return any(len(text) > LONG for text in texts) or said > (0 if alone else len(texts) / 2)


def _line(row, words, scope, groups):
    words = [True] * (len(row) - len(words)) + words  # as do índice
    at, cells = 0, []
    for (tag, span, text), each in zip(row, words, strict=False):
        cells.append(_cell(tag, span, text, each, scope, at in groups))
        at += _width(span)
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag, span, text, words, scope, starts):
    if tag == "th" and not text:
        return f"<td{span}></td>"
    if "<span" not in text:
        text = ASIDE.sub(r'<span class="short">\g<0></span>', text)
    kinds = ["words"] * (words and "col" not in span)
    brief = scope == "col" and len(text) <= 12  # um título curto cabe numa linha
    kinds += ["short"] * (brief or bool(SHORT[tag].fullmatch(text)))
    kinds += ["long"] * (scope == "col" and len(text) > LONG)
    kinds += ["name"] * (tag == "th" and scope == "row" and len(text) <= LONG)
    kinds += ["starts"] * starts
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    said = f' scope="{scope}{"group" if span else ""}"' if tag == "th" else ""
    return f"<{tag}{kind}{said}{span}>{text}</{tag}>"
