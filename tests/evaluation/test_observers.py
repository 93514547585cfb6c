"""O observador linear contra o que a teoria diz dele: ruído branco, gaussianas, invariâncias."""

import numpy as np
import pytest
from scipy.stats import norm

from covidcam.errors import InputError
from covidcam.evaluation import hotelling, laguerre_gauss, separation

SIDE, CENTRE, WIDTH = 96, (47.0, 48.5), 18.0


def white(films, channels, deviation):
    """Respostas cuja covariância amostral é exatamente desvio² vezes a identidade."""
    drawn = np.random.default_rng(0).standard_normal((films, channels))
    basis, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    return deviation * np.sqrt(films - 1) * basis + 7.0


def test_in_white_noise_the_weights_are_the_signal():
    signal, deviation = np.array([3.0, -1.0, 0.5, 0.0]), 2.0
    weights = hotelling(white(50, 4, deviation), signal)
    np.testing.assert_allclose(weights, signal / deviation**2, atol=1e-12)
    assert weights @ signal == pytest.approx((signal**2).sum() / deviation**2)  # d′²


def test_the_area_is_what_the_detectability_promises():
    """Em gaussianas, a AUC do observador é Φ(d′/√2)."""
    rng, mix = np.random.default_rng(1), np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0, 2.0, 0.5]])
    learnt, absent, present = rng.standard_normal((3, 4000, 3)) @ mix.T
    signal = mix @ np.array([0.5, -0.7, 0.6])  # o d′ é o tamanho deste vetor
    weights = hotelling(learnt, signal)
    found = separation(absent @ weights, (present + signal) @ weights)
    assert found.mean == pytest.approx(norm.cdf(np.sqrt(1.1 / 2)), abs=0.015)


def test_what_the_scale_of_the_channels_cannot_change():
    rng = np.random.default_rng(2)
    absent, signal, mix = rng.standard_normal((30, 4)), rng.standard_normal(4), rng.random((4, 4))
    weights = hotelling(absent, signal)
    np.testing.assert_allclose(hotelling(absent + 100.0, signal), weights, rtol=1e-8)
    mixed = hotelling(absent @ mix.T, mix @ signal)  # outros canais, a mesma nota
    np.testing.assert_allclose(absent @ mix.T @ mixed, absent @ weights, rtol=1e-6)
    apart = (weights @ signal) ** 2 / (absent @ weights).var(ddof=1)
    for _ in range(20):
        other = weights + 0.3 * rng.standard_normal(4)
        assert (other @ signal) ** 2 / (absent @ other).var(ddof=1) < apart


def test_the_channels_are_orthonormal_and_the_first_is_a_gaussian():
    channels = laguerre_gauss((SIDE, SIDE), CENTRE, WIDTH, 6)
    products = np.einsum("aij,bij->ab", channels, channels)
    np.testing.assert_allclose(products, np.eye(6), atol=1e-6)
    row, column = 60, 20
    squared = (row - CENTRE[0]) ** 2 + (column - CENTRE[1]) ** 2
    gaussian = np.sqrt(2) / WIDTH * np.exp(-np.pi * squared / WIDTH**2)
    assert channels[0, row, column] == pytest.approx(gaussian)
    ring = 1 - 2 * np.pi * squared / WIDTH**2  # o primeiro polinômio de Laguerre
    assert channels[1, row, column] == pytest.approx(gaussian * ring)


def test_a_round_signal_loses_nothing_in_the_channels():
    """Ruído branco em pixels: o d′ dos canais é o de quem vê o filme inteiro."""
    channels = laguerre_gauss((SIDE, SIDE), CENTRE, WIDTH, 6)
    y, x = np.mgrid[:SIDE, :SIDE]
    shadow = np.exp(-((y - CENTRE[0]) ** 2 + (x - CENTRE[1]) ** 2) / 100)
    noise = 0.1
    responses = np.einsum("cij,ij->c", channels, shadow)
    weights = hotelling(white(60, 6, noise), responses)
    assert weights @ responses == pytest.approx((shadow**2).sum() / noise**2, rel=1e-3)


@pytest.mark.parametrize(
    ("absent", "signal", "said"),
    [
        (np.ones((5, 2)), np.ones(3), r"\(5, 2\) e o sinal, \(3,\)"),
        (np.ones(5), np.ones(5), "uma linha por filme"),
        (np.eye(5)[:, :2] * np.nan, np.ones(2), "não é finito"),
        (np.eye(3), np.ones(3), "3 filmes para 3 canais"),
        (np.ones((5, 1)) * np.arange(5)[:, None] * [1, 2], np.ones(2), "repete os outros"),
    ],
)
def test_bad_responses(absent, signal, said):
    with pytest.raises(InputError, match=said):
        hotelling(absent, signal)


@pytest.mark.parametrize(("width", "count"), [(0.0, 3), (-1.0, 3), (5.0, 0), (np.nan, 3)])
def test_bad_channels(width, count):
    with pytest.raises(InputError, match="maiores que zero"):
        laguerre_gauss((8, 8), (4, 4), width, count)
