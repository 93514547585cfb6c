"""Toda espécie de modelo: o mapa é o certo, ou a recusa é uma frase que diz por quê."""

import os
import subprocess
import sys
from functools import partial

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import METHODS, explain, stream
from covidcam.errors import InputError, ModelError

layers, ops = keras.layers, keras.ops
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def refused(model, batch, words, error=ModelError, **arguments):
    with pytest.raises(error, match=words) as caught:
        explain(model, batch, **arguments)
    assert "\n" not in str(caught.value)


def finished(function, classes=3, **options):
    """A rede de sempre, com ``function`` depois da densa ``top``."""
    entry, x = nets.trunk(**options)
    x = layers.Dense(classes, name="top")(layers.GlobalAveragePooling2D()(x))
    return nets.randomize(keras.Model(entry, function(x)))


def tape_grad_cam(model, batch, layer, target, logits):
    """O Grad-CAM de ``logits``, uma saída linear do modelo, por uma fita do TensorFlow."""
    (operation,) = (one for one in model.operations if one.name == layer)
    both = keras.Model(model.input, [operation.output, logits])
    with tf.GradientTape() as tape:
        activation, y = both(batch)
        gradient = tape.gradient(y[:, target], activation)
    return np.einsum("nhwk,nk->nhw", activation, tf.reduce_mean(gradient, (1, 2)))


# --- saídas --------------------------------------------------------------------------------


def test_outputs_that_share_a_head():
    entry = keras.Input((12, 12, 1))
    maps = [layers.Conv2D(4, size, activation="relu", name=f"conv{size}")(entry) for size in (3, 5)]
    head, pool = layers.Dense(3, name="head"), layers.GlobalAveragePooling2D()
    model = nets.randomize(keras.Model(entry, [head(pool(x)) for x in maps]))
    batch = nets.images()
    for position, expected in enumerate(model(batch)):
        found = explain(model, batch, output=position)
        np.testing.assert_allclose(found.logits, expected, **CLOSE)
        assert found.layer == ("conv3", "conv5")[position]
    refused(model, batch, "2 saídas têm o nome 'head'", InputError, output="head")
    for wrong in (2, -1, True, ["head"], 1.0):
        refused(model, batch, "não existe", InputError, output=wrong)


def test_outputs_of_a_dictionary_go_by_their_keys():
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(x)
    outputs = {"b": layers.Dense(2, name="one")(x), "a": layers.Dense(4, name="two")(x)}
    model, batch = nets.randomize(keras.Model(entry, outputs)), nets.images()
    for key, expected in model(batch).items():
        np.testing.assert_allclose(explain(model, batch, output=key).logits, expected, **CLOSE)
    refused(model, batch, "'a'.*'b'", InputError)


def test_an_output_of_one_position_is_a_vector_of_classes():
    entry = keras.Input((None, None, 1))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(entry)
    x = layers.Conv2D(3, 1, name="top")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    model = nets.randomize(keras.Model(entry, layers.Softmax()(x)))
    weights = model.get_layer("top").get_weights()[0][0, 0]
    for size in (12, 20):
        batch = nets.images(2, size)
        found = explain(model, batch, ["cam", "grad-cam", "ablation-cam", "occlusion"], target=1)
        activation = nets.activation_of(model, batch)
        np.testing.assert_allclose(found["cam"].raw, activation @ weights[:, 1], **CLOSE)
        drop = weights[:, 1] * activation.mean((1, 2))
        expected = np.einsum("nhwk,nk->nhw", activation, drop)
        np.testing.assert_allclose(found["ablation-cam"].raw, expected, **CLOSE)
        assert found["occlusion"].values.shape == batch.shape[:3]
    refused(keras.Model(entry, layers.Conv2D(2, 3)(entry)), nets.images(), "classes")


# --- o logit -------------------------------------------------------------------------------


class Compiled(layers.Layer):
    @tf.function
    def call(self, x):
        return tf.nn.softmax(x)


class CompiledWhole(layers.Layer):
    """A densa e a softmax, juntas em uma função compilada."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]))

    @tf.function
    def call(self, x):
        return tf.nn.softmax(x @ self.kernel)


LOOKED_THROUGH = {
    "reshape": lambda x: layers.Reshape((3,))(layers.Softmax()(x)),
    "flatten": lambda x: layers.Flatten()(layers.Softmax()(layers.Reshape((1, 1, 3))(x))),
    "lambda": lambda x: layers.Lambda(lambda t: t * 1.0)(layers.Softmax()(x)),
    "plus zero": lambda x: layers.Softmax()(x) + 0.0,
    "tf.function": lambda x: Compiled()(x),
    "log_softmax": layers.Activation("log_softmax"),
    "sigmoid": layers.Activation("sigmoid"),
    "cast": lambda x: ops.cast(ops.cast(ops.softmax(x), "float64"), "float32"),
    "dropout": lambda x: layers.Dropout(0.5)(ops.softmax(x)),
}


@pytest.mark.parametrize("kind", LOOKED_THROUGH)
def test_the_logit_is_read_wherever_the_activation_stands(kind):
    model, batch = finished(LOOKED_THROUGH[kind]), nets.images()
    logits = model.get_layer("top").output
    found = explain(model, batch, target=1)
    np.testing.assert_allclose(found.logits, keras.Model(model.input, logits)(batch), **CLOSE)
    np.testing.assert_allclose(found.scores, np.reshape(model(batch), (3, 3)), **CLOSE)
    np.testing.assert_allclose(
        found.raw, tape_grad_cam(model, batch, "conv", 1, logits), rtol=1e-4, atol=1e-6
    )


def test_the_logit_is_read_inside_a_compiled_layer():
    model, batch = finished(CompiledWhole(name="whole")), nets.images()
    inside = nets.activation_of(model, batch, "top") @ model.get_layer("whole").get_weights()[0]
    np.testing.assert_allclose(explain(model, batch).logits, inside, **CLOSE)
    assert not tf.config.functions_run_eagerly()


NOT_UNDONE = {
    "Tanh": layers.Activation("tanh"),
    "Exp": lambda x: ops.exp(x) / ops.sum(ops.exp(x), axis=1, keepdims=True),
    "Softmax": lambda x: 0.9 * ops.softmax(x) + 0.1 / 3,
    "Relu6": layers.Activation("hard_sigmoid"),
    "Softplus": layers.Activation("log_sigmoid"),
    "Minimum": lambda x: ops.clip(x, 0, 1),
    "Sigmoid": lambda x: ops.concatenate([1 - ops.sigmoid(x[:, :1]), ops.sigmoid(x[:, :1])], 1),
}


@pytest.mark.parametrize("operation", NOT_UNDONE)
def test_an_activation_that_cannot_be_undone(operation):
    refused(finished(NOT_UNDONE[operation]), nets.images(), f"não se desfaz .{operation}.")


def test_a_probability_whose_activation_is_not_seen():
    turned = lambda x: layers.Reshape((3,))(layers.Softmax(axis=1)(layers.Reshape((3, 1))(x)))  # noqa: E731
    refused(finished(turned), nets.images(), "soma 1")
    with pytest.warns(UserWarning, match="axis -1"):
        refused(finished(layers.Softmax(), 1), nets.images(), "vale sempre 1")


def test_labels_that_do_not_exclude_each_other():
    model, batch = finished(layers.Activation("sigmoid")), nets.images()
    found = explain(model, batch, "cam", target=2)
    weight = model.get_layer("top").get_weights()[0][:, 2]
    np.testing.assert_allclose(found.raw, nets.activation_of(model, batch) @ weight, **CLOSE)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-found.logits)), **CLOSE)


CLASSLESS = {"eigen-cam", "kpca-cam", "fem", "random-cam"}


def constant_logit():
    """Logits que as imagens não mudam: a densa só vê zeros, e o viés decide."""
    model = nets.pooled()
    kernel, _ = model.get_layer("top").get_weights()
    model.get_layer("top").set_weights([0 * kernel, np.array([0.1, 7.3, -2.7])])
    return model


@pytest.mark.parametrize("name", sorted(set(METHODS) - CLASSLESS))
def test_a_constant_logit_gives_a_flat_map(name):
    options = {"samples": 33} if name == "rise" else {}
    for target in (0, 1, 2):
        found = explain(constant_logit(), nets.images(2), name, target=target, **options)
        assert found.flat.all()
        np.testing.assert_array_equal(found.values, 0)


def test_logits_that_are_not_finite():
    model = nets.pooled()
    kernel, bias = model.get_layer("top").get_weights()
    for broken in (np.nan, np.inf):
        model.get_layer("top").set_weights([kernel, bias + np.array([0, broken, 0])])
        for name in ("eigen-cam", "occlusion", "grad-cam"):
            refused(model, nets.images(), "3 de 3 imagens", method=name, target=0)


# --- a ordem dos eixos ---------------------------------------------------------------------


def turned_pair():
    """A mesma rede com os canais por primeiro e por último."""
    models = []
    for order, shape, axis in (("channels_first", (1, 12, 14), 1), ("channels_last", None, 3)):
        entry = keras.Input(shape or (12, 14, 1))
        x = layers.Conv2D(5, 3, activation="relu", data_format=order)(entry)
        x = layers.BatchNormalization(axis=axis, name="norm")(x)
        x = layers.MaxPooling2D(data_format=order)(layers.ReLU(name="relu")(x))
        x = layers.Conv2D(4, 2, activation="relu", data_format=order, name="conv")(x)
        x = layers.GlobalAveragePooling2D(data_format=order)(x)
        models.append(keras.Model(entry, layers.Dense(3)(x)))
    nets.randomize(models[0]).get_layer("norm").moving_variance.assign(np.arange(1.0, 6.0))
    models[1].set_weights(models[0].get_weights())
    return models


def test_channels_first_gives_the_maps_of_channels_last():
    first, last = turned_pair()
    batch = np.random.default_rng(0).random((2, 12, 14, 1), dtype="f4")
    names = [name for name in METHODS if name not in ("rise", "relevance-cam")]
    with pytest.raises(ModelError, match="'relevance-cam' reparte o logit por camadas lineares"):
        explain(first, np.moveaxis(batch, -1, 1), "relevance-cam", layer="relu")
    options = {"target": 1, "samples": 4, "steps": 4, "window": 4}
    for layer in ("conv", "relu"):
        chosen = [name for name in names if name != "cam" or layer == "conv"]
        turned = explain(first, np.moveaxis(batch, -1, 1), chosen, layer=layer, **options)
        for name, expected in explain(last, batch, chosen, layer=layer, **options).items():
            assert turned[name].values.shape == (2, 12, 14)
            np.testing.assert_allclose(
                turned[name].raw, expected.raw, rtol=1e-3, atol=1e-4, err_msg=name
            )


def test_channels_first_in_the_middle_of_the_network():
    entry = keras.Input((12, 14, 1))
    x = layers.Permute((3, 1, 2))(entry)
    options = {"data_format": "channels_first"}
    x = layers.Conv2D(9, 3, padding="same", activation="relu", name="conv", **options)(x)
    x = layers.GlobalAveragePooling2D(**options)(x)
    model = nets.randomize(keras.Model(entry, layers.Dense(3, name="top")(x)))
    batch = np.random.default_rng(0).random((2, 12, 14, 1), dtype="f4")
    activation = np.moveaxis(nets.activation_of(model, batch), 1, -1)
    weight = model.get_layer("top").get_weights()[0][:, 1]
    found = explain(model, batch, ["cam", "ablation-cam"], target=1)
    np.testing.assert_allclose(found["cam"].raw, activation @ weight, **CLOSE)
    drop = np.einsum("nhwk,nk->nhw", activation, weight * activation.mean((1, 2)))
    np.testing.assert_allclose(found["ablation-cam"].raw, drop, **CLOSE)


WITHOUT_ONEDNN = """
import keras, numpy
from keras import layers
from covidcam.cam import concepts, explain
from covidcam.errors import ModelError
from covidcam.models import predict
first = {"data_format": "channels_first"}
for kind in (layers.Conv2D, layers.Conv2DTranspose):
    entry = keras.Input((2, 12, 14))
    x = layers.GlobalAveragePooling2D(**first)(kind(4, 3, activation="relu", **first)(entry))
    model = keras.Model(entry, layers.Dense(3)(x))
    for ask in (explain, concepts, predict):
        try:
            ask(model, numpy.ones((2, 2, 12, 14), "float32"))
        except ModelError as error:
            print(error)
"""


def test_channels_first_without_onednn_is_refused_in_one_sentence():
    run = [sys.executable, "-c", WITHOUT_ONEDNN]
    said = subprocess.run(
        run, env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0"}, capture_output=True, text=True
    )
    sentence = "o modelo tem camadas com data_format='channels_first', que o TensorFlow não executa"
    lines = said.stdout.splitlines()
    assert len(lines) == 6, said.stderr
    assert all(line.startswith(sentence) and "TF_ENABLE_ONEDNN_OPTS=1" in line for line in lines)


class Turning(layers.Layer):
    """Uma camada que, por dentro, põe os canais por primeiro."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(4, 3, data_format="channels_first")

    def call(self, x):
        return self.conv(ops.transpose(x, (0, 3, 1, 2)))


def test_channels_first_inside_a_layer_is_not_guessed():
    entry = keras.Input((12, 12, 1))
    x = Turning(name="turning")(layers.Conv2D(3, 3, name="conv")(entry))
    x = layers.Dense(3)(layers.GlobalAveragePooling2D(data_format="channels_first")(x))
    model = keras.Model(entry, x)
    refused(model, nets.images(), "escolha um com layer=")
    assert explain(model, nets.images(), layer="conv").raw.shape == (3, 10, 10)
    refused(model, nets.images(), "'turning'", InputError, layer="turning")


# --- camadas que não são o que parecem -----------------------------------------------------


class Cosine(layers.Dense):
    def call(self, x):
        return 10 * ops.matmul(ops.normalize(x, -1), ops.normalize(self.kernel, 0))


def test_a_dense_that_does_something_else():
    entry, x = nets.trunk()
    x = Cosine(3)(layers.GlobalAveragePooling2D()(x))
    model, batch = nets.randomize(keras.Model(entry, x)), nets.images()
    activation = nets.activation_of(model, batch)
    head = keras.Model(model.get_layer("conv").output, model.output)
    whole = head(activation).numpy()[:, 1]
    left = [head(activation * (np.arange(6) != k)).numpy()[:, 1] for k in range(6)]
    expected = np.einsum("nhwk,kn->nhw", activation, whole - np.array(left))
    found = explain(model, batch, "ablation-cam", target=1)
    np.testing.assert_allclose(found.raw, expected, rtol=1e-3, atol=1e-4)
    refused(model, batch, "'cosine.*Cosine", method="cam")


@pytest.mark.parametrize("kind", ["tanh", "relu", "softmax", "after"])
def test_cam_is_refused_where_an_activation_bends_the_sum(kind):
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(x)
    dense = layers.Dense(3)
    x = layers.ReLU()(dense(x)) if kind == "after" else dense(layers.Activation(kind)(x))
    refused(keras.Model(entry, x), nets.images(), "'cam' só é definido", method="cam")


@pytest.mark.parametrize(
    "activation", [layers.LeakyReLU(), partial(keras.activations.leaky_relu, negative_slope=0.1)]
)
def test_an_activation_without_a_name(activation):
    model, batch = finished(lambda x: layers.Dense(3, activation)(x)), nets.images()
    refused(model, batch, "'cam'", method="cam")
    assert explain(model, batch, ["ablation-cam", "grad-cam"])["ablation-cam"].raw.any()


class Doubled(keras.Sequential):
    def call(self, x, training=None):
        return super().call(x * 2.0 - 1.0, training=training)


def test_a_model_with_its_own_call_is_refused_and_as_a_layer_runs_as_it_is():
    stack = [keras.Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu", name="conv")]
    refused(Doubled([*stack, layers.GlobalAveragePooling2D()]), nets.images(), "só existe como")
    entry, inner = keras.Input((12, 12, 1)), Doubled(stack, name="inner")
    x = layers.Conv2D(5, 3, activation="relu", name="last")(inner(entry))
    x = layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
    model, batch = keras.Model(entry, x), nets.images()
    found = explain(model, batch)
    np.testing.assert_allclose(found.logits, model(batch), **CLOSE)
    assert found.layer == "last"
    assert explain(model, batch, layer="inner").raw.shape == (3, 10, 10)


# --- nomes ---------------------------------------------------------------------------------


def test_every_reported_name_finds_its_layer():
    entry, inner = keras.Input((12, 12, 1)), keras.Input((12, 12, 4))
    same = {"padding": "same", "activation": "relu"}
    block = keras.Model(inner, layers.Conv2D(4, 3, name="conv", **same)(inner), name="block")
    outer = keras.Model(inner, block(layers.Conv2D(4, 3, name="conv", **same)(inner)), name="outer")
    x = layers.Conv2D(4, 3, name="conv", **same)(entry)
    for _ in range(2):
        x = block(x)
    x = outer(x)
    model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    nets.randomize(model)
    batch = nets.images()
    names = ["/conv", "block/conv#1", "block/conv#2", "outer/conv", "outer/block/conv"]
    raws = []
    for name in names:
        found = explain(model, batch, "eigen-cam", layer=name)
        assert found.layer == name
        raws.append(found.raw)
    assert all(np.abs(a - b).max() > 0 for i, a in enumerate(raws) for b in raws[:i])
    assert explain(model, batch).layer == "outer/block/conv"
    refused(model, batch, "5 chamadas.*block/conv#2", InputError, layer="conv")
    refused(model, batch, "2 chamadas.*#1, block/conv#2", InputError, layer="block/conv")
    assert explain(model, batch, layer="outer").layer == "outer/block/conv"


# --- a camada padrão -----------------------------------------------------------------------


def with_block(block):
    entry = keras.Input((12, 12, 1))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="stem")(entry)
    x = layers.GlobalAveragePooling2D()(block(x))
    return keras.Model(entry, layers.Dense(3)(x))


def conv(name="c"):
    return layers.Conv2D(6, 3, padding="same", name=name)


def squeezed(x):
    gate = layers.Dense(6, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return layers.Multiply(name="gated")([x, gate])


class Block(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")

    def call(self, x):
        return self.conv(x)


PRACTITIONER = {
    "sum": lambda x: layers.Add(name="sum")([x, conv()(x)]),
    "out": lambda x: layers.ReLU(name="out")(layers.Add()([x, layers.Dropout(0.2)(conv()(x))])),
    "added": lambda x: layers.Add(name="added")(
        [x, layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(conv()(x))]
    ),
    "excited": lambda x: layers.Add(name="excited")([x, squeezed(conv()(x))]),
    "gated": lambda x: squeezed(conv()(x)),
    "spatial": lambda x: layers.Multiply(name="spatial")([x, layers.Conv2D(1, 1)(x)]),
    "block2": lambda x: Block(name="block2")(Block(name="block1")(x)),
    "transposed": lambda x: layers.Conv2DTranspose(8, 3, name="transposed")(x),
    "max": lambda x: layers.Maximum(name="max")([conv("a")(x), conv("b")(x)]),
    "mish": lambda x: layers.Lambda(lambda t: t * tf.tanh(tf.nn.softplus(t)), name="mish")(
        conv()(x)
    ),
    "c": lambda x: layers.ZeroPadding2D()(layers.MaxPooling2D()(layers.Dropout(0.5)(conv()(x)))),
    "norm": lambda x: layers.BatchNormalization(name="norm")(conv()(x)),
    "concat": lambda x: layers.Concatenate(name="concat")([conv("a")(x), conv("b")(x)]),
}


@pytest.mark.parametrize("name", PRACTITIONER)
def test_the_default_layer_closes_the_last_block(name):
    assert explain(with_block(PRACTITIONER[name]), nets.images()).layer == name


def test_the_default_layer_is_never_one_that_a_path_avoids():
    def apart(x):
        return layers.Concatenate()(
            [layers.GlobalAveragePooling2D()(conv(name)(x)) for name in ("a", "b")]
        )

    entry = keras.Input((12, 12, 1))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="stem")(entry)
    for start in (x, entry):
        model = keras.Model(entry, layers.Dense(3)(apart(start)))
        refused(model, nets.images(), "nenhum mapa.*Os que há: .*[ab], [ab]")
        assert explain(model, nets.images(), layer="a").raw.shape == (3, 12, 12)
    both = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    )
    assert explain(keras.Model(entry, layers.Dense(3)(both)), nets.images()).layer == "stem"


# --- transformadores -----------------------------------------------------------------------


class ClassToken(layers.Layer):
    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]))

    def call(self, x):
        return ops.concatenate([ops.repeat(self.token, ops.shape(x)[0], 0), x], axis=1)

    def compute_output_shape(self, shape):
        return shape[0], shape[1] + 1, shape[2]


def transformer(token):
    entry = keras.Input((12, 9, 1))
    x = layers.Conv2D(8, 3, strides=3, name="patches")(entry)
    x = layers.Reshape((12, 8))(x)
    x = ClassToken()(x) if token else x
    for k in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        y = layers.Dense(8, "gelu")(layers.LayerNormalization()(x))
        x = layers.Add(name=f"block{k}")([x, y])
    x = layers.LayerNormalization(name="norm")(x)
    x = x[:, 0] if token else layers.GlobalAveragePooling1D()(x)
    return nets.randomize(keras.Model(entry, layers.Dense(3, name="top")(x)))


@pytest.mark.parametrize("token", [True, False])
def test_tokens_are_put_back_on_their_grid(token):
    model = transformer(token)
    batch = np.random.default_rng(0).random((2, 12, 9, 1), dtype="f4")
    found = explain(model, batch, ["grad-cam", "hires-cam", "ablation-cam"], target=1)
    name = found["grad-cam"].layer
    # depois da última atenção, as outras fichas já não mudam a de classe
    assert name == ("block0" if token else "norm")
    tokens = model.get_layer(name).output
    tail = keras.Model(tokens, model.output)
    given = tf.constant(keras.Model(model.input, tokens)(batch))
    with tf.GradientTape() as tape:
        tape.watch(given)
        y = tail(given)[:, 1]
    places = slice(1 if token else 0, None)
    activation, gradient = given.numpy()[:, places], tape.gradient(y, given).numpy()[:, places]
    assert np.abs(gradient).max() > 1e-4
    expected = (activation * gradient).sum(-1).reshape(2, 4, 3)
    np.testing.assert_allclose(found["hires-cam"].raw, expected, rtol=1e-3, atol=1e-6)
    expected = np.einsum("ntk,nk->nt", activation, gradient.mean(1)).reshape(2, 4, 3)
    np.testing.assert_allclose(found["grad-cam"].raw, expected, rtol=1e-3, atol=1e-6)
    left = [tail(given * (np.arange(8) != k)).numpy()[:, 1] for k in range(8)]
    expected = np.einsum("ntk,kn->nt", activation, y.numpy() - np.array(left)).reshape(2, 4, 3)
    np.testing.assert_allclose(found["ablation-cam"].raw, expected, rtol=1e-2, atol=1e-4)


def test_a_class_token_behind_the_others_is_not_guessed():
    entry = keras.Input((12, 12, 1))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 3, strides=3, name="patches")(entry))
    x = layers.Concatenate(axis=1)([x, ops.mean(x, axis=1, keepdims=True)])
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
    model = keras.Model(entry, layers.Dense(3)(x[:, -1]))
    refused(model, nets.images(), "nenhum mapa.*patches")


# --- precisão e quantização ----------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 0.05, 0.0005])
def test_half_precision_does_not_lose_the_gradient(scale):
    entry = keras.Input((128, 128, 1))
    policy = {"dtype": "mixed_float16"}
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv", **policy)(entry)
    x = layers.GlobalAveragePooling2D(**policy)(x)
    model = nets.randomize(keras.Model(entry, layers.Dense(3, name="top", dtype="float32")(x)))
    kernel, bias = model.get_layer("top").get_weights()
    model.get_layer("top").set_weights([scale * kernel, bias])
    found = explain(model, nets.images(1, 128), ["grad-cam", "cam"], target=1)
    expected = found["cam"].raw / 128**2
    error = np.abs(found["grad-cam"].raw - expected).max() / np.abs(expected).max()
    assert error < 2e-3
    pixels = explain(model, nets.images(1, 128), "gradient", target=1)
    assert not pixels.flat.any()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_quantized_model_is_run_as_it_is(when):
    model, batch = nets.hidden(), nets.images()
    if when == "after":
        explain(model, batch, ["grad-cam", "ablation-cam"])
    model.quantize("int8")
    found = explain(model, batch, "ablation-cam", target=1)
    np.testing.assert_allclose(found.logits, model(batch), **CLOSE)
    activation = nets.activation_of(model, batch)
    head = keras.Model(model.get_layer("conv").output, model.output)
    whole = head(activation).numpy()[:, 1]
    left = [head(activation * (np.arange(6) != k)).numpy()[:, 1] for k in range(6)]
    expected = np.einsum("nhwk,kn->nhw", activation, whole - np.array(left))
    np.testing.assert_allclose(found.raw, expected, rtol=1e-3, atol=1e-4)
    pooled = nets.pooled()
    pooled.quantize("int8")
    refused(pooled, batch, "'cam' só é definido", method="cam")


# --- o resto -------------------------------------------------------------------------------


def test_arguments_of_another_kind():
    model, batch = nets.pooled(), nets.images()
    for method in (None, 3, METHODS["grad-cam"], [["grad-cam"]], [None]):
        refused(model, batch, "Os que existem", InputError, method=method)
    refused(model, batch, "samples", InputError, method="rise", samples=True)
    refused(model, None, "tipo object", InputError)
    with pytest.raises(InputError, match="NoneType"):
        list(stream(model, None))


def test_inside_a_compiled_function_nothing_is_explained():
    model = nets.pooled()
    compiled = tf.function(lambda x: explain(model, x).values, autograph=False)
    with pytest.raises(InputError, match=r"dentro de uma tf\.function"):
        compiled(tf.constant(nets.images()))


def test_a_sequential_that_does_not_fit_the_images():
    model = keras.Sequential([layers.Conv2D(2, 30), layers.Flatten(), layers.Dense(2)])
    refused(model, nets.images(), "não se constrói")
    model = keras.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
    assert explain(model, nets.images(2, 12)).values.shape == (2, 12, 12)
    refused(model, nets.images(2, 20), r"aceita \(N, 12, 12, 1\)", InputError)


def test_another_keras_backend(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    refused(nets.pooled(), nets.images(), "a Keras usa o torch; .*só o TensorFlow")


@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny"])
def test_small_networks_of_the_field(name):
    """O Grad-CAM de redes conhecidas, com pesos sorteados, contra uma fita do TensorFlow."""
    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    model = build(weights=None, classes=4, input_shape=(64, 64, 3), classifier_activation=None)
    batch = 255 * nets.images(2, 64, 3)
    found = explain(model, batch, target=1)
    expected = tape_grad_cam(model, batch, found.layer, 1, model.output)
    assert np.abs(found.raw - expected).max() <= 1e-4 * np.abs(expected).max()
