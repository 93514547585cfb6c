"""As chaves não mentem: o que faz um artefato está na sua chave."""

from pathlib import Path

import pytest
from reach import Package

import covidcam

PACKAGE = Package(Path(covidcam.__file__).parent)
KEPT = {kept.name.removeprefix("covidcam."): kept for kept in PACKAGE.kept()}


def test_every_artefact_is_seen():
    assert len(KEPT) > 12
    assert {"artefacts.data.raw_data", "lungs.finder.network_folder"} <= set(KEPT)


@pytest.mark.parametrize("name", KEPT)
def test_the_key_has_the_code_that_makes_the_artefact(name):
    assert PACKAGE.holes(KEPT[name]) == {}


@pytest.mark.parametrize("name", KEPT)
def test_the_key_has_what_comes_from_outside(name):
    assert PACKAGE.forgotten(KEPT[name]) == set()
