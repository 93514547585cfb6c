"""O livro inteiro num PDF, impresso pelo navegador a partir do site construído.

    python .ci/pdf.py [SITE] [ARQUIVO]

Os artigos do site, na ordem do sumário, viram um documento só, com capa e sumário; as ligações
entre páginas viram ligações dentro dele, e os títulos, marcadores. O documento é impresso duas
vezes: na primeira se descobre em que folha cada capítulo começa, e na segunda o sumário o diz.
"""

import base64
import io
import posixpath
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup
from check_browser import browser
from PIL import Image
from pypdf import PdfReader

QUALITY = 92
LARGEST = 25_000_000  # bytes
WIDTH = 658  # pixels: o que sobra de uma folha A4 entre as margens
MARGINS = {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"}
FOOTER = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif; color: #555">'
    '<span class="pageNumber"></span></div>'
)
ONLY_ON_SCREEN = (
    "script, noscript, .headerlink, .copybtn, .page-head, .prev-next-area, .toctree-wrapper,"
    " .pst-js-only, .opening-buttons, iframe, canvas, button, [hidden]"
)
ALIVE = ".explorer, .laboratory"
STILL = "(Esta parte responde ao toque, e só existe no site.)"
NEXT = "A seguir"  # no papel, o que vem a seguir vem a seguir
STYLE = """
html, body { background: #fff; font-size: 10pt; }
.bd-article { padding: 0; }
.chapter, .part { break-before: page; }
.cover { height: 240mm; display: flex; flex-direction: column; justify-content: center; }
.cover img { width: 42mm; margin: 0 0 12mm; }
.cover h1 { font-size: 34pt; margin: 0; }
.contents { break-before: page; }
.contents li { display: flex; gap: .6em; list-style: none; break-inside: avoid; }
.contents li span { margin-left: auto; font-variant-numeric: tabular-nums; }
.contents ul { padding: 0; }
.chapter h1 { font-size: 20pt; }
h1, h2, h3, h4, dt, summary, .rubric { break-after: avoid; break-inside: avoid; }
.step .dash { position: static; opacity: 1; color: #fff; }
img, svg, math[display="block"], tr { break-inside: avoid; }
figure, .films { break-inside: avoid; }
.films:has(> :nth-child(13)) { grid-template-columns: repeat(5, 1fr) !important; }
.cell_output img, .films { break-after: avoid; }
.figure-caption { break-before: avoid; }
.output.stream + :is(img, picture) { margin-top: .8rem; }
img { max-width: 100% !important; max-height: 225mm; height: auto; object-fit: contain; }
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; overflow: visible !important; }
.bd-article section > div[class*="highlight-"] pre { font-size: 7pt; }
div.highlight, div[class*="highlight-"] { break-inside: auto; display: block; }
dl.py div.highlight { break-inside: avoid; }
.pst-scrollable-table-container, .cell_output, .output { overflow: visible !important; }
div.cell, .cell_input, .admonition { break-inside: auto; }
table { font-size: 8pt; break-inside: avoid; }
table.dataframe tr > * { position: static !important; background: none !important; }
.bd-article section > p:has(+ .pst-scrollable-table-container) { break-after: avoid; }
summary { list-style: none; }
summary :is(svg, .sd-summary-state-marker) { display: none; }
.cell summary { display: none; }
.toggle, .dropdown > *, details > * { display: revert; visibility: visible; }
"""
# O que um desenho aplica de si mesmo, pelo nome.
INSIDE = re.compile(r"(^|url\()#([\w-]+)")
# Uma tabela mais larga do que a folha encolhe até caber.
FIT = """(width) => {
  for (const table of document.querySelectorAll("table, math[display='block']")) {
    const wide = Math.max(table.scrollWidth, table.getBoundingClientRect().width);
    if (wide > width) table.style.zoom = width / wide;
  }
  const inside = "math, svg, pre";  // o que se ajusta por dentro
  return [...document.querySelectorAll(".chapter *")]
    .filter((each) => each.getBoundingClientRect().right > width + 2 && !each.closest(inside))
    .map((each) => `${each.closest(".chapter").id}: ${each.tagName} ${each.className}`);
}"""
LOADED = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode().catch(() => {});
}))"""


def chapters(contents):
    """As páginas do sumário, na ordem.

    Parameters
    ----------
    contents : dict
        O ``_toc.yml``.

    Yields
    ------
    part : str
        O nome da parte, na primeira página dela; vazio nas outras.
    name : str
        O da página.
    """
    yield "", contents["root"]
    for part in contents.get("parts", [contents]):
        caption = part.get("caption", "")
        for chapter in part["chapters"]:
            for page in [chapter, *chapter.get("sections", [])]:
                yield caption, page["file"]
                caption = ""


def anchor(page, fragment=""):
    """Onde, no documento, fica um lugar de uma página.

    Examples
    --------
    >>> anchor("book/a"), anchor("book/a", "passo")
    ('book-a', 'book-a--passo')
    """
    name = page.replace("/", "-")
    return f"{name}--{fragment}" if fragment else name


def article(site, page, known):
    """O artigo de uma página, com os endereços contados da raiz do site e as âncoras só dele.

    Parameters
    ----------
    site : Path
    page : str
    known : set of str
        As páginas que o documento tem.

    Returns
    -------
    title : str
    element : bs4.Tag
    """
    soup = BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
    found = soup.select_one("article.bd-article")
    for tag in found.select(ONLY_ON_SCREEN):
        tag.decompose()
    for tag in found.select(ALIVE):
        tag.replace_with(note := soup.new_tag("p"))
        note.string = STILL
    for tag in found.find_all("p"):
        if tag.get_text().startswith(NEXT):
            tag.decompose()
    for tag in found.select("details.hide.above-input"):
        tag.summary.decompose()
        tag.unwrap()
    for tag in found.select("details"):
        tag["open"] = ""
    for tag in found.select("[id]"):
        tag["id"] = anchor(page, tag["id"])
    for tag in found.select("svg, svg *"):
        for name, value in tag.attrs.items():
            if isinstance(value, str):
                tag[name] = INSIDE.sub(lambda match: f"{match[1]}#{anchor(page, match[2])}", value)
    for tag in found.select("source[media]"):  # o papel é largo
        tag.decompose()
    for tag in found.select("[src]"):
        tag["src"] = _rooted(page, tag["src"])
        if tag["src"].endswith(".webp"):
            tag["src"] = _lighter(site / tag["src"]) or tag["src"]
    for tag in found.select("a[href]"):
        address = urlsplit(tag["href"])
        if address.scheme or address.netloc:
            continue
        target = _rooted(page, address.path).removesuffix(".html") if address.path else page
        if target in known:
            tag["href"] = f"#{anchor(target, unquote(address.fragment))}"
        else:  # um caderno, uma lista de módulos: fora do papel não há
            tag.name = "span"
            del tag["href"]
    return found.h1.get_text().strip(), found


def _lighter(file):
    """Uma radiografia em JPEG, que um PDF guarda como está; None para o que não perdeu nada."""
    data = file.read_bytes()
    if data[12:16] == b"VP8L":
        return None
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _rooted(page, address):
    if urlsplit(address).scheme:
        return address
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(address)))


def document(site, pages, leaves):
    """O documento a imprimir.

    Parameters
    ----------
    site : Path
    pages : sequence of (str, str)
        Como `chapters`.
    leaves : sequence of int
        Em que folha cada página começa; vazia na primeira impressão.

    Returns
    -------
    str
        Em HTML.
    """
    known = {name for _, name in pages}
    entries, body = [], []
    for position, (part, name) in enumerate(pages):
        title, element = article(site, name, known)
        if part:
            entries.append(f"<li><strong>{part}</strong></li>")
        leaf = leaves[position] if leaves else ""
        entries.append(f'<li><a href="#{anchor(name)}">{title}</a><span>{leaf}</span></li>')
        body.append(f'<div class="chapter" id="{anchor(name)}">{element}</div>')
    cover = BeautifulSoup((site / f"{pages[0][1]}.html").read_text("utf-8"), "html.parser")
    title = cover.title.get_text().partition("—")[0].strip()
    footer = cover.select_one("footer.bd-footer-content, .bd-footer-content, .footer-content")
    said = ""
    if footer:
        for tag in footer.select('a:is([href*="search."], [href*="como-citar."])'):
            tag.decompose()
        parts = [" ".join(part.split()) for part in footer.get_text(" ").split("·")]
        said = " · ".join(filter(None, parts))
    return f"""<!DOCTYPE html><html lang="pt-BR" data-theme="light" data-mode="light"><head>
<meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="_static/livro.css"><style>{STYLE}</style></head><body>
<main class="bd-main"><article class="bd-article">
<div class="cover"><img src="_static/logo.svg" alt=""><p class="h1">{title}</p>
<p>Um livro executável sobre mapas de ativação em radiografias de tórax.</p>
<p><strong>Isto não é um diagnóstico</strong>, nem serve para um.</p><p>{said}</p></div>
<div class="contents"><p class="h2">Sumário</p><ul>{"".join(entries)}</ul></div>
{"".join(body)}</article></main></body></html>"""


def leaves_of(pdf):
    """Em que folha está cada título de primeiro nível, na ordem, de um PDF com marcadores."""
    reader = PdfReader(pdf)
    titles = [each for each in reader.outline if not isinstance(each, list)]
    return [reader.get_destination_page_number(each) + 1 for each in titles]


def write(site, output):
    """Imprime o livro.

    Parameters
    ----------
    site : Path
    output : Path

    Returns
    -------
    list of str
        O que não coube na largura da folha.
    """
    pages = list(chapters(yaml.safe_load(Path("_toc.yml").read_text("utf-8"))))
    source, leaves, wide = site / ".pdf.html", [], []
    try:
        with browser() as context:
            tab = context.new_page()
            tab.set_viewport_size({"width": WIDTH, "height": 960})
            tab.emulate_media(media="print", color_scheme="light")
            for _ in range(2):
                source.write_text(document(site, pages, leaves), "utf-8")
                tab.goto(source.resolve().as_uri())
                tab.evaluate(LOADED)
                wide = tab.evaluate(FIT, WIDTH)
                tab.pdf(
                    path=output,
                    format="A4",
                    margin=MARGINS,
                    print_background=True,
                    display_header_footer=True,
                    header_template="<span></span>",
                    footer_template=FOOTER,
                    outline=True,
                    tagged=True,
                )
                leaves = leaves_of(output)
    finally:
        source.unlink(missing_ok=True)
    return sorted(set(wide))


def problems(output, pages):
    """O que falta a um PDF: marcadores, ligações, tamanho."""
    reader, leaves = PdfReader(output), leaves_of(output)
    if output.stat().st_size > LARGEST:
        yield f"{output.stat().st_size / 1e6:.1f} MB; o limite é {LARGEST / 1e6:.0f}"
    if len(leaves) != pages:
        yield f"{len(leaves)} marcadores de primeiro nível para {pages} capítulos"
    for number, page in enumerate(reader.pages, 1):
        for link in page.get("/Annots", []):
            address = str((link.get_object().get("/A") or {}).get("/URI", ""))
            if address.startswith("file:"):
                yield f"folha {number}: a ligação {address} só vale nesta máquina"


def main():
    """Imprime, confere e diz o que achou; a saída é 1 se achou alguma coisa."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html")
    output = Path(sys.argv[2] if len(sys.argv) > 2 else "_build/covidcam-livro.pdf")
    output.parent.mkdir(parents=True, exist_ok=True)
    wide = write(site, output)
    pages = len(list(chapters(yaml.safe_load(Path("_toc.yml").read_text("utf-8")))))
    found = [f"não cabe na folha: {each}" for each in wide] + list(problems(output, pages))
    size, count = output.stat().st_size / 1e6, len(PdfReader(output).pages)
    print("\n".join(found) or f"{output}: {count} folhas, {size:.1f} MB")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
