"""Testes de sanidade: quem deve mudar muda, quem não olha a rede não muda."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from covidcam import cam, evaluation
from covidcam.cam import METHODS
from covidcam.errors import InputError


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((24, 24, 1))
    for filters in (4, 6):
        x = keras.layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (4, 24, 24, 1)).astype(np.float32)


def test_the_intact_network_is_identical_and_the_model_is_left_alone(model, images):
    before = [weight.copy() for weight in model.get_weights()]
    table = evaluation.randomization_test(model, images)
    intact = table[table.step == 0]
    assert intact.spearman.tolist() == pytest.approx([1] * 4)
    assert intact.ssim.tolist() == pytest.approx([1] * 4)
    assert table.groupby("step").layer.first().tolist()[1:] == [
        layer.name for layer in reversed(model.layers) if layer.weights
    ]
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_a_map_of_the_network_changes_and_one_of_the_image_does_not(model, images, monkeypatch):
    monkeypatch.setitem(METHODS, "image", lambda probe: probe.images[..., 0])
    ours = evaluation.randomization_test(model, images, "gradient")
    theirs = evaluation.randomization_test(model, images, "image")
    assert ours[ours.step == 3].spearman.mean() < 0.5
    assert theirs[theirs.step == 3].spearman.tolist() == pytest.approx([1] * 4)


def test_randomize_keeps_shapes_and_changes_every_kernel(model):
    broken = evaluation.randomize(model, seed=1)
    again = evaluation.randomize(model, seed=1)
    for old, new, same in zip(
        model.get_weights(), broken.get_weights(), again.get_weights(), strict=True
    ):
        assert old.shape == new.shape
        assert np.array_equal(new, same)
        assert old.ndim == 1 or not np.allclose(old, new)


def test_sensitivity_grows_with_the_noise_and_is_zero_without_it(model, images):
    none = evaluation.max_sensitivity(model, images, radius=0, samples=1)
    little = evaluation.max_sensitivity(model, images, radius=1)
    much = evaluation.max_sensitivity(model, images, radius=100)
    assert none.tolist() == [0] * 4
    assert (little > 0).all()
    assert much.mean() > little.mean()


def test_gini_of_known_maps():
    one_hot = np.zeros((1, 4, 5))
    one_hot[0, 1, 1] = 3
    assert evaluation.sparseness(one_hot) == pytest.approx([1 - 1 / 20])
    assert evaluation.sparseness(np.full((1, 4, 5), 0.3)) == pytest.approx([0])
    assert evaluation.sparseness(np.zeros((1, 4, 5))) == pytest.approx([0])


def test_ssim_of_known_pairs():
    random = np.random.default_rng(0)
    first, second = random.random((2, 32, 32))
    assert evaluation.ssim(first, first) == pytest.approx(1)
    assert evaluation.ssim(first, second) == pytest.approx(evaluation.ssim(second, first))
    assert evaluation.ssim(first, 1 - first) < 0
    # constantes a e b: só resta o termo das médias
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    flat = evaluation.ssim(np.full((16, 16), 0.2), np.full((16, 16), 0.6))
    assert flat == pytest.approx(expected)


def test_likeness_is_spearman_and_ssim_pair_by_pair():
    random = np.random.default_rng(0)
    first, second = random.random((2, 3, 32, 32))
    second[1] = 0.5  # plano
    second[2] = first[2] ** 3  # a mesma ordem
    found = evaluation.likeness(first, second)
    assert found.spearman[0] == pytest.approx(spearmanr(first[0], second[0], axis=None).statistic)
    assert found.ssim[0] == pytest.approx(evaluation.ssim(first[0], second[0]))
    assert np.isnan(found.spearman[1]) and np.isnan(found.ssim[1])
    assert found.spearman[2] == pytest.approx(1) and found.ssim[2] < 1
    with pytest.raises(InputError, match="par deles"):
        evaluation.likeness(first, second[:2])


def test_strangers_are_never_of_the_same_patient():
    groups = np.array(list("aabbbcd"))
    pairs = evaluation.strangers(groups, seed=1)
    assert (groups[pairs] != groups).all()
    assert len({tuple(evaluation.strangers(groups, seed=s)) for s in range(9)}) > 1
    with pytest.raises(InputError, match="um paciente"):
        evaluation.strangers(["a", "a"])


def test_every_seed_draws_another_network_for_every_method(model, images):
    methods = ["grad-cam", "gradient"]
    table = evaluation.randomization_test(model, images, methods, seeds=(3, 5))
    assert len(table) == 2 * 4 * 2 * 4  # sementes, passos, métodos, imagens
    alone = evaluation.randomization_test(model, images, "gradient", seeds=(5,))
    mine = table[(table.method == "gradient") & (table.seed == 5)]
    assert mine.spearman.tolist() == pytest.approx(alone.spearman.tolist(), abs=1e-6)
    ends = table[(table.step == 3) & (table.method == "gradient")]
    one, other = (ends[ends.seed == seed].spearman.to_numpy() for seed in (3, 5))
    assert not np.allclose(one, other)


def test_random_maps_are_those_of_networks_wholly_drawn(model, images):
    target = np.array([0, 1, 2, 0])
    drawn = list(evaluation.random_maps(model, images, target, (3, 5), "gradient"))
    assert len(drawn) == 2 and not np.allclose(*drawn)
    other = evaluation.randomize(model, seed=5)
    np.testing.assert_allclose(
        drawn[1], cam.explain(other, images, "gradient", target=target).values, atol=1e-5
    )


def test_what_remains_is_told_over_networks_and_beside_strangers():
    rows = [(0, 0, 1.0, 1.0), (1, 0, 1.0, 1.0), (0, 2, 0.1, 0.2), (1, 2, 0.5, 0.4)]
    test = pd.DataFrame(rows, columns=["seed", "step", "spearman", "ssim"]).assign(method="cam")
    pairs = {"cam": evaluation.Likeness(np.array([0.2, 0.4, np.nan]), np.array([0.6, 0.6, 0.6]))}
    left = evaluation.remains(test, pairs).loc["cam"]
    assert left[["spearman", "spearman_low", "spearman_high"]].tolist() == [0.3, 0.1, 0.5]
    assert left["spearman_strangers"] == pytest.approx(0.3)
    assert left["ssim_strangers"] == pytest.approx(0.6)
    assert left["ssim_high"] == 0.4
