"""Números e palavras em português."""

from pathlib import Path

import numpy as np
import pytest

from covidcam.figures import counted, home_relative, listing, number, percent


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (0.1234, 2, "0,12"),
        (-3.5, 1, "−3,5"),
        (-0.001, 2, "0,00"),
        (2, 0, "2"),
        (np.nan, 2, "—"),
        (np.inf, 2, "—"),
    ],
)
def test_number(value, places, expected):
    assert number(value, places) == expected


@pytest.mark.parametrize(
    ("share", "places", "expected"),
    [
        (0.973, 0, "97 %"),
        (0.973, 1, "97,3 %"),
        (1, 0, "100 %"),
        (1, 1, "100,0 %"),
        (0.996, 0, "99 %"),  # ainda não é tudo
        (0.99999, 1, "99,9 %"),
        (0, 0, "0 %"),
        (np.float32(0.5), 0, "50 %"),
        (np.nan, 0, "—"),
    ],
)
def test_percent(share, places, expected):
    assert percent(share, places) == expected


def test_listing():
    assert [listing(list("abc")[:n]) for n in range(4)] == ["", "a", "a e b", "a, b e c"]


def test_counted():
    assert counted(1, "imagem", "imagens") == "1 imagem"
    assert [counted(n, "filme") for n in (0, 1, 2)] == ["0 filmes", "1 filme", "2 filmes"]


def test_home_relative(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_relative(tmp_path / "a" / "b") == "~/a/b"
    assert home_relative(Path("/fora/de/casa")) == "/fora/de/casa"
