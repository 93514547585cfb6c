"""A extensão do livro, em construções de verdade de um livro de duas páginas."""

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = """---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# {title}

{prose}

```{{code-cell}} ipython3
{code}
```
"""
COUNT = "with open({record!r}, 'a') as record:\n    print({name!r}, file=record)\n"
DRAW = """\
from covidcam import figures

figures.show(figures.new(), "Uma tela com 2 < 3 e «aspas».")
"""


class Images(HTMLParser):
    """Os atributos das imagens e da raiz de uma página."""

    def __init__(self, page):
        super().__init__()
        self.images, self.root = [], {}
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes))
        elif tag == "html":
            self.root = dict(attributes)


class Book:
    """Um livro pequeno, com a configuração e a extensão do verdadeiro e o seu próprio pacote."""

    def __init__(self, folder):
        self.folder, self.package, self.record = (folder / n for n in ("livro", "pacote", "rodou"))
        self.folder.mkdir()
        shutil.copytree(
            ROOT / "covidcam",
            self.package / "covidcam",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
        config["sphinx"]["local_extensions"] = {"covidcam_book": str(ROOT / "book" / "_ext")}
        for name in ("html_static_path", "html_css_files", "templates_path", "locale_dirs"):
            config["sphinx"]["config"].pop(name, None)
        del config["bibtex_bibfiles"]
        (self.folder / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
        (self.folder / "_toc.yml").write_text("format: jb-book\nroot: a\nchapters:\n- file: b\n")
        self.write("a", "print(1 + 1)")
        self.write("b", DRAW)
        self.environment = {
            **os.environ,
            "COVIDCAM_CACHE": str(folder / "cache"),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": str(self.package),
        }

    def write(self, name, code, prose="Uma frase."):
        code = COUNT.format(record=str(self.record), name=name) + code
        page = PAGE.format(title=f"Página {name}", prose=prose, code=code)
        (self.folder / f"{name}.md").write_text(page, "utf-8")

    def build(self, **environment):
        """Constrói; devolve o código de saída, as páginas que rodaram e o que foi dito."""
        self.record.write_text("")
        done = subprocess.run(
            [Path(sys.executable).with_name("jupyter-book"), "build", self.folder],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, sorted(self.record.read_text().split()), done.stdout

    def page(self, name):
        return self.folder / "_build" / "html" / f"{name}.html"


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def assert_figure_speaks(page):
    (figure,) = [image for image in Images(page).images if "_images" in image["src"]]
    assert figure["alt"] == "Uma tela com 2 < 3 e «aspas»."
    assert "dark-light" in figure["class"].split()


def test_pages_run_when_what_they_depend_on_changes_and_only_then(book):
    code, ran, said = book.build()
    assert (code, ran) == (0, ["a", "b"]), said
    assert_figure_speaks(book.page("b"))
    assert Images(book.page("b")).root["lang"] == "pt-BR"

    assert book.build()[:2] == (0, []), "nada mudou"

    book.write("b", DRAW, prose="Outra frase.")
    assert book.build()[:2] == (0, []), "só a prosa mudou"
    assert "Outra frase." in book.page("b").read_text("utf-8")
    assert_figure_speaks(book.page("b"))

    errors = book.package / "covidcam" / "errors.py"
    errors.write_text(errors.read_text("utf-8") + "# nada\n", "utf-8")
    assert book.build()[:2] == (0, ["a", "b"]), "o pacote mudou"

    assert book.build(COVIDCAM_TAMANHO="tudo")[:2] == (0, ["a", "b"]), "uma escolha mudou"


def test_a_raising_cell_fails_the_build_every_time(book):
    book.write("b", "raise ValueError('de propósito')")
    for _ in range(2):
        code, ran, said = book.build()
        assert code != 0 and "b" in ran
        assert "de propósito" in said
