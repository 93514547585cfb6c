"""O que se recusa, com que palavras, e o que não pode passar em silêncio.

Os testes ``test_peer_*`` são os casos em que outras bibliotecas calam, quebram ou enganam.
"""

import re
from types import SimpleNamespace

import cam_networks as nets
import keras
import numpy as np
import pytest

from covidcam.cam import METHODS, explain
from covidcam.errors import InputError, ModelError

layers = keras.layers


def refuses(model, batch, *words, error=InputError, **arguments):
    with pytest.raises(error) as caught:
        explain(model, batch, **arguments)
    for word in words:
        assert str(word) in str(caught.value)


# --- linha a linha, a tabela dos pares ------------------------------------------------------


def test_peer_wrong_layer_name():
    words = ("'convv'", "'conv'", "conv2d")
    for method in ("grad-cam", "cam", "gradient", ["rise", "score-cam"]):
        refuses(nets.pooled(), nets.images(), *words, layer="convv", method=method)


@pytest.mark.parametrize("layer", ["pool", "top"])
def test_peer_layer_without_space(layer):
    refuses(nets.pooled(), nets.images(), f"'{layer}'", "sem dimensões espaciais", layer=layer)


@pytest.mark.parametrize("layer", ["post_relu", "sum", "norm"])
def test_peer_layer_that_is_no_convolution_is_used_itself(layer):
    model, batch = nets.residual(), nets.images()
    maps = explain(model, batch, "eigen-cam", layer=layer)
    activation = nets.activation_of(model, batch, layer)[0].reshape(-1, 6)
    assert maps.layer == layer
    largest = np.linalg.svd(activation, compute_uv=False)[0]
    np.testing.assert_allclose(np.linalg.norm(maps.raw[0]), largest, rtol=1e-4)


@pytest.mark.parametrize("pixel", [np.nan, np.inf, -np.inf, 1e39])
def test_peer_pixel_that_is_not_finite(pixel):
    batch = nets.images(2).astype("float64")
    batch[1, 3, 3] = pixel
    refuses(nets.pooled(), batch, "1 de 2", "índice 1", "NaN ou infinitos")


@pytest.mark.parametrize("shape", [(2, 13, 12, 1), (2, 12, 12, 3), (2, 12, 12, 1, 1), (12,)])
def test_peer_wrong_shape(shape):
    refuses(nets.pooled(), np.zeros(shape, "float32"), shape, "(N, 12, 12, 1)")


def test_peer_missing_batch_axis():
    refuses(nets.pooled(), nets.images()[0], "(12, 12, 1)", "images[None]")


@pytest.mark.parametrize("target", [7, -1, [0, 1, 3], np.int64(3)])
def test_peer_class_out_of_range(target):
    wrong = np.ravel(target)[-1]
    refuses(nets.pooled(), nets.images(), f"a classe {wrong}", "de 0 a 2", target=target)


def test_peer_single_sigmoid_has_two_classes():
    model, batch = nets.pooled(classes=1, final="sigmoid"), nets.images()
    assert explain(model, batch, target=1).raw.any()
    refuses(model, batch, "a classe 2", "de 0 a 1", target=2)


def test_peer_dead_map_says_so():
    model = nets.pooled()
    conv = model.get_layer("conv")
    conv.set_weights([0 * w - 1 for w in conv.get_weights()])
    names = [name for name in METHODS if name not in {"rise", "occlusion"}]
    for name, maps in explain(model, nets.images(2), names).items():
        assert maps.flat.all(), name
        assert not maps.values.any() and np.isfinite(maps.raw).all()


def test_peer_uint8_images():
    batch = (255 * nets.images()).astype("uint8")
    maps = [explain(nets.pooled(), b).values for b in (batch, batch.astype("float32"))]
    np.testing.assert_array_equal(*maps)
    assert maps[0].max() == 1


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("called", [True, False])
def test_peer_sequential(declared, called):
    entry = [keras.Input((12, 12, 1))] if declared else []
    conv, dense = layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Dense(2)
    model = keras.Sequential([*entry, conv, layers.GlobalAveragePooling2D(), dense])
    batch = nets.images()
    if called:
        model(batch)
    maps = explain(model, batch, "cam", target=0)
    activation = keras.Model(model.inputs[0], conv.output)(batch).numpy()
    expected = activation @ dense.get_weights()[0][:, 0]
    assert maps.layer == "conv"
    np.testing.assert_allclose(maps.raw, expected, rtol=1e-4, atol=1e-6)


def nested(head=True):
    """Uma base funcional usada como camada: como um modelo da Keras com cabeça nova."""
    entry = keras.Input((12, 12, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="inner1")(entry)
    x = layers.Conv2D(6, 3, activation="relu", name="inner2")(x)
    base = keras.Model(entry, x, name="base")
    outer = keras.Input((12, 12, 1))
    x = layers.GlobalAveragePooling2D()(base(layers.Rescaling(2.0)(outer)))
    return nets.randomize(keras.Model(outer, layers.Dense(3, name="top")(x))), base


def test_peer_layer_inside_a_nested_model():
    model, base = nested()
    batch = nets.images()
    maps = explain(model, batch, "eigen-cam", layer="inner1")
    activation = np.asarray(keras.Model(base.input, base.get_layer("inner1").output)(2 * batch))
    largest = np.linalg.svd(activation[0].reshape(-1, 4), compute_uv=False)[0]
    np.testing.assert_allclose(np.linalg.norm(maps.raw[0]), largest, rtol=1e-4)
    assert maps.layer == "inner1" == explain(model, batch, layer="base/inner1").layer
    assert explain(model, batch, layer="inner1").raw.any()


def test_peer_nested_model_itself_as_layer():
    model, base = nested()
    batch = nets.images()
    maps = explain(model, batch, layer="base", target=0)
    expected = np.asarray(base(2 * batch)) @ model.get_layer("top").get_weights()[0][:, 0] / 64
    np.testing.assert_allclose(maps.raw, expected, rtol=1e-4, atol=1e-6)
    assert maps.layer == "inner2"


@pytest.mark.parametrize("name", ["grad-cam", "gradient", "occlusion", "ablation-cam"])
def test_peer_saturated_softmax(name):
    model = nets.pooled(final="softmax")
    kernel, bias = model.get_layer("top").get_weights()
    before = explain(model, nets.images(), name, target=1)
    model.get_layer("top").set_weights([kernel, bias + np.array([0, 60, 0])])
    after = explain(model, nets.images(), name, target=1)
    assert after.scores[:, 1].min() == 1
    np.testing.assert_allclose(before.values, after.values, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("target", [[0, 1], [0], [0, 1, 2, 0], [[0, 1, 2]]])
def test_peer_target_of_another_length(target):
    refuses(nets.pooled(), nets.images(), np.shape(target), "3 imagens", "(3,)", target=target)


def test_peer_a_failed_call_leaves_the_next_unharmed():
    model, batch = nets.residual(), nets.images()
    before = explain(model, batch, list(METHODS)[1:4])
    for bad in ({"layer": "no"}, {"target": 9}, {"method": "no"}, {"method": "rise", "noise": 1}):
        with pytest.raises(InputError):
            explain(model, batch, **bad)
    broken = nets.images()
    broken[0] = np.nan
    with pytest.raises(InputError):
        explain(model, broken)
    for name, maps in explain(model, batch, list(METHODS)[1:4]).items():
        np.testing.assert_array_equal(before[name].values, maps.values)


# --- as outras recusas ---------------------------------------------------------------------


def test_unknown_method_offers_the_nearest():
    refuses(nets.pooled(), nets.images(), "'gradcam'", "'grad-cam'", "rise", method="gradcam")
    refuses(nets.pooled(), nets.images(), "nenhum método", method=[])


def test_unknown_option_lists_the_accepted():
    refuses(nets.pooled(), nets.images(), "'sampels'", "samples", method="rise", sampels=3)
    refuses(nets.pooled(), nets.images(), "'samples'", "nenhuma", samples=3)


BAD_OPTIONS = [
    ("occlusion", "window", 0),
    ("occlusion", "stride", -1),
    ("occlusion", "reference", np.nan),
    ("rise", "samples", 2.5),
    ("rise", "grid", 0),
    ("rise", "probability", 0),
    ("rise", "seed", -1),
    ("smooth-grad", "seed", 0.5),
    ("integrated-gradients", "reference", None),
    ("integrated-gradients", "reference", np.inf),
    ("smooth-grad", "noise", -0.1),
    ("smooth-grad", "samples", 0),
    ("integrated-gradients", "steps", 0),
    ("score-cam", "channels", 0),
]


@pytest.mark.parametrize(("method", "option", "value"), BAD_OPTIONS)
def test_option_out_of_range(method, option, value):
    refuses(nets.pooled(), nets.images(), option, value, method=method, **{option: value})


@pytest.mark.parametrize("build", [nets.flattened, nets.hidden])
def test_cam_is_refused_where_it_is_not_defined(build):
    words = ("'cam'", "GlobalAveragePooling2D", "grad-cam")
    refuses(build(), nets.images(), *words, method="cam", error=ModelError)


def test_cam_is_refused_at_another_layer():
    refuses(nets.residual(), nets.images(), "'post_relu'", "'conv'", method=["cam"], layer="conv")


@pytest.mark.parametrize("target", [0.5, "COVID-19", [True, False, True]])
def test_target_that_is_no_integer(target):
    refuses(nets.pooled(), nets.images(), "target tem tipo", target=target)


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_batch_size_that_is_no_positive_integer(size):
    refuses(nets.pooled(), nets.images(), "batch_size", size, batch_size=size)


def test_images_that_are_no_numbers():
    refuses(nets.pooled(), [["a"]], "tipo")
    refuses(nets.pooled(), [np.zeros((12, 12, 1)), np.zeros((10, 12, 1))], "tamanhos diferentes")
    refuses(nets.pooled(), nets.images()[:0], "não há imagens")


RANGES = [
    ([0, 255], 1.0, "divididos pelo máximo"),
    ([0, 255], 900.0, "0 a 255"),
    ([0, 1], 255.0, "0 a 1"),
    ([-1, 1], 255.0, "-1 a 1"),
]


@pytest.mark.parametrize(("expected", "most", "word"), RANGES)
def test_pixel_range_that_contradicts_the_model(expected, most, word):
    model = nets.pooled()
    model.covidcam = SimpleNamespace(range=expected)
    batch = nets.images() / nets.images().max()
    refuses(model, most * batch, word, "os pixels vão de")
    explain(model, expected[1] * batch)
    explain(model, 0 * batch)


def test_not_a_model():
    refuses("model.keras", nets.images(), "str", "keras.Model", error=ModelError)
    refuses(SimpleNamespace(), nets.images(), "SimpleNamespace", error=ModelError)


def test_model_that_is_only_code():
    class Code(keras.Model):
        def call(self, x):
            return x

    refuses(Code(), nets.images(), "só existe como código", error=ModelError)


def test_several_inputs():
    entries = [keras.Input((12, 12, 1)) for _ in range(2)]
    x = layers.Dense(2)(layers.Flatten()(layers.Add()(entries)))
    refuses(keras.Model(entries, x), nets.images(), "as entradas", error=ModelError)


def test_several_outputs_ask_for_one():
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(x)
    outputs = [layers.Dense(2, name="first")(x), layers.Dense(4, name="second")(x)]
    model, batch = nets.randomize(keras.Model(entry, outputs)), nets.images()
    refuses(model, batch, "2 saídas", "first", "second")
    refuses(model, batch, "'third'", "first", output="third")
    for name, position in (("first", 0), ("second", 1)):
        expected = model.predict(batch, verbose=0)[position]
        for choice in (name, position):
            maps = explain(model, batch, "cam", target=1, output=choice)
            np.testing.assert_allclose(maps.scores, expected, rtol=1e-5)
            weight = model.get_layer(name).get_weights()[0][:, 1]
            np.testing.assert_allclose(
                maps.raw, nets.activation_of(model, batch) @ weight, rtol=1e-4, atol=1e-5
            )


def test_output_that_is_no_vector_of_classes():
    entry, x = nets.trunk()
    refuses(keras.Model(entry, x), nets.images(), "(N, classes)", error=ModelError)


def test_model_without_convolution():
    for name in ("grad-cam", "score-cam", "ablation-cam"):
        model = nets.pixelwise()
        refuses(model, nets.images(size=6), "não tem convolução", method=name, error=ModelError)


def test_gradient_that_is_nowhere():
    entry = keras.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, name="conv")(entry)
    x = keras.ops.cast(keras.ops.argmax(layers.Flatten()(x), axis=1, keepdims=True), "float32")
    model = keras.Model(entry, layers.Dense(2)(x))
    for name in ("grad-cam", "gradient"):
        words = ("não há gradiente",)
        refuses(model, nets.images(size=6), *words, method=name, error=ModelError)


def test_broken_weights_do_not_become_a_map():
    model = nets.pooled()
    kernel, bias = model.get_layer("top").get_weights()
    kernel[0, 0] = np.nan
    model.get_layer("top").set_weights([kernel, bias])
    refuses(model, nets.images(), "pesos", "finitos", target=0, error=ModelError)


def test_occlusion_window_larger_than_the_image():
    refuses(nets.pooled(), nets.images(), "window", "12", method="occlusion", window=13)


def test_layer_name_that_two_layers_share():
    entry = keras.Input((12, 12, 1))
    inner = keras.Input((12, 12, 4))
    block = keras.Model(
        inner, layers.Conv2D(4, 3, padding="same", name="conv")(inner), name="block"
    )
    x = block(layers.Conv2D(4, 3, padding="same", name="conv")(entry))
    model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    batch = nets.images()
    refuses(model, batch, "'conv'", "block/conv", layer="conv")
    assert explain(model, batch, layer="block/conv").layer == "block/conv"
    twice = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(block(x))))
    for layer in ("block", "block/conv"):
        refuses(twice, batch, "2 chamadas", layer=layer)


def test_messages_are_in_portuguese():
    model, batch = nets.pooled(), nets.images()
    bad = [{"method": "x"}, {"layer": "x"}, {"target": 9}, {"target": [0]}, {"batch_size": 0}]
    for arguments in bad:
        with pytest.raises(InputError) as caught:
            explain(model, batch, **arguments)
        assert re.search(r"aceit|existe", str(caught.value))
