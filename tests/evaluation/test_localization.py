"""Mapas e máscaras feitos à mão, com o acerto conhecido."""

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.evaluation import energy_inside, pointing_game

MEASURES = [pointing_game, energy_inside]
BOTH = pytest.mark.parametrize("measure", MEASURES)


def mask(*rows):
    return np.array([rows], bool)


TOP = mask([1, 1, 0, 0], [0, 0, 0, 0])  # um quarto da imagem


def heat(*rows):
    return np.array([rows], np.float32)


@pytest.mark.parametrize(
    ("maps", "points", "energy"),
    [
        (heat([0.2, 1, 0, 0], [0, 0, 0, 0]), 1, 1),  # o melhor caso
        (heat([0, 0, 0.3, 0], [0, 0, 1, 0]), 0, 0),  # o pior
        (heat([0.5, 0.5, 0, 0], [0, 1, 0, 0]), 0, 0.5),
        (heat([1, 0, 0, 0], [0, 0, 0, 1]), 0.5, 0.5),  # empate, um dentro e um fora
        (heat([1, 1, 1, 0], [0, 0, 0, 0.2]), 2 / 3, 2 / 3.2),
        (heat([0.7] * 4, [0.7] * 4), 0.25, 0.25),  # plano: o acaso
        (heat([0] * 4, [0] * 4), 0.25, 0.25),  # nada: o acaso
    ],
)
def test_scores_by_hand(maps, points, energy):
    assert pointing_game(maps, TOP) == pytest.approx([points])
    assert energy_inside(maps, TOP) == pytest.approx([energy])


@BOTH
def test_an_empty_mask_has_no_score(measure):
    maps = np.random.default_rng(0).random((3, 4, 5))
    masks = np.zeros((3, 4, 5), bool)
    masks[1, 2] = True
    assert np.isnan(measure(maps, masks)).tolist() == [True, False, True]


@BOTH
def test_a_full_mask_holds_everything(measure):
    maps = np.random.default_rng(0).random((3, 4, 5))
    assert measure(maps, np.ones((3, 4, 5), bool)) == pytest.approx([1, 1, 1])


@BOTH
def test_shuffling_the_images_shuffles_the_scores(measure):
    random = np.random.default_rng(0)
    maps, masks = random.random((20, 6, 7)), random.random((20, 6, 7)) < 0.3
    masks[3] = False
    order = random.permutation(20)
    np.testing.assert_array_equal(measure(maps[order], masks[order]), measure(maps, masks)[order])


@BOTH
def test_scale_does_not_count(measure):
    random = np.random.default_rng(0)
    maps, masks = random.random((20, 6, 7)), random.random((20, 6, 7)) < 0.3
    np.testing.assert_allclose(measure(maps / 8, masks), measure(maps, masks))


@BOTH
def test_random_maps_score_the_chance(measure):
    random = np.random.default_rng(0)
    masks = np.zeros((4000, 6, 7), bool)
    masks[:, 1:4, 2:5] = True
    scores = measure(random.random(masks.shape), masks)
    assert scores.mean() == pytest.approx(9 / 42, abs=0.02)


@BOTH
def test_masks_of_zeros_and_ones_and_no_images_are_fine(measure):
    maps = heat([0, 1, 0, 0], [0, 0, 0, 0])
    assert measure(maps, TOP.astype(np.uint8)).tolist() == [1.0]
    assert measure(maps[:0], TOP[:0]).shape == (0,)


@BOTH
@pytest.mark.parametrize(
    ("maps", "masks"),
    [
        (np.zeros((1, 2, 5)), TOP),
        (np.zeros((2, 4)), TOP[0]),
        (np.zeros((1, 2, 4)), TOP * 255),
        (np.full((1, 2, 4), np.nan), TOP),
        (np.full((1, 2, 4), np.inf), TOP),
        (np.full((1, 2, 4), -0.1), TOP),
    ],
    ids=["formas", "uma imagem solta", "máscara de 255", "NaN", "infinito", "negativo"],
)
def test_refusals(measure, maps, masks):
    with pytest.raises(InputError):
        measure(maps, masks)
