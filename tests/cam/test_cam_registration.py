"""Onde está cada célula de um mapa: contas à mão, o centroide do que ela vê, e manchas achadas."""

import cam_networks as nets
import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import explain, stream
from covidcam.cam.heatmaps import upsample
from covidcam.cam.network import Network
from covidcam.cam.registration import Axis, Registration, locate

layers, ops = keras.layers, keras.ops


class Shrink(layers.Layer):
    """Metade do lado, de um modo que só o seu código conhece."""

    def call(self, x):
        return x[:, ::2, ::2]


class Mirror(layers.Layer):
    """Três linhas e colunas espelhadas de cada lado."""

    def call(self, x):
        return tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]], "REFLECT")


class Scale(layers.Layer):
    """Nada sai do lugar."""

    def call(self, x):
        return 2 * x


def graph(*stack, size=(8, 8), channels=1):
    entry = x = keras.Input((*size, channels))
    for layer in stack:
        x = layer(x)
    return keras.Model(entry, x)


def located(model, size=None):
    """Onde a aritmética põe a saída do modelo."""
    network, size = Network(model), size or model.input_shape[1:3]
    counts = model(np.zeros((1, *size, model.input_shape[-1]), "float32")).shape[1:3]
    return locate(network, network.output, size, counts)


def affine(registration):
    return [(axis.start, axis.step) for axis in registration[:2]]


def ones(kind, *arguments, **options):
    return kind(*arguments, kernel_initializer="ones", use_bias=False, **options)


CONV, DEPTHWISE, TRANSPOSED = layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose
# Camada, lado da imagem, e o que dá a conta à mão: (começo, passo) das linhas e das colunas.
BY_HAND = {
    "conv valid": (lambda: ones(CONV, 1, 3), (8, 8), (1, 1), (1, 1)),
    "conv same": (lambda: ones(CONV, 1, 3, padding="same"), (8, 8), (0, 1), (0, 1)),
    "conv same, passo 2, 8 e 9": (
        lambda: ones(CONV, 1, 3, strides=2, padding="same"),
        (8, 9),
        (1, 2),
        (0, 2),
    ),
    "conv same, janela par": (lambda: ones(CONV, 1, 4, padding="same"), (8, 8), (0.5, 1), (0.5, 1)),
    "conv 5 same, passo 2": (
        lambda: ones(CONV, 1, 5, strides=2, padding="same"),
        (8, 9),
        (1, 2),
        (0, 2),
    ),
    "conv 1, passo 2": (lambda: ones(CONV, 1, 1, strides=2), (8, 8), (0, 2), (0, 2)),
    "conv retangular": (lambda: ones(CONV, 1, (3, 1), strides=(1, 3)), (9, 9), (1, 1), (0, 3)),
    "dilatada": (lambda: ones(CONV, 1, 3, dilation_rate=2), (9, 9), (2, 1), (2, 1)),
    "por canal": (
        lambda: layers.DepthwiseConv2D(3, strides=2, depthwise_initializer="ones"),
        (9, 9),
        (1, 2),
        (1, 2),
    ),
    "média 2": (lambda: layers.AveragePooling2D(2), (8, 9), (0.5, 2), (0.5, 2)),
    "média 3, passo 2": (lambda: layers.AveragePooling2D(3, 2), (9, 9), (1, 2), (1, 2)),
    "adaptável": (lambda: layers.AdaptiveAveragePooling2D(4), (8, 12), (0.5, 2), (1, 3)),
    "transposta 3 same": (
        lambda: ones(TRANSPOSED, 1, 3, strides=2, padding="same"),
        (8, 8),
        (-0.5, 0.5),
        (-0.5, 0.5),
    ),
    "transposta 2 valid": (
        lambda: ones(TRANSPOSED, 1, 2, strides=2),
        (8, 8),
        (-0.25, 0.5),
        (-0.25, 0.5),
    ),
    "transposta 4 same": (
        lambda: ones(TRANSPOSED, 1, 4, strides=2, padding="same"),
        (8, 8),
        (-0.25, 0.5),
        (-0.25, 0.5),
    ),
    "repetida": (lambda: layers.UpSampling2D((2, 4)), (8, 8), (-0.25, 0.5), (-0.375, 0.25)),
    "borda": (lambda: layers.ZeroPadding2D(((1, 0), (2, 5))), (8, 8), (-1, 1), (-2, 1)),
    "corte": (lambda: layers.Cropping2D(((1, 2), (3, 0))), (8, 8), (1, 1), (3, 1)),
    "centro": (lambda: layers.CenterCrop(4, 5), (9, 8), (2, 1), (1, 1)),
    "centro de imagem menor": (
        lambda: layers.CenterCrop(16, 16),
        (8, 12),
        (-0.25, 0.5),
        (1.75, 0.5),
    ),
    "encolhida": (lambda: layers.Resizing(4, 4), (8, 9), (0.5, 2), (0.625, 2.25)),
    "encolhida e cortada": (
        lambda: layers.Resizing(4, 4, crop_to_aspect_ratio=True),
        (8, 16),
        (0.5, 2),
        (4.5, 2),
    ),
    "encolhida e completada": (
        lambda: layers.Resizing(4, 4, pad_to_aspect_ratio=True),
        (8, 16),
        (-2.5, 4),
        (1.5, 4),
    ),
    "encolhida por operação": (
        lambda: lambda x: ops.image.resize(x, (4, 4)),
        (8, 8),
        (0.5, 2),
        (0.5, 2),
    ),
    "fatia": (lambda: lambda x: x[:, 1:, 2:7:2], (8, 8), (1, 1), (2, 2)),
    "borda por operação": (
        lambda: lambda x: ops.pad(x, ((0, 0), (1, 2), (3, 0), (0, 0))),
        (8, 8),
        (-1, 1),
        (-3, 1),
    ),
    "rede dentro da rede": (
        lambda: keras.Sequential([layers.Cropping2D(1), layers.AveragePooling2D(2)]),
        (8, 8),
        (1.5, 2),
        (1.5, 2),
    ),
    "canais antes": (
        lambda: keras.Sequential(
            [
                layers.Permute((3, 1, 2)),
                layers.AveragePooling2D(2, data_format="channels_first"),
                layers.Permute((2, 3, 1)),
            ]
        ),
        (8, 12),
        (0.5, 2),
        (0.5, 2),
    ),
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_affine_by_hand(kind):
    make, size, *expected = BY_HAND[kind]
    found = located(graph(make(), size=size))
    np.testing.assert_allclose(affine(found), expected)
    assert not found.assumed and found.y.spread == found.x.spread == 0


@pytest.mark.parametrize("kind", BY_HAND)
def test_affine_is_the_centroid_of_what_a_cell_reads(kind):
    """Com pesos todos 1 as camadas são simétricas: longe da borda, o centroide é exato.

    Onde várias células repartem um pixel, a média delas.
    """
    make, size, *_ = BY_HAND[kind]
    model = graph(make(), size=size)
    found, image = located(model), tf.random.uniform((1, *size, 1), seed=0)
    middles = [(one.count // 2, max(1, round(1 / one.step))) for one in found[:2]]
    rows, columns = (slice(cell, cell + period) for cell, period in middles)
    with tf.GradientTape() as tape:
        tape.watch(image)
        values = model(image)[0, rows, columns, 0]
    seen = np.abs(tape.jacobian(values, image))[..., 0, :, :, 0]
    seen /= seen.sum((2, 3), keepdims=True)
    centroid = [(seen.sum(3 - a) @ np.arange(n)).mean() for a, n in enumerate(size)]
    expected = [
        one.centre(cell + (period - 1) / 2)
        for one, (cell, period) in zip(found[:2], middles, strict=True)
    ]
    np.testing.assert_allclose(centroid, expected, atol=1e-4)


def test_max_pooling_same():
    found = located(graph(layers.MaxPooling2D(3, 2, padding="same"), size=(8, 9)))
    assert affine(found) == [(1, 2), (0, 2)]


def test_layers_compose_and_sizes_follow_the_image():
    stack = [
        layers.ZeroPadding2D(((0, 1), (0, 1))),
        layers.Conv2D(4, 3, 2),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Conv2D(4, 3, 2, padding="same"),
    ]
    model = graph(*stack, size=(None, None))
    # 32 -> 33 -> 16 -> 8 -> 4: 1 + 2 (0,5 + 2 (1 + 2 j)); 30 -> 31 -> 15 -> 7 -> 4: ... (0 + 2 j)
    assert affine(located(model, (32, 30))) == [(6, 8), (2, 8)]


def shapes_of(name):
    application = getattr(keras.applications, name)
    return application(weights=None, include_top=False, input_shape=(224, 224, 3))


@pytest.mark.parametrize(
    "name, start", {"ResNet50": 0, "DenseNet121": 14, "MobileNetV2": 31}.items()
)
def test_known_architectures(name, start):
    found = located_by_shape(shapes_of(name))
    assert affine(found) == [(start, 32)] * 2 and not found.assumed


def located_by_shape(model):
    network = Network(model)
    return locate(network, network.output, model.input_shape[1:3], model.output_shape[1:3])


def test_paths_that_disagree_are_averaged_and_say_by_how_much():
    entry = keras.Input((8, 8, 2))
    short = layers.Conv2D(2, 1, 2)(entry)  # centro 0 + 2 j
    long = layers.MaxPooling2D(3, 2, padding="same")(entry)  # centro 1 + 2 j
    both = layers.Add()([short, long])  # 0,5 + 2 j, a 0,5 dos dois
    again = layers.Concatenate()([layers.Conv2D(2, 3, padding="same")(both), long])  # 0,75 + 2 j
    for x, start, spread in ((both, 0.5, 0.5), (again, 0.75, 0.75)):
        found = located(keras.Model(entry, x))
        assert affine(found) == [(start, 2)] * 2
        assert found.y.spread == spread and not found.assumed
    agreed = located(keras.Model(entry, layers.Add()([long, layers.ReLU()(long)])))
    assert affine(agreed) == [(1, 2)] * 2 and agreed.x.spread == 0


def test_gates_of_one_cell_move_nothing():
    entry = keras.Input((8, 8, 2))
    x = layers.MaxPooling2D(3, 2, padding="same")(entry)
    gate = layers.Dense(2, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    found = located(keras.Model(entry, layers.Multiply()([gate, x])))
    assert affine(found) == [(1, 2)] * 2 and found.x.spread == 0


def test_unknown_layers_are_said_and_tile_what_they_read():
    found = located(graph(Shrink(name="metade"), size=(16, 16)))
    assert found.assumed == ("metade",) and found.even((16, 16))
    cut = located(graph(layers.Cropping2D(((4, 0), (0, 8))), Shrink(name="metade"), size=(16, 16)))
    assert affine(cut) == [(4.5, 2), (0.5, 2)] and cut.assumed == ("metade",)
    border = located(graph(Mirror(name="espelho"), layers.Conv2D(1, 7), size=(16, 16)))
    assert affine(border) == [(0, 1)] * 2 and border.assumed == ("espelho",)
    still = located(graph(Scale(), layers.RandomFlip(), layers.LayerNormalization()))
    assert affine(still) == [(0, 1)] * 2 and not still.assumed


def test_tokens_put_back_on_their_grid():
    entry = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 8, 8)(layers.CenterCrop(24, 24)(entry))
    tokens = layers.LayerNormalization()(layers.Reshape((9, 6))(x))
    tokens = layers.Add()([tokens, layers.MultiHeadAttention(2, 3)(tokens, tokens)])
    found = located(keras.Model(entry, layers.Reshape((3, 3, 6))(tokens)))
    assert affine(found) == [(4 + 3.5, 8)] * 2 and not found.assumed


def residual_block(x, filters):
    y = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    return layers.ReLU()(layers.Add()([layers.Conv2D(filters, 1, 2)(x), y]))


def inverted_block(x, filters):
    y = layers.Conv2D(2 * filters, 1, activation="relu")(x)
    y = layers.DepthwiseConv2D(3, 2)(layers.ZeroPadding2D(((0, 1), (0, 1)))(y))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    y = layers.Multiply()([y, layers.Conv2D(2 * filters, 1, activation="sigmoid")(gate)])
    return layers.Conv2D(filters, 1)(y)


def dense_block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.AveragePooling2D(2)(layers.Concatenate()([x, y]))


def separable_block(x, filters):
    y = layers.SeparableConv2D(filters, 3, padding="same", activation="relu")(x)
    y = layers.MaxPooling2D(3, 2, padding="same")(y)
    return layers.Add()([y, layers.Conv2D(filters, 1, 2, padding="same")(x)])


def patches_block(x, filters):
    return layers.Conv2D(filters, 2, 2)(layers.LayerNormalization()(x))


@pytest.mark.parametrize("front", [None, layers.CenterCrop(64, 64), layers.Resizing(64, 64)])
@pytest.mark.parametrize(
    "block", [residual_block, inverted_block, dense_block, separable_block, patches_block]
)
def test_the_centroid_of_what_a_random_network_sees_is_near_the_affine(block, front):
    keras.utils.set_random_seed(0)
    entry = x = keras.Input((96, 96, 3))
    x = layers.Conv2D(8, 3, padding="same")(front(x) if front else x)
    for _ in range(3):
        x = block(x, 8)
    model = keras.Model(entry, x)
    found = located(model)
    cell, image = found.y.count // 2, tf.constant(nets.images(1, 96, 3))
    with tf.GradientTape() as tape:
        tape.watch(image)
        values = model(image)[0, cell, cell]
    seen = np.abs(tape.jacobian(values, image)).sum((0, 1, 4))
    centroid = [np.average(np.arange(96), weights=seen.sum(1 - axis)) for axis in (0, 1)]
    assert np.abs(np.subtract(centroid, [axis.centre(cell) for axis in found[:2]])).max() < 3


def axis(count, start, step, low=-np.inf, high=np.inf):
    return Axis(count, start, step, 0.0, low, high, 0.0)


def test_placing_is_linear_between_centres_and_still_beyond_them():
    maps = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    y, x = axis(4, 3.25, 6.0), axis(5, -2.0, 4.5)
    cells = [(np.arange(side) - one.start) / one.step for one, side in ((y, 30), (x, 21))]
    wide = [[np.interp(cells[1], np.arange(5), row) for row in one] for one in maps]
    expected = [[np.interp(cells[0], np.arange(4), c) for c in np.transpose(one)] for one in wide]
    found = upsample(maps, (30, 21), registration=Registration(y, x))
    np.testing.assert_allclose(found, np.transpose(expected, (0, 2, 1)), atol=1e-6)


def test_large_maps_are_placed_by_parts():
    maps = np.random.default_rng(0).random((2, 90, 100)).astype("float32")
    place = Registration(axis(90, 0.0, 2.0), axis(100, 0.0, 2.0))
    found = upsample(maps, (179, 199), registration=place)
    np.testing.assert_allclose(found[:, ::2, ::2], maps, atol=1e-6)
    middle = (maps[:, 1:] + maps[:, :-1]) / 2
    np.testing.assert_allclose(found[:, 1::2, ::2], middle, atol=1e-6)


@pytest.mark.parametrize("counts, size", [((7, 7), (224, 224)), ((5, 3), (12, 20))])
def test_an_even_map_is_placed_as_ever(counts, size):
    maps = np.random.default_rng(0).random((2, *counts)).astype("float32")
    sides = list(zip(size, counts, strict=True))
    even = Registration(*(axis(n, (side / n - 1) / 2, side / n) for side, n in sides))
    assert even.even(size)
    placed, plain = upsample(maps, size, registration=even), upsample(maps, size)
    np.testing.assert_array_equal(placed, plain)
    np.testing.assert_array_equal(plain[0], cv2.resize(maps[0], size[::-1]))
    # A mesma conta pelo outro caminho, com um desvio que não se vê.
    near = Registration(even.y._replace(start=even.y.start + 1e-5), even.x)
    np.testing.assert_allclose(upsample(maps, size, registration=near), plain, atol=1e-5)


def test_what_the_network_does_not_see_is_zero():
    maps = explain(pooled(layers.CenterCrop(32, 32), (64, 64)), nets.images(2, 64), target=0)
    seen = np.zeros((64, 64), bool)
    seen[16:48, 16:48] = True
    assert not maps.values[:, ~seen].any() and maps.values[:, seen].any()


def pooled(front, size):
    """Um mapa que é a própria imagem, depois de ``front``, e logits que crescem com ele."""
    x = ones(CONV, 1, 1, activation="relu")
    return graph(front, x, layers.GlobalAveragePooling2D(), ones(layers.Dense, 2), size=size)


FRONTS = {
    "CenterCrop": ((64, 64), lambda: layers.CenterCrop(32, 32)),
    "Cropping2D": ((64, 64), lambda: layers.Cropping2D(((20, 4), (0, 16)))),
    "ZeroPadding2D": ((64, 64), lambda: layers.ZeroPadding2D(((32, 0), (0, 7)))),
    "corte na proporção": ((64, 128), lambda: layers.Resizing(32, 32, crop_to_aspect_ratio=True)),
    "borda na proporção": ((64, 128), lambda: layers.Resizing(32, 32, pad_to_aspect_ratio=True)),
    "esticada": ((64, 128), lambda: layers.Resizing(32, 32)),
    "passos": (
        (64, 64),
        lambda: keras.Sequential(
            [ones(CONV, 1, 3, strides=2, padding="same", activation="relu") for _ in range(3)]
        ),
    ),
}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("method", ["grad-cam", "score-cam", "guided-grad-cam"])
def test_a_blob_at_a_known_place_is_hit(front, method):
    size, make = FRONTS[front]
    model, image = pooled(make(), size), np.zeros((1, *size, 1), "float32")
    image[0, 25:30, size[1] // 2 + 1 : size[1] // 2 + 6] = 1
    values = explain(model, image, method, target=1).values[0].astype(float)
    found = [np.average(np.arange(n), weights=values.sum(1 - a)) for a, n in enumerate(size)]
    np.testing.assert_allclose(found, (27, size[1] // 2 + 3), atol=1)


def shifted(activation="relu"):
    """Uma rede cujas células ficam a 3,5 pixels de onde as poria o ladrilho igual."""
    keras.utils.set_random_seed(3)
    stack = [layers.Conv2D(4, 3, 2, padding="same", activation=activation) for _ in range(3)]
    return graph(*stack, layers.GlobalAveragePooling2D(), layers.Dense(2), size=(32, 32))


def test_score_cam_masks_lie_where_the_map_does():
    model, image = shifted(), nets.images(1, 32)
    maps = explain(model, image, "score-cam", target=0)
    activation = keras.Model(model.input, model.layers[3].output)(image)[0].numpy()
    pixels, cells = np.arange(32), 7 + 8 * np.arange(4)
    logits = []
    for k in range(4):
        wide = np.array([np.interp(pixels, cells, row) for row in activation[..., k]])
        mask = np.array([np.interp(pixels, cells, column) for column in wide.T]).T
        mask = (mask - mask.min()) / np.ptp(mask)
        logits.append(model(image * mask[None, ..., None].astype("float32"))[0, 0])
    weights = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(maps.raw[0], activation @ weights, rtol=1e-4)
    assert affine(maps.registration) == [(7, 8)] * 2


def test_guided_grad_cam_multiplies_in_place():
    model, image = shifted(activation=None), nets.images(1, 32)  # sem ReLU, guiar nada altera
    maps = explain(model, image, ["guided-grad-cam", "grad-cam", "gradient"], target=0)
    heat = maps["grad-cam"].values * maps["grad-cam"].peak
    expected = heat * maps["gradient"].raw
    assert heat.any()
    np.testing.assert_allclose(maps["guided-grad-cam"].raw, expected, rtol=1e-4, atol=1e-7)


def test_every_heatmap_carries_its_place():
    model, images = shifted(), nets.images(5, 32)
    together = explain(model, images, ["grad-cam", "guided-grad-cam", "occlusion"], batch_size=2)
    assert affine(together["grad-cam"].registration) == [(7, 8)] * 2
    for name in ("guided-grad-cam", "occlusion"):
        assert affine(together[name].registration) == [(0, 1)] * 2
    (part, *_) = stream(model, images, batch_size=2)
    assert part.registration == together["grad-cam"].registration
    again = upsample(np.maximum(part.raw, 0), (32, 32), registration=part.registration)
    np.testing.assert_allclose(again, part.values * part.peak[:, None, None], rtol=1e-5, atol=1e-7)
