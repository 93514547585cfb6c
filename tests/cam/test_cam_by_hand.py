"""Mapas calculados à mão, com os números no teste, e o que se faz com o mapa bruto."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import Heatmaps, explain
from covidcam.cam.heatmaps import rectify, upsample

# A é a própria imagem (uma convolução identidade); y = ΣW ⊙ A, logo G = W.
FIRST = np.array([[1, 2], [3, 4]])
SECOND = np.array([[0, 1], [1, 0]])
IMAGE = np.stack([FIRST, SECOND], axis=-1)[None].astype("float32")


def model_with(first, second):
    conv = keras.layers.Conv2D(2, 1, use_bias=False)
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Sequential([keras.Input((2, 2, 2)), conv, keras.layers.Flatten(), dense])
    conv.set_weights([np.eye(2).reshape(1, 1, 2, 2)])
    weight = np.stack([first, second], axis=-1).reshape(8, 1)
    dense.set_weights([np.hstack([weight, 0 * weight])])
    return model


def test_grad_cam_by_hand():
    # média de G: 4/4 = 1 e -4/4 = -1; mapa = A₁ - A₂
    model = model_with([[4, 0], [0, 0]], [[-2, -2], [0, 0]])
    maps = explain(model, IMAGE, "grad-cam", target=0)
    np.testing.assert_allclose(maps.raw[0], [[1, 1], [2, 4]], rtol=1e-6)
    np.testing.assert_allclose(maps.values[0], [[0.25, 0.25], [0.5, 1]], rtol=1e-6)
    np.testing.assert_allclose(maps.peak, [4], rtol=1e-6)
    np.testing.assert_allclose(maps.logits, [[4 - 2, 0]], rtol=1e-6)


def test_grad_cam_plus_plus_by_hand():
    # canal 1: G = 4 em um lugar, ΣA = 10, α = 16/(2·16 + 10·64) = 1/42, w = 4/42 = 2/21
    # canal 2: G = 1 em dois, ΣA = 2, α = 1/(2 + 2) = 1/4, w = 2/4 = 1/2
    model = model_with([[4, 0], [0, -3]], [[1, 1], [0, 0]])
    maps = explain(model, IMAGE, "grad-cam++", target=0)
    expected = [[2 / 21, 4 / 21 + 1 / 2], [6 / 21 + 1 / 2, 8 / 21]]
    np.testing.assert_allclose(maps.raw[0], expected, rtol=1e-6)
    np.testing.assert_allclose(maps.values[0], np.array(expected) / (33 / 42), rtol=1e-6)


def test_upsampling_has_half_pixel_centres():
    values, peak = rectify(np.array([[[0, 4]]], "float32"), (1, 4))
    np.testing.assert_allclose(values[0], [[0, 0.25, 0.75, 1]])
    assert peak[0] == 4


@pytest.mark.parametrize("size", [(9, 20), (5, 7), (3, 4)])
def test_upsampling_is_that_of_tensorflow(size):
    maps = np.random.default_rng(0).normal(size=(2, 5, 7)).astype("float32")
    expected = tf.image.resize(maps[..., None], size, antialias=False)[..., 0]
    np.testing.assert_allclose(upsample(maps, size), expected, atol=2e-6)


def test_rectifying_comes_before_upsampling():
    values, _ = rectify(np.array([[[-8, 4]]], "float32"), (1, 4))
    np.testing.assert_allclose(values[0], [[0, 0.25, 0.75, 1]])


def test_flat_where_nothing_is_positive():
    values, peak = rectify(np.array([[[-1, 0]], [[-1, 1e-30]]], "float32"), (3, 3))
    maps = Heatmaps(values, None, peak, None, None, None, "")
    np.testing.assert_array_equal(maps.flat, [True, False])
    np.testing.assert_array_equal(maps.values[0], 0)
    assert maps.values[1].max() == 1


@pytest.mark.parametrize("peaks", [[2.0, 4.0, 0.0], [0.0, 0.0, 0.0]])
def test_shared_maps_are_comparable(peaks):
    raw = np.array(peaks, "float32")[:, None, None] * np.array([[0.5, 1]], "float32")
    values, peak = rectify(raw, (1, 2))
    maps = Heatmaps(values, raw, peak, None, None, None, "")
    np.testing.assert_allclose(maps.shared(), raw / (max(peaks) or 1))
    assert len(maps) == 3
