"""O passeio de quem chega: um método novo é uma função curta e uma linha em METHODS."""

import inspect

import cam_networks as nets
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from covidcam.cam import METHODS, activation_methods, explain
from covidcam.cam.options import Positive
from covidcam.errors import InputError
from covidcam.evaluation import scoreboard


def curvature_cam(activation, curvature):
    """Com segundas derivadas: Σₖ média(H A)ₖ Aₖ."""
    return tf.einsum("nhwk,nk->nhw", activation, tf.reduce_mean(curvature, (1, 2)))


def power_cam(activation, gradient, *, power: Positive = 1.0):
    """Com uma opção e a sua regra: Σₖ ReLU(Gₖ ⊙ Aₖ)ᵖ."""
    return tf.reduce_sum(tf.nn.relu(gradient * activation) ** power, -1)


def mean_cam(activation):
    """Que lê de cada camada pedida o seu mapa: a média dos canais."""
    return tf.reduce_mean(activation, -1)


NEW = {"curvature-cam": curvature_cam, "power-cam": power_cam, "mean-cam": mean_cam}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for name, function in NEW.items():
        monkeypatch.setitem(METHODS, name, function)
        assert len(inspect.getsource(function).splitlines()) <= 10


def test_a_method_with_second_derivatives():
    # y = Σ w A²: H A = 2 w A
    entry = keras.Input((4, 4, 1))
    x = nets.layers.Conv2D(3, 1, activation="relu", name="conv")(entry)
    y = nets.layers.Flatten()(keras.ops.square(x))
    y = nets.layers.Dense(2, use_bias=False, name="top")(y)
    model, batch = nets.randomize(keras.Model(entry, y), 1), nets.images(2, size=4)
    activation = nets.activation_of(model, batch)
    weight = model.get_layer("top").get_weights()[0][:, 1].reshape(4, 4, 3)
    expected = np.einsum("nhwk,nk->nhw", activation, (2 * weight * activation).mean((1, 2)))
    found = explain(model, batch, "curvature-cam", target=1, layer="conv")
    np.testing.assert_allclose(found.raw, expected, rtol=1e-4, atol=1e-5)


def test_a_method_with_an_option():
    model, batch = nets.flattened(), nets.images()
    one, two = (explain(model, batch, "power-cam", target=0, power=p).raw for p in (1.0, 2.0))
    product = nets.activation_of(model, batch)
    product = product * model.get_layer("top").get_weights()[0][:, 0].reshape(6, 6, 6)
    np.testing.assert_allclose(one, np.maximum(product, 0).sum(-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(two, (np.maximum(product, 0) ** 2).sum(-1), rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="power de power-cam"):
        explain(model, batch, "power-cam", power=-1.0)


@pytest.mark.parametrize(("join", "joined"), [("product", np.prod), ("mean", np.mean)])
def test_a_method_that_reads_two_layers(join, joined):
    model, batch = nets.residual(), nets.images(2)
    found = explain(model, batch, "mean-cam", layer=["conv", "post_relu"], join=join)
    each = []
    for name in ("conv", "post_relu"):
        one = nets.activation_of(model, batch, name).mean(-1, keepdims=True)
        grown = tf.image.resize(one, (12, 12)).numpy()[..., 0]
        each.append(grown / grown.max((1, 2), keepdims=True))
    expected = joined(each, axis=0)
    np.testing.assert_allclose(found.raw, expected, rtol=1e-4, atol=1e-5)


def test_they_are_among_the_others_and_on_the_scoreboard():
    assert set(NEW) <= set(activation_methods())
    model, batch = nets.pooled(channels=3), nets.images(4, channels=3)
    masks = np.zeros((4, 12, 12), bool)
    masks[:, 3:7, 3:7] = True
    names = ["grad-cam", *NEW]
    table = scoreboard(model, batch, masks, list("abcd"), names, metrics=("energy_inside",))
    assert isinstance(table, pd.DataFrame) and set(names) <= set(table["method"])
