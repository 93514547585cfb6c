"""Regras da casa que se leem do texto."""

import ast
import re
from pathlib import Path

import pytest

import covidcam

PACKAGE = Path(covidcam.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted(PACKAGE.parent.glob("book/*.md"))
# nas salas de contas os tipos estão nas docstrings, com formas e faixas
WITHOUT_ANNOTATIONS = {"cam", "phantom"}
ONE_PLACE = {
    r"startswith\(.mini-": "se uma rede é miniatura, quem diz é models.ARCHITECTURES",
    r"== .vgg16.": "se uma rede é congelada, quem diz é models.ARCHITECTURES",
    r"\bdata, _ =": "os arrays trazem a sua pasta",
    r"contains\(.fantoma": "se um filme é um fantoma, quem diz é a coluna synthetic",
}


def defined(file):
    """As funções e os métodos de um arquivo, sem as funções de dentro de outras."""
    for node in ast.parse(file.read_text("utf-8")).body:
        for item in [node, *(node.body if isinstance(node, ast.ClassDef) else [])]:
            if isinstance(item, ast.FunctionDef):
                yield item


@pytest.mark.parametrize("pattern", ONE_PLACE)
def test_what_has_one_place_stays_there(pattern):
    found = [f.name for f in FILES + PAGES if re.search(pattern, f.read_text("utf-8"))]
    assert not found, ONE_PLACE[pattern]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_public_functions_say_what_they_return(file):
    if file.relative_to(PACKAGE).parts[0] in WITHOUT_ANNOTATIONS:
        return
    silent = [f.name for f in defined(file) if f.name[0] != "_" and f.returns is None]
    assert not silent


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_name_with_an_underscore_stays_in_its_file(file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("covidcam"):
            assert not [a.name for a in node.names if re.match("_[^_]", a.name)]
