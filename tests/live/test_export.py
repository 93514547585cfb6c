"""O que se exporta, e o que se recusa pelo nome."""

import base64
import json
import zlib

import keras
import numpy as np
import pytest
from keras import layers, ops

from covidcam import live, models
from covidcam.errors import ModelError


def network(*middle, shape=(8, 8, 3)):
    """Uma rede de uma entrada, com as camadas dadas no meio."""
    x = images = keras.Input(shape)
    for layer in middle:
        x = layer(x)
    return keras.Model(images, x)


def test_normalization_and_activation_fold_into_the_convolution():
    model = network(
        layers.Conv2D(2, 3, padding="same", name="uma"), layers.BatchNormalization(), layers.ReLU()
    )
    convolution, normalization = model.layers[1:3]
    convolution.bias.assign([1.0, -1.0])
    normalization.gamma.assign([2.0, 4.0])
    normalization.beta.assign([0.5, 0.25])
    normalization.moving_mean.assign([3.0, 0.0])
    normalization.moving_variance.assign([4.0 - 1e-3, 16.0 - 1e-3])
    exported = live.export(model)
    assert [step["op"] for step in exported.steps] == ["input", "convolve"]
    step = exported.steps[1]
    assert step["relu"] == 1
    bias = exported.weights[step["bias"] : step["bias"] + 2]
    assert bias == pytest.approx([(1 - 3) * 1 + 0.5, (-1 - 0) * 1 + 0.25], abs=1e-3)
    kernel = exported.weights[step["kernel"] : step["kernel"] + 54].reshape(3, 3, 3, 2)
    assert kernel == pytest.approx(convolution.kernel.numpy() * (1.0, 1.0), rel=2e-3)


def test_a_separable_convolution_is_the_plain_one_it_stands_for():
    model = network(layers.SeparableConv2D(4, 3, padding="same"))
    step, weights = live.export(model).steps[1], live.export(model).weights
    kernel = weights[step["kernel"] : step["kernel"] + 108].reshape(3, 3, 3, 4).astype(np.float32)
    images = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    plain = ops.conv(images, kernel, padding="same")
    assert np.array(plain) == pytest.approx(np.array(model(images)), abs=1e-2)


def test_the_last_map_is_what_the_pooling_reads():
    exported = live.export(models.build("mini-resnet", ["a", "b"], input_shape=(40, 40, 3)))
    steps = exported.steps
    assert steps[exported.output]["op"] == "dense"
    assert steps[exported.activation]["op"] == "add" and steps[exported.activation]["relu"] == 1


REFUSED = {
    "desconhecida": (layers.Flatten(name="plana"), "A camada plana é Flatten"),
    "média por linha": (layers.AveragePooling2D((2, 1), name="meia"), "meia .* janela"),
    "borda": (layers.Conv2D(4, 3, name="sem_borda"), "sem_borda .* borda valid"),
    "dilatada": (layers.Conv2D(4, 3, padding="same", dilation_rate=2, name="d"), "d .*dilatada"),
    "ativação": (layers.Conv2D(4, 1, activation="gelu", name="suave"), "suave .* gelu"),
    "relu6": (layers.ReLU(6.0, name="seis"), r"seis .* max\(0, x\)"),
    "só ativação": (layers.ReLU(name="solta"), "solta .* depois de outra coisa"),
    "só normalização": (layers.BatchNormalization(name="bn"), "bn .* depois de outra coisa"),
    "suave": (layers.UpSampling2D(interpolation="bilinear", name="cresce"), "cresce .* bilinear"),
    "por canal": (layers.LayerNormalization(name="ln"), "ln .* por eixo"),
    "fatores": (layers.Rescaling([1.0, 2.0, 3.0], name="tres"), "tres .* por canal"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_engine_does_not_know_is_refused_by_name(name):
    layer, said = REFUSED[name]
    with pytest.raises(ModelError, match=said):
        live.export(network(layer))


def test_a_layer_read_twice_is_not_folded():
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 1, name="lida")(images)
    model = keras.Model(images, layers.Add()([x, layers.ReLU(name="dobra")(x)]))
    with pytest.raises(ModelError, match="dobra"):
        live.export(model)


def test_a_weight_that_does_not_fit_is_refused():
    model = network(layers.Conv2D(1, 1, name="grande"))
    model.layers[1].kernel.assign(np.full((1, 1, 3, 1), 1e5))
    with pytest.raises(ModelError, match="grande tem um peso de 1e"):
        live.export(model)


def test_a_network_of_any_size_or_of_two_answers_is_refused():
    with pytest.raises(ModelError, match="sem None"):
        live.export(network(layers.ReLU(), shape=(None, None, 3)))
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(1, 1)(images)
    with pytest.raises(ModelError, match="2 saídas"):
        live.export(keras.Model(images, [x, x]))


def test_biases_and_first_layers_come_with_what_half_precision_left_out():
    model = network(
        layers.Conv2D(8, 3, padding="same", name="primeira"),
        layers.Conv2D(64, 3, padding="same", name="segunda"),
    )
    first, second = model.layers[1:]
    second.bias.assign(np.full(64, 1 / 3))
    exported = live.export(model)
    kept = 8 + 64 + 3 * 3 * 3 * 8
    assert exported.rest.shape == (kept,)
    fine = exported.weights[:kept].astype(float) + exported.rest
    start = exported.steps[1]["kernel"]
    assert fine[start:] == pytest.approx(first.kernel.numpy().ravel(), rel=1e-6, abs=1e-7)
    start = exported.steps[2]["bias"]
    assert fine[start : start + 64] == pytest.approx(1 / 3, rel=1e-6)


def test_the_script_delivers_the_network_under_its_name():
    model = models.build("mini-vgg", ["a", "b"], input_shape=(40, 40, 3))
    text = live.network_script("rede", model, ("a", "b"))
    assert text.startswith('laboratory.receive("rede", {')
    described = json.loads(text.split(", ", 1)[1].removesuffix(");\n"))
    planes = np.frombuffer(zlib.decompress(base64.b64decode(described["weights"])), np.uint8)
    low, high = planes.reshape(2, -1).astype(np.uint16)
    assert ((high << 8 | low).view(np.float16) == live.export(model).weights).all()
    assert described["grid"]["x"]["count"] == 2
