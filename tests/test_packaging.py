"""O pacote instalado sem o livro: leva os arquivos que abre e pede as bibliotecas que importa."""

import importlib.metadata
import re
import sys
import tomllib

import pytest
from test_imports import PACKAGE, imports

from covidcam.cam import METHODS

PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))
BY_THE_WAY = {"keras": "tensorflow", "threadpoolctl": "scikit-learn"}  # vêm com outra


def test_every_file_the_package_opens_is_shipped():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["covidcam"]
    shipped = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    others = {path for path in PACKAGE.rglob("*.*") if path.suffix not in (".py", ".pyc")}
    assert others == shipped


def libraries():
    found = {name.split(".")[0] for file in PACKAGE.rglob("*.py") for name in imports(file)}
    return sorted(found - sys.stdlib_module_names - {"covidcam"})


@pytest.mark.parametrize("library", libraries())
def test_every_library_it_imports_is_a_dependency(library):
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    declared = {re.split(r"[^\w-]", text)[0] for text in asked}
    known = {
        name.lower().replace("_", "-")
        for name in importlib.metadata.packages_distributions()[library]
    }
    assert declared & (known | {BY_THE_WAY.get(library)}), sorted(known)


def test_every_dependency_says_since_which_version():
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    assert [text for text in asked if ">=" not in text] == []


def test_the_readme_lists_every_method():
    readme = (PACKAGE.parent / "README.md").read_text("utf-8")
    assert [name for name in METHODS if f"`{name}`" not in readme] == []
