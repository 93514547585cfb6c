"""Cada método de gradiente contra a sua fórmula, com o gradiente por diferenças finitas.

Rede suave em precisão dupla; a derivada é numérica e a fórmula é a do artigo, escrita em NumPy.
"""

import cam_networks as nets
import keras
import numpy as np
import pytest

from covidcam.cam import explain

TARGET = 1
STEP = 1e-4


def differences(function, point):
    """∂function/∂point, por diferenças centrais, uma coordenada por vez."""
    count = point.size
    moves = STEP * np.eye(count).reshape(count, *point.shape)
    return ((function(point + moves) - function(point - moves)) / (2 * STEP)).reshape(point.shape)


@pytest.fixture(scope="module")
def smooth():
    """Rede suave, uma imagem, A e G numérico no mapa, e o logit como função da imagem."""
    model = nets.hidden(activation="softplus", dtype="float64", size=6, seed=2)
    batch = nets.images(1, size=6).astype("float64")
    middle = model.get_layer("conv").output
    tail = keras.Model(middle, model.output)
    activation = np.asarray(keras.Model(model.input, middle)(batch), "float64")[0]
    gradient = differences(lambda a: np.asarray(tail(a))[:, TARGET], activation)
    return model, batch, activation, gradient, lambda x: np.asarray(model(x))[:, TARGET]


def first_component(matrix):
    flat = matrix.reshape(-1, matrix.shape[-1])
    u, s, _ = np.linalg.svd(flat, full_matrices=False)
    return (s[0] * u[:, 0] * np.sign(u[:, 0] @ flat.sum(1))).reshape(matrix.shape[:2])


def plus_plus(a, g):
    alpha = g**2 / (2 * g**2 + a.sum((0, 1)) * g**3)
    return a @ (alpha * np.maximum(g, 0)).sum((0, 1))


PAPERS = {
    "grad-cam": lambda a, g: a @ g.mean((0, 1)),
    "grad-cam++": plus_plus,
    "xgrad-cam": lambda a, g: a @ (a / a.sum((0, 1)) * g).sum((0, 1)),
    "hires-cam": lambda a, g: (a * g).sum(-1),
    "layer-cam": lambda a, g: (a * np.maximum(g, 0)).sum(-1),
    "eigen-grad-cam": lambda a, g: first_component(a * g),
}


@pytest.mark.parametrize("name", PAPERS)
def test_map_method(smooth, name):
    model, batch, activation, gradient, _ = smooth
    raw = explain(model, batch, name, target=TARGET, layer="conv").raw[0]
    expected = PAPERS[name](activation, gradient)
    np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_gradient(smooth):
    model, batch, *_, logit = smooth
    raw = explain(model, batch, "gradient", target=TARGET).raw[0]
    np.testing.assert_allclose(raw, differences(logit, batch[0])[..., 0], rtol=1e-4, atol=1e-6)


def test_integrated_gradients(smooth):
    model, batch, *_, logit = smooth
    options = {"target": TARGET, "steps": 5, "reference": 0.2}
    raw = explain(model, batch, "integrated-gradients", **options).raw[0]
    path = batch[0] - 0.2
    slopes = [differences(logit, 0.2 + (k + 0.5) / 5 * path) for k in range(5)]
    np.testing.assert_allclose(raw, (path * np.mean(slopes, 0))[..., 0], rtol=1e-4, atol=1e-6)


def test_smooth_grad(smooth):
    model, batch, *_, logit = smooth
    raw = explain(model, batch, "smooth-grad", target=TARGET, samples=4, noise=0.3, seed=7).raw[0]
    random = np.random.Generator(np.random.PCG64(7))
    slopes = []
    for _ in range(2):
        noise = random.standard_normal((6, 6, 1), dtype=np.float32) * 0.3 * np.ptp(batch)
        slopes += [differences(logit, batch[0] + sign * noise) for sign in (1, -1)]
    np.testing.assert_allclose(raw, np.mean(slopes, 0)[..., 0], rtol=1e-4, atol=1e-6)


def test_guided_grad_cam_without_relu_is_gradient_times_grad_cam(smooth):
    model, batch, activation, gradient, logit = smooth
    raw = explain(model, batch, "guided-grad-cam", target=TARGET, layer="conv").raw[0]
    coarse = np.maximum(activation @ gradient.mean((0, 1)), 0)
    grow = np.zeros((6, 3))  # de 3 para 6, bilinear com centros de meio pixel
    for row, at in enumerate(np.clip((np.arange(6) + 0.5) / 2 - 0.5, 0, 2)):
        low = int(min(at, 1))
        grow[row, low : low + 2] = 1 - (at - low), at - low
    assert np.allclose(grow[1], [0.75, 0.25, 0])
    expected = (grow @ coarse @ grow.T) * differences(logit, batch[0])[..., 0]
    np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-6)
