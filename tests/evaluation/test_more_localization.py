"""As outras medidas de lugar: contas à mão, casos extremos e identidades."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from covidcam import evaluation
from covidcam.errors import InputError

ALL = [
    evaluation.pointing_game,
    evaluation.energy_inside,
    evaluation.rank_accuracy,
    evaluation.auprc,
    evaluation.iou,
]
EACH = pytest.mark.parametrize("measure", ALL)
MASK = np.array([[[1, 1, 0, 0], [0, 0, 0, 0]]], bool)  # um quarto da imagem


@EACH
def test_a_flat_map_counts_as_chance(measure):
    for value in (0.0, 0.4):
        assert measure(np.full(MASK.shape, value), MASK) == pytest.approx([0.25])


@EACH
def test_the_mask_itself_is_the_best_map(measure):
    assert measure(MASK.astype(float), MASK) == pytest.approx([1])


@EACH
def test_the_complement_is_the_worst_map(measure):
    score = measure((~MASK).astype(float), MASK)[0]
    assert score <= 0.25  # na AUPRC, o pior é chegar aos acertos só no fim; nas outras, zero
    if measure is not evaluation.auprc:
        assert score == 0


@EACH
def test_an_empty_mask_has_no_score(measure):
    assert np.isnan(measure(np.random.default_rng(0).random((1, 2, 4)), np.zeros((1, 2, 4)))[0])


@EACH
def test_scale_changes_nothing(measure):
    random = np.random.default_rng(1)
    maps, masks = random.random((8, 12, 12)), random.random((8, 12, 12)) < 0.2
    assert measure(maps * 0.125, masks) == pytest.approx(measure(maps, masks))


def test_rank_accuracy_by_hand():
    heat = np.array([[[0.9, 0.1, 0.8, 0.0], [0.0, 0.2, 0.0, 0.0]]])
    assert evaluation.rank_accuracy(heat, MASK).tolist() == [0.5]  # só o primeiro dos dois
    tied = np.array([[[0.9, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]]])
    assert evaluation.rank_accuracy(tied, MASK).tolist() == [0.75]  # o segundo, por sorteio


def test_iou_by_hand():
    heat = np.array([[[1.0, 0.3, 0.6, 0.0], [0.0, 0.0, 0.0, 0.0]]])
    assert evaluation.iou(heat, MASK, threshold=0.5) == pytest.approx([1 / 3])
    assert evaluation.iou(heat, MASK, threshold=0.2) == pytest.approx([2 / 3])


def test_otsu_separates_two_levels():
    for low in (0.2, 0.899):  # também quando eles são quase o mesmo
        assert evaluation.iou(np.where(MASK, 0.9, low), MASK) == pytest.approx([1])


def test_average_precision_by_hand():
    # ordem: dentro, fora, dentro, fora… -> precisão 1 no primeiro acerto e 2/3 no segundo
    heat = np.array([[[0.9, 0.5, 0.7, 0.1], [0.1, 0.1, 0.1, 0.1]]])
    assert evaluation.auprc(heat, MASK) == pytest.approx([(1 + 2 / 3) / 2])


def test_energy_ratio_is_energy_over_share():
    heat = np.array([[[0.5, 0.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]]])
    assert evaluation.energy_ratio(heat, MASK) == pytest.approx([0.5 / 0.25])


def test_tolerance_reaches_just_its_radius():
    heat = np.zeros((1, 9, 9))
    heat[0, 4, 7] = 1
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    scores = [evaluation.pointing_game(heat, mask, tolerance)[0] for tolerance in (0, 2, 3)]
    assert scores == [0, 0, 1]


def test_the_tuned_threshold_is_the_best_of_the_candidates():
    heat = np.array([[[1.0, 0.62, 0.58, 0.0], [0.0, 0.0, 0.0, 0.0]]])
    threshold = evaluation.tune_threshold(heat, MASK)
    assert 0.58 < threshold <= 0.62
    assert evaluation.iou(heat, MASK, threshold) == pytest.approx([1])


def test_a_negative_tolerance_is_refused():
    with pytest.raises(InputError, match="-1"):
        evaluation.pointing_game(MASK.astype(float), MASK, tolerance=-1)


@EACH
def test_no_images_give_no_scores(measure):
    assert measure(np.zeros((0, 2, 4)), MASK[:0]).shape == (0,)


@pytest.mark.parametrize("threshold", ["outro", 0, 1.5, None])
def test_a_threshold_that_is_not_one_is_refused(threshold):
    with pytest.raises(InputError, match="limiar"):
        evaluation.iou(MASK.astype(float), MASK, threshold)


def test_tuning_needs_a_mask():
    with pytest.raises(InputError, match="vazias"):
        evaluation.tune_threshold(np.ones((1, 2, 4)), np.zeros((1, 2, 4)))


@pytest.mark.parametrize("levels", [2, 7, 10**9])  # com muitos, poucos e nenhum empate
def test_auprc_is_the_average_precision_of_the_field(levels):
    random = np.random.default_rng(0)
    maps = np.floor(random.random((4, 13, 17)) * levels) / levels
    masks = random.random(maps.shape) < 0.2
    expected = [
        average_precision_score(m.ravel(), h.ravel()) for h, m in zip(maps, masks, strict=True)
    ]
    assert evaluation.auprc(maps, masks) == pytest.approx(expected, abs=1e-12)


def test_the_tuned_threshold_is_the_one_that_trying_each_would_choose():
    random = np.random.default_rng(2)
    maps, masks = random.random((6, 12, 12)) ** 2, random.random((6, 12, 12)) < 0.3
    maps[3], masks[4] = 0.4, False  # um mapa plano, e um filme sem verdade
    maps[masks] += 0.2
    thresholds = np.linspace(0.05, 0.95, 19)
    scores = [np.nanmean(evaluation.iou(maps, masks, float(value))) for value in thresholds]
    assert evaluation.tune_threshold(maps, masks) == thresholds[np.argmax(scores)]
    assert 0 < np.argmax(scores) < 18
