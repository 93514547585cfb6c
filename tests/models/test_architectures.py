"""As redes: o que recusam, as formas de 2020, o que está congelado e o preparo da imagem."""

import random

import keras
import numpy as np
import pytest

from covidcam.datasets import SIDE
from covidcam.errors import InputError, ModelError
from covidcam.models import ARCHITECTURES, HEADS, INPUT_SHAPE, build, cut

TWO, THREE = ("NORMAL", "COVID-19"), ("COVID-19", "NORMAL", "OUTRAS")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "vgg-16"}, r"A rede 'vgg-16' não existe.*'mini-vgg', .*'vgg16'"),
        ({"head": "media"}, r"A cabeça 'media' não existe.*'pooled', '2020-modelo-1'"),
        ({"classes": ["só uma"]}, r"1 classe\(s\).*2 ou mais"),
        ({"classes": THREE, "head": "2020-modelo-1"}, r"3 classe\(s\).*exatamente 2"),
    ],
)
def test_refusals(arguments, said):
    with pytest.raises(InputError, match=said):
        build(**{"name": "mini-vgg", "classes": TWO, **arguments})


def test_a_folder_without_the_weights_is_named(tmp_path):
    (tmp_path / "outra.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match=rf"Em {tmp_path}.*vgg16_weights.*há: outra\.h5"):
        build("vgg16", TWO, tmp_path)
    with pytest.raises(ModelError, match="há: nada"):
        build("vgg16", TWO, tmp_path / "não-existe")


def shape(model, name):
    return model.get_layer(name).output.shape[1:]


def test_modelo_1_of_2020():
    model = build("vgg16", TWO, "random", "2020-modelo-1")
    assert model.input_shape == (None, 237, 237, 3) and model.output_shape == (None, 1)
    assert shape(model, "block5_conv3") == (14, 14, 512)
    assert shape(model, "block5_pool") == (7, 7, 512)
    assert shape(model, "pooling") == (1, 1, 512)  # 7 // 4
    learnt = [weight.shape for weight in model.trainable_weights]
    assert learnt == [(512, 64), (64,), (64, 1), (1,)]
    assert model.get_layer("dropout").rate == 0.2
    assert model.get_layer("probabilities").activation is keras.activations.sigmoid
    assert sum(np.prod(weight.shape) for weight in model.non_trainable_weights) == 14_714_688


def test_modelo_2_of_2020():
    model = build("vgg16", THREE, "random", "2020-modelo-2")
    assert model.output_shape == (None, 3)
    assert shape(model, "pooling") == (3, 3, 512)  # 7 // 2
    learnt = [weight.shape for weight in model.trainable_weights]
    assert learnt == [(3 * 3 * 512, 20), (20,), (20, 3), (3,)]
    assert model.get_layer("probabilities").activation is keras.activations.softmax


@pytest.mark.parametrize("head", ["pooled", "2020-modelo-2"])
def test_vgg16_sees_the_image_as_it_was_trained_or_as_in_2020(head):
    model = build("vgg16", THREE, "random", head, input_shape=(64, 64, 3))
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype("float32")
    alone = keras.applications.VGG16(include_top=False, weights=None, input_shape=(64, 64, 3))
    for layer in alone.layers[1:]:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    prepared = keras.applications.vgg16.preprocess_input(images.copy())
    if head != "pooled":
        prepared = images / 255
    features = keras.Model(model.input, model.get_layer("block5_pool").output)(images)
    np.testing.assert_allclose(features, alone(prepared), rtol=1e-4, atol=1e-5)


def test_mini_vgg_sees_the_normalized_mean_of_the_channels_at_half_side():
    model = build("mini-vgg", TWO, input_shape=(16, 16, 3))
    image = np.zeros((1, 16, 16, 3), np.uint8)
    image[0, :2, :2] = (255, 0, 0)  # um terço do branco
    image[0, 2:4, :2] = 255
    small = cut(model)[0](image).numpy()
    assert small.shape == (1, 8, 8, 1)
    expected = np.zeros((8, 8))
    expected[0, 0], expected[1, 0] = 1 / 3, 1
    expected = (expected - expected.mean()) / np.sqrt(expected.var() + 1e-3)  # o ε do Keras
    np.testing.assert_allclose(small[0, ..., 0], expected, atol=1e-5)


# Convoluções (área x entrada x saída), normalizações (4 por canal) e a camada densa, à mão.
STEM = 25 * 24 + 4 * 24
WIDTH = {"mini-vgg": 128, "mini-resnet": 96, "mini-xception": 96}
SHORTCUTS = 24 * 48 + 4 * 48 + 48 * 96 + 4 * 96
MINIS = {
    "mini-vgg": 9 * (24 * 32 + 32 * 64 + 64 * 64 + 64 * 128)
    + 128 * 128
    + 4 * (32 + 64 + 64 + 128 + 128),
    "mini-resnet": 9 * (24 * 48 + 48 * 48 + 48 * 96 + 96 * 96) + 8 * (48 + 96) + SHORTCUTS,
    "mini-xception": 9 * (24 + 48 + 48 + 96)
    + (24 * 48 + 48 * 48 + 48 * 96 + 96 * 96)
    + 8 * (48 + 96)
    + SHORTCUTS,
}


@pytest.mark.parametrize("name", MINIS)
def test_the_minis_have_the_weights_of_their_plan_and_end_in_maps_of_14(name):
    model = build(name, THREE)
    assert model.count_params() == STEM + MINIS[name] + 3 * WIDTH[name] + 3
    assert model.get_layer("pooling").input.shape == (None, 14, 14, WIDTH[name])


def test_the_residual_block_adds_its_input():
    model = build("mini-resnet", THREE, input_shape=(64, 64, 3))
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3))
    names = ["block3_shortcut_norm", "block3b_norm", "block3_relu"]
    outputs = [model.get_layer(name).output for name in names]
    shortcut, computed, after = keras.Model(model.input, outputs)(images)
    np.testing.assert_allclose(after, np.maximum(shortcut + computed, 0), rtol=1e-6)


def test_the_seed_decides_the_first_weights():
    first, again, other = (
        build("mini-vgg", TWO, input_shape=(16, 16, 3), seed=seed).get_weights()[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("name", "first", "frozen"),
    [
        ("mini-vgg", "block1_conv", 0),
        ("mini-resnet", "block1_conv", 0),
        ("mini-xception", "block1_conv", 0),
        ("vgg16", "hidden", 14_714_688),
    ],
)
def test_the_two_parts_make_the_whole(name, first, frozen):
    head = "pooled" if not ARCHITECTURES[name].frozen else "2020-modelo-2"
    model = build(name, THREE, "random", head, input_shape=(64, 64, 3))
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype("float32")
    one, two = cut(model)
    assert one.count_params() == frozen
    assert not one.trainable_weights
    assert two.layers[1].name == first
    np.testing.assert_allclose(two(one(images)), model(images), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet50v2", "xception"])
@pytest.mark.parametrize("head", ["pooled", "2020-modelo-2"])
def test_the_other_full_networks_see_the_scale_they_were_trained_on(name, head):
    """De −1 a 1, como o preparo do próprio Keras; ou de 0 a 1, como em 2020."""
    model = build(name, THREE, "random", head, input_shape=(96, 96, 3))
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype("float32")
    peer = {"resnet50v2": keras.applications.resnet_v2, "xception": keras.applications.xception}
    expected = peer[name].preprocess_input(images.copy()) if head == "pooled" else images / 255
    seen = keras.Model(model.input, model.get_layer("normalize").output)(images)
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} <= {
        "hidden",
        "probabilities",
    }


def test_a_frozen_network_does_not_change_while_it_trains():
    """As normalizações da ResNet ficam como estão, também no modo de treino."""
    frozen = cut(build("resnet50v2", THREE, "random", input_shape=(64, 64, 3)))[0]
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype("float32")
    np.testing.assert_allclose(frozen(images, training=True), frozen(images), atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_an_architecture_says_of_itself_is_true(name):
    architecture = ARCHITECTURES[name]
    model = build(name, THREE, "random", input_shape=(96, 96, 3))
    pooled = model.get_layer("pooling").output
    assert pooled.shape[-1] == architecture.channels
    learnt = {layer.name for layer in model.layers if layer.trainable_weights}
    assert (learnt == {"probabilities"}) == architecture.frozen
    for recipe in architecture.recipes.values():
        assert {"epochs", "learning_rate", "seed"} <= set(recipe)
        with pytest.raises(TypeError):
            recipe["epochs"] = 1
    assert {architecture.head("modelo-1"), architecture.head("modelo-2")} <= set(HEADS)
    other = ARCHITECTURES.get(architecture.miniature_of)
    assert other.frozen and other.published if other else architecture.frozen


def test_the_networks_take_the_arrays_as_they_are():
    assert INPUT_SHAPE == (SIDE, SIDE, 3)


def test_building_leaves_the_draws_of_the_caller_alone():
    random.seed(5), np.random.seed(5)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(5), np.random.seed(5)  # noqa: NPY002
    build("mini-vgg", THREE, input_shape=(32, 32, 3), seed=1)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
