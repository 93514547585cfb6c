"""Placares: a ordem, os nomes e o que se diz deles, contra tabelas feitas à mão."""

import numpy as np
import pandas as pd
import pytest

from covidcam import evaluation, figures

ROWS = [  # mapa, espécie, medida, referência, igual a, média, diferença de, diferença a, imagens
    ("grad-cam", "método", "auprc", "", "", 0.5, 0, 0, 9),
    ("cam", "método", "auprc", "", "grad-cam", 0.5, 0, 0, 9),
    ("rise", "método", "auprc", "", "", 0.7, 0.1, 0.3, 4),
    ("ao acaso", "oponente", "auprc", "", "", 0.125, -0.5, -0.3, 9),
    ("bordas", "oponente", "auprc", "", "", 0.45, -0.2, 0.1, 9),
    ("grad-cam", "método", "deletion", "black", "", 0.25, 0, 0, 9),
    ("cam", "método", "deletion", "black", "grad-cam", 0.25, 0, 0, 9),
    ("rise", "método", "deletion", "black", "", 0.75, 0.1, 0.3, 4),
    ("ao acaso", "oponente", "deletion", "black", "", 0.875, 0.5, 0.7, 9),
    ("bordas", "oponente", "deletion", "black", "", 0.5, -0.2, 0.3, 9),
    ("grad-cam", "método", "deletion", "blur", "", 0.5, 0, 0, 9),
    ("rise", "método", "deletion", "blur", "", 0.25, -0.3, -0.1, 4),
    ("ao acaso", "oponente", "deletion", "blur", "", 0.625, 0.1, 0.2, 9),
    ("bordas", "oponente", "deletion", "blur", "", 0.75, 0.1, 0.3, 9),
]
COLUMNS = ["method", "kind", "metric", "reference", "same_as", "mean"]
COLUMNS += ["difference_low", "difference_high", "images"]


@pytest.fixture
def table():
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    middle = (table["difference_low"] + table["difference_high"]) / 2
    return table.assign(low=table["mean"] - 0.1, high=table["mean"] + 0.1, difference=middle)


def test_the_table_goes_from_best_to_worst_with_names_to_read(table):
    by_auprc = figures.board_table(table, sort="auprc")
    assert list(by_auprc.index) == ["rise", "grad-cam", "bordas", "ao acaso"]
    black = "apagamento (menor é melhor), preto"
    blur = "apagamento (menor é melhor), borrado"
    assert list(by_auprc.columns) == ["AUPRC", black, blur]
    assert list(by_auprc.loc["ao acaso"]) == ["0,12", "0,88", "0,62"]
    by_black = figures.board_table(table, "deletion", "black")
    assert list(by_black.index) == ["grad-cam", "bordas", "rise", "ao acaso"]
    by_blur = figures.board_table(table, "deletion", "blur")
    assert list(by_blur.index) == ["rise", "grad-cam", "ao acaso", "bordas"]


def test_only_differences_whose_interval_leaves_zero_out_are_better_or_worse(table):
    said = figures.verdicts(table, ["auprc", ("deletion", "black"), ("deletion", "blur")])
    auprc, black, blur = said.data.split(", na comparação pareada com o grad-cam\n")[1:]
    assert [line for line in auprc.splitlines() if line.startswith("-")] == [
        "- melhores: rise",
        "- piores: ao acaso",
        "- sem diferença que se possa afirmar: bordas",
    ]
    # no apagamento a área menor é a melhor
    assert "melhores: nenhum" in black and "piores: rise e ao acaso" in black
    assert "melhores: rise" in blur and "piores: todos os oponentes" in blur
    assert said.data.startswith("**AUPRC**") and "**apagamento, borrado**" in said.data


def test_the_figure_says_best_and_worst_whichever_way_is_better(table):
    higher, lower = figures.board(table, "auprc")[1], figures.board(table, "deletion", "black")[1]
    # o rise, medido em menos radiografias, não se põe à frente dos outros
    assert "maior média dos cheios, grad-cam (0,50)" in higher
    assert "maior dos oponentes, bordas (0,45); menor média, ao acaso (0,12)" in higher
    assert "menor média dos cheios, grad-cam (0,25)" in lower
    assert "menor dos oponentes, bordas (0,50); maior média, ao acaso (0,88)" in lower


def test_maps_of_the_same_mean_are_all_first(table):
    tied = table[table["method"] != "rise"].replace({"mean": {0.45: 0.501}})
    alt = figures.board(tied, "auprc")[1]
    assert "maior média, bordas e grad-cam (0,50); maior dos métodos, grad-cam (0,50)" in alt


def test_the_figure_has_a_map_once_and_says_who_was_measured_in_fewer_films(table):
    figure, alt = figures.board(table, "deletion", "black")
    start = "Placar de 2 mapas de métodos e 2 de oponentes em 9 radiografias (os vazados, em 4)"
    assert alt.startswith(start)
    assert alt.endswith("Vazados: rise.")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    hollow = [
        label
        for label, line in zip(labels, figure.axes[0].lines[1::2], strict=True)
        if line.get_markerfacecolor() == "white"
    ]
    assert hollow == ["rise"] and len(labels) == 4


def test_each_map_by_reference_and_explained_class(table):
    columns = ["method", "metric", "reference", "same_as", "film", "target", "value"]
    rows = [
        (method, "deletion", reference, "", film, target, value)
        for method, shift in (("grad-cam", 0.0), ("ao acaso", 0.2))
        for reference, scale in (("black", 1.0), ("blur", 0.5))
        for film, (target, value) in enumerate([(0, 0.1), (0, 0.3), (2, 0.5), (2, 0.7), (1, 0.9)])
        for value in [value * scale + shift]
    ]
    rows.append(("rise", "deletion", "black", "", 0, 0, 0.0))  # medido num filme só: não entra
    values = pd.DataFrame(rows, columns=columns)
    found = figures.by_class(values, "deletion", ["COVID-19", "NORMAL", "OUTRAS"], fewest=2)
    assert list(found.columns) == [
        (reference, who)
        for reference in ("preto", "borrado")
        for who in ("todas (5)", "COVID-19 (2)", "OUTRAS (2)")
    ]
    assert list(found.index) == ["grad-cam", "ao acaso"]
    assert found.loc["grad-cam"].tolist() == ["0,50", "0,20", "0,60", "0,25", "0,10", "0,30"]
    assert found.loc["ao acaso", "borrado"].tolist() == ["0,45", "0,30", "0,50"]


def test_the_randomization_says_where_each_map_ends_and_what_strangers_have():
    rows = [(0, 0, 1.0), (1, 0, 1.0), (0, 1, 0.5), (1, 1, 0.4)]
    test = pd.DataFrame(rows, columns=["seed", "step", "spearman"]).assign(method="cam")
    test["ssim"] = test["spearman"] / 2
    pairs = {"cam": evaluation.Likeness(np.array([0.3, 0.5]), np.array([0.6, 0.8]))}
    _, alt = figures.randomization(test, pairs)
    assert "Spearman é: cam, 0,45 (pacientes diferentes, 0,40);" in alt
    assert "SSIM: cam, 0,23 (pacientes diferentes, 0,70)." in alt
