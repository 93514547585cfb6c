"""Várias camadas juntas, vistas e a primeira componente; opções que os métodos declaram."""

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import METHODS, activation_methods, explain
from covidcam.cam.options import Count
from covidcam.cam.views import VIEWS, View, moved
from covidcam.errors import InputError, ModelError

layers = keras.layers
TWO = ["conv", "post_relu"]
JOINS = {"mean": np.mean, "max": np.max, "product": np.prod}


@pytest.mark.parametrize("join", JOINS)
def test_layers_are_joined_pixel_by_pixel(join):
    model, batch = nets.residual(), nets.images()
    names = ["layer-cam", "grad-cam", "score-cam", "guided-grad-cam"]
    apart = [explain(model, batch, names, target=1, layer=layer) for layer in TWO]
    for name, found in explain(model, batch, names, target=1, layer=TWO, join=join).items():
        joined = JOINS[join]([maps[name].values for maps in apart], axis=0)
        np.testing.assert_allclose(found.raw, joined, rtol=1e-5, atol=1e-6)
        top = joined.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(found.values, joined / np.where(top > 0, top, 1), atol=1e-5)
        assert found.layer == "conv + post_relu"


def test_a_list_of_one_layer_is_the_layer():
    model, batch = nets.residual(), nets.images()
    found, expected = (explain(model, batch, layer=layer) for layer in (["conv"], "conv"))
    np.testing.assert_array_equal(found.raw, expected.raw)


class Counter(layers.Layer):
    """Não altera nada; conta em um peso quantas vezes corre."""

    def build(self, shape):
        self.runs = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.runs.assign_add(1)
        return x


def test_many_layers_need_one_pass():
    entry, x = nets.trunk()
    x = layers.Conv2D(4, 3, name="last")(Counter(name="counter")(x))
    model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    counter = model.get_layer("counter").runs
    others = {"cam", "relevance-cam", "recipro-cam"}  # recusam a rede, ou correm mais vezes
    names = [name for name in activation_methods() if name not in others]
    explain(model, nets.images(), names, layer=["conv", "last"])
    before = float(counter)
    explain(model, nets.images(), names, layer=["conv", "last"])
    # uma ida; a Ablation-CAM corre de novo o trecho depois de ``conv``, uma vez por canal
    assert float(counter) - before == 1 + 6


@pytest.mark.parametrize("layer", [[], ["conv", "convv"], ["conv", None], 3, ["conv", 3], {"conv"}])
def test_layers_that_do_not_exist(layer):
    with pytest.raises(InputError):
        explain(nets.residual(), nets.images(), layer=layer)


def test_cam_and_pixel_methods_in_a_list_of_layers():
    model, batch = nets.residual(), nets.images()
    with pytest.raises(InputError, match="'post_relu'"):
        explain(model, batch, "cam", layer=TWO)
    alone, listed = (explain(model, batch, "gradient", layer=layer) for layer in (None, TWO))
    np.testing.assert_array_equal(alone.raw, listed.raw)


@pytest.mark.parametrize("arguments", [{"join": "soma"}, {"smooth": "flips"}, {"join": None}])
def test_joins_and_smoothings_that_do_not_exist(arguments):
    with pytest.raises(InputError, match="aceitas"):
        explain(nets.pooled(), nets.images(), **arguments)


# --- vistas ----------------------------------------------------------------------------------


def test_moving_by_whole_pixels_and_by_half():
    values = np.arange(8, dtype="float32").reshape(1, 2, 4)
    np.testing.assert_array_equal(moved(values, 0, 1)[0, 0], [0, 0, 1, 2])
    np.testing.assert_array_equal(moved(values, 0, -1)[0, 0], [1, 2, 3, 3])
    np.testing.assert_array_equal(moved(values, 1, 0)[0], [[0, 1, 2, 3], [0, 1, 2, 3]])
    np.testing.assert_allclose(moved(values, 0, 0.5)[0, 0], [0, 0.5, 1.5, 2.5])


def test_a_view_and_its_way_back():
    images = nets.images(2, 16)
    view = View(1 / 8, -1 / 16, 1)
    back = view.back(view.of(images)[..., 0], (16, 16))
    np.testing.assert_array_equal(back[:, :-2, 1:], images[:, :-2, 1:, 0])
    half = images[:, ::2, ::2, 0]  # um mapa de metade do lado anda metade das células
    np.testing.assert_allclose(View(1 / 8, 0, 1).back(half, (16, 16))[:, :-1], half[:, 1:])


def test_views_average_what_each_view_gives():
    model, batch = nets.pooled(), nets.images(2, 12)
    found = explain(model, batch, ["grad-cam", "gradient"], smooth="views")
    target = found["grad-cam"].target
    for name, maps in found.items():
        each = [explain(model, batch, name, target=target).raw]
        for view in VIEWS:
            raw = explain(model, view.of(batch), name, target=target).raw
            each.append(view.back(raw, (12, 12)))
        np.testing.assert_allclose(maps.raw, np.mean(each, axis=0), rtol=1e-4, atol=1e-6)
        assert np.abs(maps.raw - each[0]).max() > 1e-4


def test_views_answer_the_question_of_the_whole_image():
    """Uma rede que só vê um canto muda de classe quando ele sai de vista; a pergunta não."""
    entry = keras.Input((32, 32, 1))
    x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(entry)
    x = layers.Cropping2D(((0, 31), (0, 31)))(x)
    dense = layers.Dense(2)
    model = keras.Model(entry, dense(layers.Flatten()(x)))
    dense.set_weights([np.array([[1.0, -1.0]]), np.array([0.0, 0.5])])
    image = np.zeros((1, 32, 32, 1), "float32")
    image[0, 0, 0] = 1
    found = explain(model, image, "gradient", smooth="views")
    assert found.target[0] == 0
    np.testing.assert_allclose(found.raw.sum(), 1, rtol=1e-5)  # seria menor com a classe trocada


# --- primeira componente ---------------------------------------------------------------------


def first_component(matrix):
    flat = matrix.reshape(-1, matrix.shape[-1])
    u, s, _ = np.linalg.svd(flat, full_matrices=False)
    return (s[0] * u[:, 0] * np.sign(u[:, 0] @ flat.sum(1))).reshape(matrix.shape[:2])


def test_first_component_of_what_each_channel_puts_in_the_map():
    model, batch = nets.flattened(), nets.images()
    activation = nets.activation_of(model, batch)
    kernel = model.get_layer("top").get_weights()[0][:, 1].reshape(6, 6, 6)
    put = {
        "hires-cam": activation * kernel,
        "grad-cam": activation * kernel.mean((0, 1)),
        "layer-cam": activation * np.maximum(kernel, 0),
        "ablation-cam": activation * (activation * kernel).sum((1, 2))[:, None, None],
    }
    found = explain(model, batch, list(put), target=1, smooth="first-component")
    for name, maps in found.items():
        expected = [first_component(one) for one in put[name]]
        np.testing.assert_allclose(maps.raw, expected, rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("name", ["eigen-cam", "eigen-grad-cam", "rise", "guided-grad-cam"])
def test_first_component_only_of_sums_of_channels(name):
    with pytest.raises(InputError, match=f"'{name}' não é"):
        explain(nets.flattened(), nets.images(), name, smooth="first-component")


# --- opções e grandezas ----------------------------------------------------------------------


def scaled(activation, gradient, *, power: Count = 1):
    return tf.reduce_sum(activation * gradient, -1) * power


def test_options_reach_the_methods_that_read_the_map(monkeypatch):
    monkeypatch.setitem(METHODS, "scaled", scaled)
    model, batch = nets.pooled(), nets.images()
    for power in (1, 5, 1):
        maps = explain(model, batch, ["hires-cam", "scaled"], target=1, power=power)
        expected = power * maps["hires-cam"].raw
        np.testing.assert_allclose(maps["scaled"].raw, expected, rtol=1e-6)
    for wrong in (0, 1.5, True, "x"):
        with pytest.raises(InputError, match="power de scaled"):
            explain(model, batch, "scaled", power=wrong)


def test_activation_methods_are_those_that_ask_for_no_probe(monkeypatch):
    monkeypatch.setitem(METHODS, "scaled", scaled)
    monkeypatch.setitem(METHODS, "outside", lambda probe, activation: activation)
    assert "scaled" in activation_methods()
    assert "outside" not in activation_methods()


def test_a_quantity_that_the_engine_does_not_know(monkeypatch):
    monkeypatch.setitem(METHODS, "wrong", lambda picture: picture)
    with pytest.raises(InputError, match=r"pede 'picture'.*activation, alone, curvature, drop"):
        explain(nets.pooled(), nets.images(), "wrong")


def test_curvature_is_the_second_derivative_along_the_activation(monkeypatch):
    monkeypatch.setitem(METHODS, "curved", lambda curvature: tf.reduce_sum(curvature, -1))
    model = nets.hidden(activation="softplus", dtype="float64", size=6, seed=2)
    batch = nets.images(1, size=6).astype("float64")
    tail = keras.Model(model.get_layer("conv").output, model.output)
    activation = tf.constant(nets.activation_of(model, batch), tf.float64)

    def slope(factor):
        with tf.GradientTape() as tape:
            tape.watch(place := factor * activation)
            y = tail(place)[:, 1]
        return tape.gradient(y, place).numpy()

    expected = (slope(1 + 1e-4) - slope(1 - 1e-4)).sum(-1) / 2e-4
    found = explain(model, batch, "curved", target=1, layer="conv").raw
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_curvature_of_a_logit_linear_in_the_map_is_zero(monkeypatch):
    monkeypatch.setitem(METHODS, "curved", lambda curvature: tf.reduce_sum(curvature, -1))
    np.testing.assert_array_equal(explain(nets.pooled(), nets.images(), "curved").raw, 0)


def test_guided_needs_every_rectifier_to_be_a_relu():
    for activation in ("silu", "gelu", "leaky_relu", "elu", "selu", "hard_silu", "mish"):
        with pytest.raises(ModelError, match="não é ReLU"):
            explain(nets.pooled(activation=activation), nets.images(1), "guided-grad-cam")
    entry, x = nets.trunk(activation=None)
    model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.PReLU()(x))))
    with pytest.raises(ModelError, match="não é ReLU"):
        explain(model, nets.images(1), "guided-grad-cam")
    entry, x = nets.trunk()  # uma porta de atenção não retifica
    gate = layers.Dense(6, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, gate]))
    assert explain(keras.Model(entry, layers.Dense(2)(x)), nets.images(1), "guided-grad-cam")
