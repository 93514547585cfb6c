"""Curvas, calibração e temperatura contra contas à mão, identidades e o scikit-learn."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binom
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import brier_score_loss, log_loss

from covidcam import evaluation
from covidcam.errors import InputError


def sampled(count, temperature, classes=3, seed=0):
    """Uma rede cujos logits estão multiplicados pela temperatura: sabe-se qual a desfaz."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(count, classes))
    truth = np.array([random.choice(classes, p=p) for p in softmax(logits, axis=1)])
    return truth, softmax(logits * temperature, axis=1)


def two(confident):
    """Duas colunas a partir da probabilidade da primeira classe."""
    confident = np.asarray(confident, float)
    return np.stack([confident, 1 - confident], axis=1)


def test_accuracy_has_both_intervals():
    truth = np.array([0] * 73 + [1] * 2)
    table = evaluation.accuracy(truth, two([0.9] * 75), np.arange(75))
    assert (table.images, table.patients, table.right) == (75, 75, 73)
    expected = evaluation.wilson(73, 75)
    assert (table.accuracy, table.wilson_low, table.wilson_high) == expected
    # com um filme por paciente os dois são um só; com dois, sabe-se menos
    assert (table.patients_low, table.patients_high) == pytest.approx(expected[1:])
    pairs = evaluation.accuracy(truth, two([0.9] * 75), (np.arange(75) + 1) // 2)
    assert pairs.patients_low < table.patients_low


def test_curves_by_hand():
    """Quatro imagens; a da classe com a nota 0,6 fica abaixo de uma que não é."""
    truth, said = np.array([0, 1, 0, 1]), two([0.9, 0.7, 0.6, 0.2])
    first, second = evaluation.one_vs_rest(truth, said)
    assert first.auc == second.auc == 0.75  # de quatro pares, três em ordem
    assert first.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert first.prevalence == 0.5
    assert (first.false_positive_rate[0], first.sensitivity[-1]) == (0, 1)
    assert (first.recall[0], first.precision[-1]) == (1, 1)


def test_the_best_and_the_worst_classifier():
    truth = np.array([0, 0, 1, 1, 1])
    best = evaluation.one_vs_rest(truth, two([1, 0.8, 0.3, 0.2, 0]))
    worst = evaluation.one_vs_rest(truth, two([0, 0.2, 0.7, 0.8, 1]))
    blind = evaluation.one_vs_rest(truth, two([0.5] * 5))
    assert [c.auc for c in best] == [1, 1] and [c.auc for c in worst] == [0, 0]
    assert [c.auc for c in blind] == [0.5, 0.5]
    assert [c.average_precision for c in blind] == pytest.approx([c.prevalence for c in blind])


def test_reliability_by_hand():
    truth, said = np.array([0, 0, 1, 0]), two([0.91, 0.99, 0.95, 0.3])
    table = evaluation.reliability(truth, said)
    np.testing.assert_allclose(table.low, [0.6, 0.9])
    assert table.images.tolist() == [1, 3]
    np.testing.assert_allclose(table.confidence, [0.7, 0.95])
    np.testing.assert_allclose(table.accuracy, [0, 2 / 3])
    error = evaluation.calibration_error(truth, said)
    assert error == pytest.approx((1 * 0.7 + 3 * abs(0.95 - 2 / 3)) / 4)


def test_certainty_of_one_falls_in_the_last_bin():
    table = evaluation.reliability(np.array([0, 1]), two([1, 0]))
    assert table.high.tolist() == [1.0] and table.accuracy.tolist() == [1.0]


def test_the_noise_is_what_a_calibrated_network_measures():
    _, said = sampled(60, 1)
    random = np.random.default_rng(1)
    draws = [np.array([random.choice(3, p=p) for p in said]) for _ in range(300)]
    measured = np.mean([evaluation.calibration_error(truth, said) for truth in draws])
    noise = evaluation.calibration_noise(said)
    assert noise.mean == pytest.approx(measured, rel=0.05)
    assert 0 < noise.low < noise.mean < noise.high


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_the_temperature_is_found(temperature):
    truth, said = sampled(4000, temperature)
    found = evaluation.fit_temperature(truth, said, np.arange(4000))
    assert found == pytest.approx(temperature, rel=0.1)


class Logits(ClassifierMixin, BaseEstimator):
    """As nossas probabilidades com a cara que o scikit-learn espera de um classificador."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


def test_tempered_probabilities_agree_with_scikit_learn():
    truth, said = sampled(5000, 2.5)
    logits = np.log(said)
    peer = CalibratedClassifierCV(
        FrozenEstimator(Logits().fit(logits, truth)), method="temperature"
    )
    theirs = peer.fit(logits, truth).predict_proba(logits)
    ours = evaluation.temper(said, evaluation.fit_temperature(truth, said, np.arange(5000)))
    np.testing.assert_allclose(ours, theirs, atol=5e-3)


def test_tempering_changes_certainty_and_not_choice():
    _, said = sampled(200, 2)
    np.testing.assert_allclose(evaluation.temper(said, 1), said, atol=1e-12)
    softer = evaluation.temper(said, 4)
    assert (softer.argmax(axis=1) == said.argmax(axis=1)).all()
    assert (softer.max(axis=1) < said.max(axis=1)).all()
    twice = evaluation.temper(evaluation.temper(said, 2), 3)
    np.testing.assert_allclose(twice, evaluation.temper(said, 6), atol=1e-12)


def test_a_small_validation_all_right_does_not_ask_for_certainty():
    """Vinte imagens certas com 90 %: a perda é 20·log(1 + 9^(−1/T)) + (log T)²/2, mínima à mão."""
    said = two([0.9] * 20)
    found = evaluation.fit_temperature(np.zeros(20, int), said, np.arange(20))
    each = np.geomspace(0.05, 20, 200001)
    loss = 20 * np.log1p(9 ** (-1 / each)) + np.log(each) ** 2 / 2
    assert found == pytest.approx(each[loss.argmin()], rel=1e-3)
    assert 0.3 < found < 1


def test_an_uninformative_validation_leaves_the_network_as_it_is():
    """Meio a meio dito e meio a meio visto: nada pede outra temperatura."""
    assert evaluation.fit_temperature(
        np.array([0, 1]), two([0.5, 0.5]), np.arange(2)
    ) == pytest.approx(1, abs=1e-3)


def test_the_films_of_a_patient_weigh_as_one():
    truth, said = sampled(60, 3)
    once = evaluation.fit_temperature(truth, said, np.arange(60))
    many = np.repeat(np.arange(60), np.where(np.arange(60) < 10, 20, 1))
    assert evaluation.fit_temperature(truth[many], said[many], many) == pytest.approx(once)
    assert evaluation.fit_temperature(
        truth[many], said[many], np.arange(len(many))
    ) != pytest.approx(once, rel=0.01)


def test_the_temperature_asks_for_a_patient_an_image():
    with pytest.raises(InputError, match="1 imagens e 2 pacientes"):
        evaluation.fit_temperature(np.zeros(1, int), two([0.9]), np.arange(2))


def test_the_losses_agree_with_scikit_learn():
    truth, said = sampled(50, 2)
    found = evaluation.losses(truth, said).mean()
    assert found.nll == pytest.approx(log_loss(truth, said))
    assert found.brier == pytest.approx(brier_score_loss(truth, said, scale_by_half=False))
    whole = evaluation.calibration(truth, said)
    assert whole[["nll", "brier"]].tolist() == pytest.approx(found.tolist())
    assert whole.ece == evaluation.calibration_error(truth, said)
    assert whole.noise_high == evaluation.calibration_noise(said).high


def test_each_bin_has_the_band_of_the_binomial():
    """Cem imagens a 80 %: uma rede exata acerta, em 95 % das vezes, o que diz a binomial."""
    table = evaluation.reliability(np.zeros(100, int), two([0.8] * 100))
    low, high = binom.ppf([0.025, 0.975], 100, 0.8) / 100
    assert table.noise_low[0] == pytest.approx(low, abs=0.011)
    assert table.noise_high[0] == pytest.approx(high, abs=0.011)


@pytest.mark.parametrize(
    ("truth", "said", "word"),
    [
        ([0, 1], [[1, 0]], "uma linha"),
        ([], np.zeros((0, 2)), "ao menos uma imagem"),
        ([0], [[0.5, 0.2]], "somar 1"),
        ([2], [[0.5, 0.5]], "de 0 a 1"),
    ],
)
def test_refusals(truth, said, word):
    with pytest.raises(InputError, match=word):
        evaluation.reliability(np.array(truth, int), np.array(said))


def test_a_class_without_images_has_no_curve():
    with pytest.raises(InputError, match=r"\[2, 0\]"):
        evaluation.one_vs_rest(np.array([0, 0]), two([0.9, 0.8]))


@pytest.mark.parametrize("temperature", [0, -1, np.nan])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(InputError, match="deve ser positiva"):
        evaluation.temper(two([0.9]), temperature)
