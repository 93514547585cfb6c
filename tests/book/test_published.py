"""O que o livro diz de si a quem o procura, com e sem o endereço de onde foi publicado."""

import json
import shutil
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from check_pages import check
from conftest import ROOT, Book
from covidcam_book import published

import covidcam

SITE = "https://exemplo.org/livro/"
KNOWN = {
    "COVIDCAM_SITE": SITE,
    "GITHUB_SERVER_URL": "https://codigo.exemplo",
    "GITHUB_REPOSITORY": "alguem/livro",
}
TEXT = """# Uma "página" & </script>

```{note}
Uma caixa, que não é o que a página diz de si, embora venha antes e seja comprida.
```

Este é o parágrafo que diz do que a página trata, com “aspas” e um & comercial.
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """O mesmo livro, sem células, sem o endereço e com ele."""
    book = Book(tmp_path_factory.mktemp("publicado"))
    (book.folder / "book").mkdir()
    shutil.copy(ROOT / "book" / "como-citar.md", book.folder / "book")
    for name in ("a", "b"):
        (book.folder / "book" / f"{name}.md").write_text(TEXT, "utf-8")
    contents = "format: jb-book\nroot: book/a\nchapters:\n- file: book/b\n- file: book/como-citar\n"
    (book.folder / "_toc.yml").write_text(contents, "utf-8")
    found = {}
    for name, environment in (("sem", {}), ("com", KNOWN)):
        code, _, said = book.build(**(dict.fromkeys(KNOWN, "") | environment))
        assert code == 0, said
        found[name] = book.folder.parent / name
        shutil.copytree(book.folder / "_build" / "html", found[name])
    return found


def soup(folder, name):
    return BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")


def meta(page, name):
    found = page.select_one(f'meta[name="{name}"], meta[property="{name}"]')
    return found and found["content"]


@pytest.mark.parametrize("known", ["sem", "com"])
def test_a_page_says_what_it_is_about(sites, known):
    page = soup(sites[known], "book/b.html")
    said = "Este é o parágrafo que diz do que a página trata, com “aspas” e um & comercial."
    assert meta(page, "description") == meta(page, "og:description") == said
    told = json.loads(page.select_one('script[type="application/ld+json"]').string)
    assert told["@type"] == "Chapter" and told["isPartOf"]["@type"] == "Book"
    assert told["name"] == "Uma “página” & </script>" and told["description"] == said
    assert told["inLanguage"] == "pt-BR" and told["license"] == published.LICENCE
    cover = json.loads(soup(sites[known], "book/a.html").select_one("script[type*=ld]").string)
    assert cover["@type"] == "Book" and covidcam.__version__ in cover["version"]
    assert meta(page, "citation_language") == "pt" and meta(page, "citation_author") == "covidcam"


def test_where_the_address_is_known_every_page_has_its_own(sites):
    folder = sites["com"]
    for name in ("a", "b", "como-citar"):
        page, address = soup(folder, f"book/{name}.html"), f"{SITE}book/{name}.html"
        assert page.select_one("link[rel=canonical]")["href"] == address
        assert meta(page, "og:url") == meta(page, "citation_fulltext_html_url") == address
        card = meta(page, "og:image")
        assert card.startswith(SITE) and (folder / card.removeprefix(SITE)).is_file()
        assert json.loads(page.select_one("script[type*=ld]").string)["url"].startswith(SITE)
    listed = [
        each.text for each in ElementTree.parse(folder / "sitemap.xml").findall("{*}url/{*}loc")
    ]
    assert listed == [f"{SITE}book/{name}.html" for name in ("a", "b", "como-citar")]
    assert f"Sitemap: {SITE}sitemap.xml" in (folder / "robots.txt").read_text("utf-8")


def test_where_the_repository_is_known_a_reader_can_tell_and_mend(sites):
    page = soup(sites["com"], "book/b.html")
    links = [a["href"] for a in page.select("a[href]")]
    assert "https://codigo.exemplo/alguem/livro/edit/main/book/b.md" in links
    (report,) = (a["href"] for a in page.select("a") if a.get_text(strip=True) == "achou um erro?")
    assert report.startswith("https://codigo.exemplo/alguem/livro/issues/new?template=texto.yml&")
    assert (ROOT / ".github" / "ISSUE_TEMPLATE" / "texto.yml").is_file()


def test_where_nothing_is_known_no_control_is_dead(sites):
    folder = sites["sem"]
    assert not list(folder.glob("sitemap.xml")) + list(folder.glob("robots.txt"))
    for file in [
        folder / name for name in ("book/a.html", "book/b.html", "404.html", "index.html")
    ]:
        text = file.read_text("utf-8")
        assert "canonical" not in text and "achou um erro" not in text and "/edit/" not in text
        assert "exemplo" not in text and 'href=""' not in text and 'content=""' not in text
    assert check(folder / "book" / "b.html", folder) == []


@pytest.mark.parametrize("known", ["sem", "com"])
def test_the_root_is_a_page_that_opens_the_book(sites, known):
    page = soup(sites[known], "index.html")
    assert page.html["lang"] == "pt-BR" and "covidcam" in page.title.get_text()
    assert page.select_one("main a")["href"] == "book/a.html"
    assert page.select_one("meta[http-equiv]")["content"].endswith("url=book/a.html")
    assert meta(page, "description").startswith("Este é o parágrafo")
    for tag in page.select("link[rel*=icon]"):
        assert (sites[known] / tag["href"]).is_file()


def test_a_lost_reader_is_answered_from_any_address(sites):
    page = soup(sites["com"], "404.html")
    assert page.html["lang"] == "pt-BR" and page.h1.get_text() == published.LOST
    root = urlsplit(SITE).path
    for tag in page.select("[href], [src]"):
        address = urlsplit(tag.get("href") or tag.get("src"))
        if not address.scheme and address.path:
            assert address.path.startswith(root), tag
            assert (sites["com"] / address.path.removeprefix(root)).is_file(), tag


@pytest.mark.parametrize("known", ["sem", "com"])
def test_it_says_how_to_cite_it(sites, known):
    page = soup(sites[known], "book/como-citar.html")
    entry = page.select_one("pre").get_text()
    assert entry.startswith("@misc{covidcam,") and covidcam.__version__ in entry
    assert (f"url = {{{SITE}}}" in entry) == (known == "com")
    footer = [a["href"] for a in page.select("footer a")]
    assert published.LICENCE in footer


def test_the_citation_file_agrees_with_the_package():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert found["version"] == covidcam.__version__ and found["license"] == "MIT"
    assert found["preferred-citation"]["title"] == found["title"]
