"""Placares: a ordem, os nomes e o que se diz deles, contra uma tabela feita à mão."""

import pandas as pd
import pytest

from covidcam import figures

ROWS = [  # mapa, espécie, medida, média, de, a, diferença de, diferença a
    ("grad-cam", "método", "auprc", 0.5, 0.4, 0.6, 0, 0),
    ("rise", "método", "auprc", 0.7, 0.6, 0.8, 0.1, 0.3),
    ("ao acaso", "oponente", "auprc", 0.125, 0.1, 0.2, -0.5, -0.3),
    ("bordas", "oponente", "auprc", 0.45, 0.3, 0.6, -0.2, 0.1),
    ("grad-cam", "método", "deletion", 0.25, 0.2, 0.3, 0, 0),
    ("rise", "método", "deletion", 0.75, 0.6, 0.8, 0.1, 0.3),
    ("ao acaso", "oponente", "deletion", 0.875, 0.1, 0.2, 0.5, 0.7),
    ("bordas", "oponente", "deletion", 0.5, 0.3, 0.6, -0.2, 0.3),
]
COLUMNS = ["method", "kind", "metric", "mean", "low", "high", "difference_low", "difference_high"]


@pytest.fixture
def table():
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    middle = (table["difference_low"] + table["difference_high"]) / 2
    return table.assign(images=9, difference=middle)


def test_the_table_goes_from_best_to_worst_with_names_to_read(table):
    by_auprc = figures.board_table(table, sort="auprc")
    assert list(by_auprc.index) == ["rise", "grad-cam", "bordas", "ao acaso"]
    assert list(by_auprc.columns) == ["AUPRC", "apagamento (menor é melhor)"]
    assert list(by_auprc.loc["ao acaso"]) == ["0,12", "0,88"]
    by_deletion = figures.board_table(table, sort="deletion")
    assert list(by_deletion.index) == ["grad-cam", "bordas", "rise", "ao acaso"]


def test_only_differences_whose_interval_leaves_zero_out_are_real(table):
    said = figures.verdict(table, "auprc")
    assert said.startswith("acima de grad-cam: rise; abaixo: ao acaso;")
    assert said.endswith("permitam afirmar: bordas")


def test_the_figure_says_best_and_worst_whichever_way_is_better(table):
    assert "Do melhor ao pior: rise, 0,70, a ao acaso, 0,12" in figures.board(table, "auprc")[1]
    lower = figures.board(table, "deletion")[1]
    assert "Do melhor ao pior: grad-cam, 0,25, a ao acaso, 0,88" in lower
