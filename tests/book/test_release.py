"""O que uma versão publica: a etiqueta, as notas, o zip, as somas e o documento do PDF."""

import doctest
import hashlib
import subprocess
import zipfile

import pdf
import pytest
import release
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT

PAGE = """<html><head><title>Onde? — livro</title></head><body><article class="bd-article">
<h1 id="t">{title}<a class="headerlink" href="#t">#</a></h1><p id="aqui">x</p>
<picture><source media="(max-width: 576px)" srcset="../_images/a.webp">
<img src="../_static/logo.svg"></picture>
<svg><filter id="f"/><g filter="url(#f)"/></svg>
<div class="laboratory" data-station="hide"><button>Ligar</button></div>
<p>A seguir: <a href="{other}.html">outra</a></p>
<details class="admonition hide above-input"><summary>Ver</summary><p>código</p></details>
<script>1</script><details><summary>s</summary>solução</details>
<a href="{other}.html#aqui">lá</a> <a href="#aqui">cá</a> <a href="../cadernos/a.ipynb">caderno</a>
<a href="https://exemplo.org/">fora</a></article><footer class="bd-footer-content">covidcam ·
<a href="como-citar.html">como citar</a> · <a href="../search.html">Buscar</a> · versão 1</footer>
</body></html>"""


@pytest.mark.parametrize("module", [pdf, release], ids=lambda module: module.__name__)
def test_the_examples_of_the_scripts_run(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_the_files_of_the_repository_are_of_one_version():
    found = release.versions(ROOT)
    assert release.disagreements(f"v{found['pyproject.toml']}", found) == []
    assert len(release.disagreements("v99.0.0", found)) == len(found)
    assert release.notes((ROOT / "CHANGELOG.md").read_text("utf-8"), "v0.1.0").startswith("O livro")


def test_the_site_is_packed_the_same_every_time_and_its_sums_agree(tmp_path):
    site = tmp_path / "site"
    (site / "book").mkdir(parents=True)
    (site / "book" / "a.html").write_text("á", "utf-8")
    for name in ("um.zip", "dois.zip"):
        release.pack(site, tmp_path / name)
        (site / "book" / "a.html").touch()
    with zipfile.ZipFile(tmp_path / "um.zip") as archive:
        assert archive.namelist() == ["um/book/a.html"] and archive.read("um/book/a.html")
    folder = tmp_path / "versão"
    folder.mkdir()
    (folder / "a b.txt").write_bytes(b"x")
    assert release.sums(folder) == f"{hashlib.sha256(b'x').hexdigest()}  a b.txt\n"
    (folder / "SHA256SUMS").write_text(release.sums(folder), "utf-8")
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_the_printed_book_has_every_page_and_no_link_out_of_it(tmp_path):
    (tmp_path / "book").mkdir()
    for name, other in (("a", "b"), ("b", "a")):
        text = PAGE.format(title=f"Página {name}", other=other)
        (tmp_path / "book" / f"{name}.html").write_text(text, "utf-8")
    pages = [("", "book/a"), ("Parte", "book/b")]
    text = pdf.document(tmp_path, pages, [3, 7])
    soup = BeautifulSoup(text, "html.parser")
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    inside = [a["href"] for a in soup.select("a[href]") if a["href"][0] == "#"]
    assert set(inside) == {"#book-a", "#book-b", "#book-a--aqui", "#book-b--aqui"}
    assert {href[1:] for href in inside} <= set(ids)
    others = {a["href"] for a in soup.select("a[href]")} - set(inside)
    assert others == {"https://exemplo.org/"}
    assert [g["filter"] for g in soup.select("g")] == [f"url(#book-{n}--f)" for n in "ab"]
    assert not soup.select("script, .headerlink") and all(
        d.has_attr("open") for d in soup("details")
    )
    assert not soup.select(".laboratory, button, .hide") and "A seguir" not in soup.text
    assert soup.text.count("só existe no site") == soup.text.count("código") == 2
    assert "covidcam · versão 1" in soup.select_one(".cover").text
    assert {image["src"] for image in soup("img")} == {"_static/logo.svg"}
    assert not soup("source"), "no papel, a figura larga"
    assert soup.select(".contents span")[-1].get_text() == "7" and "Parte" in soup.text


def test_the_printed_book_follows_the_contents():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    names = [name for _, name in pdf.chapters(contents)]
    assert names[0] == "book/index" and len(names) == len(set(names))
    assert {f"{name}.md" for name in names} == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "book").rglob("*.md")
        if "_includes" not in path.parts
    }
