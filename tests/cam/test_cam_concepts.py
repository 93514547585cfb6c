"""Os conceitos de um mapa, contra fatores que se conhecem e contra a própria rede."""

from types import SimpleNamespace

import cam_networks as nets
import keras
import numpy as np
import pytest

from covidcam.cam import concepts, explain
from covidcam.cam.heatmaps import upsample
from covidcam.errors import InputError, ModelError

layers = keras.layers
PLACES = ([(0, 0), (0, 1)], [(2, 2), (3, 3)])  # onde está cada padrão, em lugares separados
PATTERNS = np.array([[3.0, 0, 1, 0], [0, 2, 0, 2]])


def painted(flat=False):
    """Imagens de dois padrões de canais, e uma rede cujo mapa é a própria imagem."""
    batch = np.zeros((2, 4, 4, 4), "float32")
    for places, pattern in zip(PLACES, PATTERNS, strict=True):
        for place in places:
            batch[(slice(None), *place)] = pattern
    batch[1] *= 2
    entry = keras.Input((4, 4, 4))
    x = layers.Conv2D(4, 1, use_bias=False, activation="relu", name="conv")(entry)
    x = layers.Flatten()(x) if flat else layers.GlobalAveragePooling2D()(x)
    model = nets.randomize(keras.Model(entry, layers.Dense(3, "softmax", name="top")(x)), 4)
    model.get_layer("conv").set_weights([np.eye(4).reshape(1, 1, 4, 4)])
    return model, batch


@pytest.mark.parametrize("flat", [False, True])
def test_two_separate_patterns_are_found_and_each_speaks_for_its_class(flat):
    model, batch = painted(flat)
    found = concepts(model, batch, k=2)
    order = np.argsort(found.vectors[:, 1])  # o primeiro padrão não tem o canal 1
    unit = PATTERNS / np.linalg.norm(PATTERNS, axis=1, keepdims=True)
    np.testing.assert_allclose(found.vectors[order], unit, atol=1e-3)
    assert found.layer == "conv" and found.values.shape == (2, 2, 4, 4)
    kernel, _ = model.get_layer("top").get_weights()
    entry = keras.Model(model.input, model.get_layer("top").input)
    for j, places in zip(order, PLACES, strict=True):
        shown = np.zeros((4, 4), bool)
        shown[tuple(np.transpose(places))] = True
        np.testing.assert_allclose(found.raw[:, j] > 1e-2, np.stack([shown] * 2))
        alone = entry.predict(batch * shown[..., None], verbose=0) @ kernel
        np.testing.assert_allclose(found.logits[j], alone.mean(0), atol=5e-3)
        assert found.target[j] == alone.mean(0).argmax()


def test_the_parts_add_up_to_the_map_and_to_the_logits():
    model, batch = nets.pooled(), nets.images(4)
    found = concepts(model, batch, k=5, batch_size=3)
    activation = nets.activation_of(model, batch)
    rebuilt = np.einsum("njhw,jk->nhwk", found.raw, found.vectors)
    error = np.linalg.norm(rebuilt - activation) / np.linalg.norm(activation)
    assert error < 0.1 and found.raw.min() >= 0
    bias = model.get_layer("top").get_weights()[1]
    whole = model.predict(batch, verbose=0).mean(0) - bias
    np.testing.assert_allclose(found.logits.sum(0), whole, atol=0.1 * np.abs(whole).max())
    few = concepts(model, batch, k=1)
    less = np.einsum("njhw,jk->nhwk", few.raw, few.vectors)
    assert np.linalg.norm(less - activation) > np.linalg.norm(rebuilt - activation)


def test_same_seed_same_concepts():
    model, batch = nets.pooled(), nets.images(3)
    one, other = (concepts(model, batch, k=2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.raw, other.raw)


def test_concepts_refuse():
    model, batch = nets.pooled(), nets.images(2)
    for k in (0, 7, 2.0, True):
        with pytest.raises(InputError, match="k é"):
            concepts(model, batch, k=k)
    with pytest.raises(ModelError, match=r"'last'.*negativos"):
        concepts(nets.residual(), batch, k=2, layer="last")
    with pytest.raises(ModelError, match="contorna"):
        concepts(nets.residual(), batch, k=2, layer="branch")


def test_the_range_that_the_notes_declare_is_checked():
    model, batch = painted()
    model.covidcam = SimpleNamespace(range=(0, 255))
    with pytest.raises(InputError, match="de 0 a 255"):
        concepts(model, 300 * batch, k=2)
    model.covidcam = SimpleNamespace(range=(0, 10))
    concepts(model, batch, k=2)


def test_concepts_lie_where_the_cells_of_the_map_do():
    """Com passos que deslocam as células, ampliar sem o dizer as poria noutro lugar."""
    entry = keras.Input((32, 32, 1))
    x = entry
    for _ in range(3):
        x = layers.Conv2D(4, 3, 2, padding="same", activation="relu")(x)
    model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    batch = np.random.default_rng(0).random((1, 32, 32, 1), dtype="f4")
    found, place = concepts(model, batch, k=1), explain(model, batch).registration
    expected = upsample(found.raw[:, 0], (32, 32), registration=place)
    np.testing.assert_allclose(found.values[:, 0], expected / expected.max(), atol=1e-5)
    assert np.abs(upsample(found.raw[:, 0], (32, 32)) - expected).max() > 0.01 * expected.max()
