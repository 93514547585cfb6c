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
    assert "Antes: diz 60 % e acerta 100 % de 1 (por acaso, de 0 % a 100 %), diz 70 %" in alt
    band = figure.axes[0].lines[1].get_ydata()
    np.testing.assert_array_equal(band, table.loc[0, ["noise_low", "noise_high"]])


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


def test_each_curve_has_its_own_noise_beside_it():
    raw = evaluation.calibration(TRUTH, SAID)
    flat = evaluation.calibration(TRUTH, np.full((4, 2), 0.5))
    table = figures.calibration_table({"crua": raw, "morna": flat})
    assert table.loc["crua", "NLL"] == figures.number(raw.nll, 3)
    assert table.loc["morna", "NLL"] == "0,693" and table.loc["morna", "Brier"] == "0,500"
    assert table.loc["crua", "ECE por acaso, até"] == figures.percent(raw.noise_high, 1)
    assert figures.calibration_verdict({"crua": raw}).startswith("nenhuma")
    raw.ece = raw.noise_high + 0.01
    found = figures.calibration_verdict({"crua": raw, "morna": flat})
    assert found.startswith("a curva “crua” passa")
    assert "as curvas “a” e “b” passam" in figures.calibration_verdict({"a": raw, "b": raw})


@pytest.mark.parametrize(("shift", "said"), [(0.1, "piora"), (-0.1, "melhora")])
def test_a_temperature_is_judged_image_by_image(shift, said):
    random = np.random.default_rng(0)
    raw = pd.DataFrame({"nll": random.random(50), "brier": random.random(50)})
    noise = random.normal(0, 1, 50)
    moved = raw.assign(nll=raw.nll + shift, brier=raw.brier + noise - noise.mean())
    found = figures.temperature_verdict(raw, moved, np.arange(50))
    assert f"a NLL {said}, {figures.number(shift, 4)} (de" in found
    assert "; a de Brier não muda além do acaso, 0,0000 (de" in found
    both = figures.temperature_verdict(raw, raw + shift, np.arange(50))
    assert both.startswith("a NLL,") and both.endswith(f", {said}m")
    neither = figures.temperature_verdict(raw, moved.assign(nll=moved.brier), np.arange(50))
    assert neither.startswith("nem a NLL,") and neither.endswith(", muda além do acaso")


PAIR = {"first": "a", "second": "b", "low": 0.01, "high": 0.2, "only_first": 6, "only_second": 0}


@pytest.mark.parametrize(
    ("mean", "chance", "said"),
    [
        (0.1, 0.03, "a favor da a sobre a b"),
        (-0.1, 0.03, "a favor da b sobre a a"),
        (0.1, 0.09, "Nenhum par difere"),  # o intervalo exclui o zero, e não basta
    ],
)
def test_pairs_are_told_apart_only_beyond_chance(mean, chance, said):
    pairs = pd.DataFrame([{**PAIR, "mean": mean, "chance": chance}])
    assert said in figures.pairs_sentence(pairs)
    note = figures.pairs_note(pairs).data
    assert said in note and "treinada uma vez só" in note
    table = figures.pairs_table(pairs)
    assert table.index.tolist() == ["a −\u00a0b"]
    assert table.iloc[0].tolist()[3:] == [6, 0, figures.number(chance, 3)]


def test_one_network_has_no_comparison_to_tell():
    assert figures.pairs_note(pd.DataFrame(columns=[*PAIR, "mean", "chance"])) is None


def test_a_recipe_says_whose_it_is():
    book = {"epochs": 30, "augment": True}
    assert figures.recipe_note(dict(book), book).data == "Esta é a receita do livro."
    said = figures.recipe_note({"epochs": 10, "augment": True, "patience": 5}, book).data
    assert "é <strong>sua</strong>" in said and "epochs: 10 (no livro, 30)" in said
    assert "patience: 5 (no livro, None)" in said and "augment" not in said


@pytest.mark.parametrize(("source", "word"), [("fantoma", "fantomas"), ("real", "sorteadas")])
def test_the_note_says_what_can_be_compared(source, word):
    assert word in figures.beside_2020_note(source).data
