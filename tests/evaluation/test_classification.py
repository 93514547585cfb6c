"""Curvas, calibração e temperatura contra contas à mão, identidades e o scikit-learn."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

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
    grouped = evaluation.bootstrap(np.array([1.0] * 73 + [0, 0]), np.arange(75))
    assert (table.patients_low, table.patients_high) == grouped[1:]


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
    assert evaluation.fit_temperature(truth, said) == pytest.approx(temperature, rel=0.1)


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
    ours = evaluation.temper(said, evaluation.fit_temperature(truth, said))
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
    said = two([0.9] * 20)
    temperature = evaluation.fit_temperature(np.zeros(20, int), said)
    assert evaluation.temper(said, temperature)[0, 0] == pytest.approx(21 / 22, abs=1e-3)


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
