"""Os exemplos das docstrings rodam e dão o que prometem."""

import doctest
import importlib
from pathlib import Path

import pytest

import covidcam

PACKAGE = Path(covidcam.__file__).parent
ELSEWHERE = {"cam", "gradcam.py"}  # tests/cam roda os exemplos delas
FILES = [
    file.relative_to(PACKAGE)
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.relative_to(PACKAGE).parts[0] not in ELSEWHERE and ">>> " in file.read_text("utf-8")
]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_examples(file):
    parts = file.with_suffix("").parts
    module = importlib.import_module(".".join(("covidcam", *parts)).removesuffix(".__init__"))
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
