"""Efeitos e concordância contra redes cuja conta se faz à mão."""

import keras
import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.evaluation import (
    Effects,
    agreement,
    bootstrap,
    concordance,
    contrast,
    densities,
    effects,
)

SIDE = 6


def network(weights):
    """Softmax de três logits: 0, w·x e 0,3 − w·x; os contrastes são lineares na imagem."""
    inputs = keras.Input((SIDE, SIDE, 1))
    layer = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(inputs, layer(keras.layers.Flatten()(inputs)))
    kernel = np.stack([0 * weights, weights, -weights], axis=1).astype(np.float32)
    layer.set_weights([kernel, np.array([0, 0, 0.3], np.float32)])
    return model


def boxes():
    """Três objetos separados, em dois filmes: um quadrado, uma faixa e um ponto em cada."""
    masks = np.zeros((3, SIDE, SIDE), bool)
    masks[0, :2, :2] = masks[1, 3, :] = masks[2, 5, 5] = True
    return np.concatenate([masks, masks]), np.repeat([0, 1], 3)


def retakes(rng):
    masks, film = boxes()
    empty = rng.uniform(size=(2, SIDE, SIDE, 1)).astype(np.float32)
    drawn = masks[..., None] * rng.uniform(size=(6, SIDE, SIDE, 1)).astype(np.float32)
    whole = empty + np.stack([drawn[film == k].sum(axis=0) for k in (0, 1)])
    return whole, empty, whole[film] - drawn, empty[film] + drawn, drawn


def test_effects_of_a_linear_network_are_products():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=SIDE * SIDE)
    whole, empty, without, alone, drawn = retakes(rng)
    _, film = boxes()
    target, against = np.array([1, 2]), np.array([0, 0])
    found = effects(network(weights), whole, empty, without, film, target, against, alone)
    sign = np.where(film == 0, 1, -1)
    by_hand = sign * (drawn.reshape(6, -1) @ weights)
    np.testing.assert_allclose(found.removed, by_hand, atol=1e-4)
    np.testing.assert_allclose(found.added, by_hand, atol=1e-4)
    np.testing.assert_allclose(found.total, [by_hand[:3].sum(), by_hand[3:].sum()], atol=1e-4)
    assert not found.marked.any()  # numa rede linear ninguém substitui ninguém
    doubled = effects(network(weights), whole, empty, without, film, 1, 2)
    np.testing.assert_allclose(doubled.removed, 2 * drawn.reshape(6, -1) @ weights, atol=1e-4)
    assert np.isnan(doubled.added).all()


def test_contrast_is_the_difference_of_logits():
    weights = np.full(SIDE * SIDE, 0.1)
    images = np.ones((2, SIDE, SIDE, 1), np.float32) * [[[[1.0]]], [[[-2.0]]]]
    found = contrast(network(weights), images, np.array([1, 2]), 0)
    np.testing.assert_allclose(found, [3.6, 0.3 + 7.2], atol=1e-5)


def test_a_network_that_sums_a_region_and_the_map_of_it():
    masks, film = boxes()
    region = masks[0].astype(float)
    rng = np.random.default_rng(1)
    whole, empty, without, alone, _ = retakes(rng)
    found = effects(network(region.ravel()), whole, empty, without, film, 1, 0, alone)
    assert (np.abs(found.removed[[1, 2, 4, 5]]) < 1e-5).all() and (
        found.removed[[0, 3]] > 0.1
    ).all()
    ideal = np.tile(region, (2, 1, 1))
    marks = agreement(ideal, masks, found, least=1e-3)
    assert marks.pairs.tolist() == [1.0] * 4 and marks.film.tolist() == [0, 0, 1, 1]
    assert marks.first.tolist() == [1.0, 1.0]
    opposite = agreement(1 - ideal, masks, found, least=1e-3)
    assert opposite.pairs.tolist() == [0.0] * 4 and opposite.first.tolist() == [0.0, 0.0]
    flat = agreement(np.ones_like(ideal), masks, found)
    assert set(flat.pairs) == {0.5} and flat.first.tolist() == [1 / 3, 1 / 3]
    pooled = bootstrap(marks.pairs, np.array(["a", "b"])[marks.film])
    assert pooled.mean == 1


def test_the_mean_decides_and_not_the_sum():
    masks, film = boxes()
    lost = Effects(film, np.array([1.0, 2.0, 3.0] * 2), np.zeros(6), np.ones(2))
    heat = np.zeros((2, SIDE, SIDE))
    heat[:, 5, 5], heat[:, 3], heat[:, :2, :2] = 0.9, 0.5, 0.4  # soma: 0,9, 3,0 e 1,6
    assert agreement(heat, masks, lost).pairs.tolist() == [1.0] * 6
    sizes = masks.sum(axis=(1, 2)).astype(float)
    assert concordance(sizes, lost).pairs.mean() == pytest.approx(1 / 3)


def test_a_shared_pixel_counts_once_for_the_smaller():
    masks = np.zeros((2, SIDE, SIDE), bool)
    masks[0, 1:5, 1:5] = masks[1, 2, 2:4] = True
    heat = np.zeros((1, SIDE, SIDE))
    heat[0, 2, 2:4], heat[0, 4, 4] = 1.0, 0.7
    assert densities(heat, masks, np.array([0, 0])).tolist() == pytest.approx([0.7 / 14, 1.0])
    covered = np.concatenate([masks[1:], masks[1:]])
    assert np.isnan(densities(heat, covered, np.array([0, 0]))).tolist() == [False, True]


def test_two_objects_that_replace_each_other_mark_the_film():
    """Um detector que satura: qualquer dos dois basta, e tirar um só não custa nada."""
    film = np.array([0, 0, 1, 1])
    found = Effects(
        film, np.array([0.1, 0.0, 2.0, 1.0]), np.array([2.9, 2.8, 2.0, 1.0]), np.array([3.0, 3.0])
    )
    assert found.replaced.tolist() == [True, True, False, False]
    assert found.marked.tolist() == [True, False]
    assert found.strength.tolist() == pytest.approx([1.5, 1.4, 2.0, 1.0])
    assert found._replace(added=np.full(4, np.nan)).strength.tolist() == found.removed.tolist()


def test_equal_effects_make_no_pair():
    lost = Effects(np.zeros(3, int), np.array([1.0, 1.05, 2.0]), np.full(3, np.nan), np.ones(1))
    assert len(concordance(np.arange(3), lost).pairs) == 3
    assert len(concordance(np.arange(3), lost, least=0.1).pairs) == 2
    assert np.isnan(concordance(np.array([1.0, np.nan, np.nan]), lost).first).tolist() == [True]


def test_two_scores_of_the_same_objects_answer_the_same_questions():
    """A um objeto falta uma das notas: os pares com ele ficam no lugar, sem resposta."""
    lost = Effects(np.array([0, 0, 0, 1, 1]), np.arange(5.0), np.full(5, np.nan), np.ones(2))
    every = concordance(np.array([1.0, 2.0, 3.0, 2.0, 1.0]), lost)
    some = concordance(np.array([np.nan, 2.0, 3.0, 2.0, 1.0]), lost)
    assert every.pairs.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert some.film.tolist() == every.film.tolist() == [0, 0, 0, 1]
    np.testing.assert_equal(some.pairs, [np.nan, np.nan, 1.0, 0.0])
    assert some.first.tolist() == every.first.tolist() == [1.0, 0.0]


def test_bad_input():
    masks, film = boxes()
    lost = Effects(film, np.arange(6.0), np.full(6, np.nan), np.ones(2))
    model = network(np.zeros(SIDE * SIDE))
    images = np.zeros((2, SIDE, SIDE, 1), np.float32)
    with pytest.raises(InputError, match="mesma classe"):
        contrast(model, images, 1, np.array([0, 1]))
    with pytest.raises(InputError, match="classe 3"):
        contrast(model, images, 3, 0)
    with pytest.raises(InputError, match="um filme de 0 a 1"):
        effects(model, images, images, np.concatenate([images] * 3), film + 1, 1, 0)
    with pytest.raises(InputError, match="um vazio"):
        effects(model, images, images[:1], images, np.array([0, 1]), 1, 0)
    with pytest.raises(InputError, match="6 objetos"):
        concordance(np.zeros(5), lost)
    with pytest.raises(InputError, match="máscaras"):
        agreement(np.zeros((2, 4, 4)), masks, lost)
