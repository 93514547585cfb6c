"""Cada figura mostra, no desenho e no texto, os números dados."""

import numpy as np
import pandas as pd
import pytest

from covidcam import evaluation, figures

TRUTH = np.array([0, 0, 1, 1])
SAID = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])


def test_discrimination_draws_each_class_and_its_chance():
    curves = evaluation.one_vs_rest(TRUTH, SAID)
    figure, alt = figures.discrimination(curves, ("A", "B"))
    roc, precision_recall = figure.axes
    np.testing.assert_array_equal(roc.lines[1].get_ydata(), curves[0].sensitivity)
    chances = [line.get_ydata()[0] for line in precision_recall.lines[1::2]]
    assert chances == [0.5, 0.5]
    assert "A, 0,75 na ROC e 0,83 na de precisão e revocação (acaso: 0,50 e 0,50)" in alt


def test_reliability_puts_each_bin_at_what_it_said_and_got():
    table = evaluation.reliability(TRUTH, SAID)
    figure, alt = figures.reliability({"antes": table, "depois": table})
    assert [axes.get_title() for axes in figure.axes] == ["antes", "depois"]
    dots = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(dots, table[["confidence", "accuracy"]])
    assert "antes: diz 60 % e acerta 100 % de 1, diz 70 % e acerta 0 % de 1" in alt


def test_accuracies_have_both_intervals_of_each_network():
    table = pd.DataFrame(
        {n: evaluation.accuracy(TRUTH, SAID, np.arange(4)) for n in ("uma", "outra")}
    ).T
    figure, alt = figures.accuracies(table)
    axes = figure.axes[0]
    spans = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    wilson = evaluation.wilson(3, 4)
    assert spans[0] == wilson[1:] and len(spans) == 4
    assert [label.get_text() for label in axes.get_yticklabels()] == ["uma", "outra"]
    assert "uma, 75,0 % (por paciente de" in alt


def test_losses_draw_both_curves_of_each_network():
    history = pd.DataFrame({"loss": [1.0, 0.5], "val_loss": [1.5, 0.75]})
    figure, alt = figures.losses({"uma": history, "outra": history})
    for axes, name in zip(figure.axes, ("uma", "outra"), strict=True):
        assert axes.get_title() == name
        assert [line.get_ydata().tolist() for line in axes.lines] == [[1.0, 0.5], [1.5, 0.75]]
    assert "uma, em 2 épocas, 0,50 no treino e 0,75 na validação" in alt


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "a supera b"),
        (-0.2, -0.01, "b supera a"),
        (-0.1, 0.1, "Nenhum par difere"),
    ],
)
def test_pairs_are_told_apart_only_beyond_zero(low, high, said):
    row = {"first": "a", "second": "b", "mean": (low + high) / 2, "low": low, "high": high}
    pairs = pd.DataFrame([row])
    assert said in figures.pairs_sentence(pairs)
    table = figures.pairs_table(pairs)
    assert table.index.tolist() == ["a − b"]
    said = [figures.percent(row[key], 1) for key in ("mean", "low", "high")]
    assert table.iloc[0].tolist() == said


@pytest.mark.parametrize(("source", "word"), [("fantoma", "fantomas"), ("real", "sorteadas")])
def test_the_note_says_what_can_be_compared(source, word):
    assert word in figures.beside_2020_note(source).data
