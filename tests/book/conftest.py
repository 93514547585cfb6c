"""Um livro de duas páginas, construído de verdade, e o caminho da extensão e dos conferentes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "book" / "_ext"), str(ROOT / ".ci")]

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

figures.show(figures.new(), "Uma tela com 2 < 3 e “aspas”.")
"""


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
        for name in ("html_static_path", "templates_path", "locale_dirs"):
            config["sphinx"]["config"][name] = [
                str(ROOT / f) for f in config["sphinx"]["config"][name]
            ]
        del config["bibtex_bibfiles"], config["html"]["favicon"]
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
