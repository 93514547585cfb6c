"""Confere o livro construído: páginas, ligações, textos alternativos, títulos e palavras em inglês.

python .ci/check_pages.py [PASTA DO SITE]
"""

import re
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

# Palavras que só uma interface em inglês diz; as do texto das páginas não passam por aqui.
ENGLISH = re.compile(
    r"\b(the|this|page|search|toggle|skip|back to|next|previous|copy|show|hide|light|dark|settings"
    r"|download|print|edit|open|launch|contents?|navigation|sidebar|color|click|link to|error|main"
    r"|loading|submit|close|menu|warning|note|tip|important|by)\b",
    re.IGNORECASE,
)
# O que uma biblioteca escreve de si, e não de quem a chama.
NOISE = re.compile(r"WARNING:.*|\w+Warning: .*|^[IWE]\d{4} \d\d:.*", re.MULTILINE)
INTERFACE = (
    "noscript, button, .visually-hidden, .admonition-title, summary, label, .caption, .skip-link"
)
# Em bytes; do site ficam de fora o que se oferece à parte: o PDF e o pacote para ler sem rede.
HEAVIEST_PAGE, HEAVIEST_SITE = 600_000, 30_000_000
SAID = ("aria-label", "title", "placeholder", "data-bs-title")


def english(words):
    """As frases que parecem estar em inglês.

    >>> english(["Buscar", "Skip to main content", "Mostrar o código"])
    ['Skip to main content']
    """
    return sorted({word.strip() for word in words if word and ENGLISH.search(word)})


def pages(entry):
    """Os arquivos de uma entrada do sumário e de tudo o que há embaixo dela."""
    found = [entry[key] for key in ("root", "file") if key in entry]
    for key in ("parts", "chapters", "sections"):
        for child in entry.get(key, []):
            found += pages(child)
    return found


def check(file, site):
    """Os problemas de uma página construída.

    Parameters
    ----------
    file : Path
    site : Path
        A raiz do site, de onde nenhuma ligação interna sai.

    Returns
    -------
    list of str
    """
    soup = BeautifulSoup(file.read_text("utf-8"), "html.parser")
    problems = []
    outputs = "\n".join(output.get_text() for output in soup.select(".cell_output"))
    if "Traceback (most recent" in outputs:
        problems.append("há um erro de execução")
    if said := NOISE.search(outputs):
        problems.append(f"uma biblioteca fala de si numa saída: {said[0]!r}")
    if soup.html.get("lang") != "pt-BR":
        problems.append(f"a língua é {soup.html.get('lang')!r}, e não pt-BR")
    for image in soup.select("img"):
        if image.get("alt") is None or (not image["alt"].strip() and not image.find_parent("a")):
            problems.append(f"imagem sem texto alternativo: {image.get('src')}")
    if (size := file.stat().st_size) > HEAVIEST_PAGE:
        problems.append(f"tem {size} bytes, mais do que {HEAVIEST_PAGE}")
    problems += _headings(soup)
    problems += _links(soup, file, site)
    said = [tag.get(name) for name in SAID for tag in soup.select(f"[{name}]")]
    said = [words for words in said if words not in _references(soup)]
    said += [tag.get_text(" ", strip=True) for tag in soup.select(INTERFACE)]
    problems += [f"em inglês: {words}" for words in english(said)]
    return problems


def _headings(soup):
    """Um só título de primeiro nível, e nenhum nível saltado."""
    levels = [int(tag.name[1]) for tag in soup.select("main :is(h1, h2, h3, h4, h5, h6)")]
    problems = [] if levels.count(1) == 1 else [f"{levels.count(1)} títulos de primeiro nível"]
    jumps = [(a, b) for a, b in pairwise(levels) if b > a + 1]
    return problems + [f"de um título h{a} se salta a um h{b}" for a, b in jumps]


def _links(soup, file, site):
    """As ligações internas, para arquivos e âncoras que existem; nada é carregado de fora."""
    problems = []
    for tag in soup.select("script[src], link[rel=stylesheet], img[src], source"):
        address = _address(tag)
        if urlsplit(address).scheme not in ("", "data"):
            problems.append(f"carrega de fora: {address}")
    for tag in soup.select("[href], [src], [srcset]"):
        address = urlsplit(_address(tag))
        if address.scheme or address.netloc:
            continue
        target = (file.parent / unquote(address.path)).resolve() if address.path else file.resolve()
        if not target.is_file() or not target.is_relative_to(site.resolve()):
            problems.append(f"ligação morta: {address.geturl()}")
        elif address.fragment and unquote(address.fragment) not in _anchors(target):
            problems.append(f"âncora morta: {address.geturl()}")
    return problems


def _address(tag):
    return tag.get("href") or tag.get("src") or tag.get("srcset")


@cache
def _anchors(file):
    return set(re.findall(r'\bid="([^"]+)"', file.read_text("utf-8")))


def _references(soup):
    """Títulos de obras citadas: em que língua estão é problema do autor."""
    return {tag.get("title") for tag in soup.select(".bibtex-citation a, a.reference.internal")}


def weight(site):
    """Os bytes do site, sem o PDF e o pacote."""
    files = (path for path in site.rglob("*") if path.suffix not in (".pdf", ".zip"))
    return sum(path.stat().st_size for path in files if path.is_file())


def main():
    """Diz o que falta e sai com 1, ou conta o que há."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html")
    names = pages(yaml.safe_load(Path("_toc.yml").read_text("utf-8")))
    built = [site / f"{name}.html" for name in names]
    problems = [f"falta a página {file}" for file in built if not file.is_file()]
    for file in sorted({*filter(Path.is_file, built), *site.rglob("book/**/*.html")}):
        problems += [f"{file.relative_to(site)}: {problem}" for problem in check(file, site)]
    if (size := weight(site)) > HEAVIEST_SITE:
        problems.append(f"o site tem {size} bytes, mais do que {HEAVIEST_SITE}")
    print("\n".join(problems) or f"{len(names)} páginas, {size} bytes, nenhuma com problema")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
