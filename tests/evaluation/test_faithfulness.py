"""Modelos lineares, em que a melhor e a pior ordem de apagar se conhecem por força bruta."""

from itertools import permutations

import cv2
import keras
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from linear_model import linear

from covidcam.errors import InputError
from covidcam.evaluation import average_drop, deletion, disturbance, insertion, road
from covidcam.evaluation.faithfulness import impute

WEIGHTS = np.array([0.30, 0.05, 0.20, 0.02, 0.25, 0.10])
IMAGE = np.array([0.5, 1.0, 0.7, 0.2, 0.4, 0.9], np.float32)
X = IMAGE.reshape(1, 2, 3, 1)
MODEL = linear(WEIGHTS)
TARGET = np.array([1])


def area(order, reference):
    """A área sob a curva de apagamento, pixel a pixel, calculada só com numpy."""
    image = IMAGE.astype(float).copy()
    scores = [WEIGHTS @ image]
    for pixel in order:
        image[pixel] = reference[pixel]
        scores.append(WEIGHTS @ image)
    return np.trapezoid(scores, np.linspace(0, 1, 7))


def as_map(order):
    heat = np.empty(6)
    heat[list(order)] = np.arange(6, 0, -1)
    return heat.reshape(1, 2, 3)


@pytest.mark.parametrize("reference", ["black", "mean"])
def test_the_true_contribution_is_the_best_of_all_orders(reference):
    values = np.zeros(6) if reference == "black" else np.full(6, IMAGE.mean())
    contribution = WEIGHTS * (IMAGE - values)
    areas = [area(order, values) for order in permutations(range(6))]
    best = deletion(MODEL, X, as_map(np.argsort(-contribution)), TARGET, reference, steps=6)
    worst = deletion(MODEL, X, as_map(np.argsort(contribution)), TARGET, reference, steps=6)
    assert best.auc == pytest.approx([min(areas)], abs=1e-6)
    assert worst.auc == pytest.approx([max(areas)], abs=1e-6)


def test_deletion_and_insertion_of_a_linear_model_add_up():
    heat = np.random.default_rng(0).random((1, 2, 3))
    removed = deletion(MODEL, X, heat, TARGET, "black", steps=6)
    returned = insertion(MODEL, X, heat, TARGET, "black", steps=6)
    assert removed.auc + returned.auc == pytest.approx([WEIGHTS @ IMAGE], abs=1e-6)


def test_a_film_of_one_channel_may_be_blurred():
    heat = np.random.default_rng(0).random((1, 2, 3))
    curve = insertion(MODEL, X, heat, TARGET, "blur", steps=6)
    blurred = cv2.GaussianBlur(X[0], (0, 0), 3 / 12)
    assert curve.scores[0, [0, -1]] == pytest.approx([WEIGHTS @ blurred.ravel(), WEIGHTS @ IMAGE])


def test_a_network_of_free_size_is_accepted():
    inputs = keras.Input((None, None, 1))
    free = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    curve = deletion(free, X, as_map(range(6)), TARGET, "black", steps=6)
    assert curve.scores[0, [0, -1]] == pytest.approx([IMAGE.mean(), 0])


def test_each_image_has_its_own_curve():
    two = np.concatenate([X, X * 0.5])
    heat = np.repeat(as_map(range(6)), 2, axis=0)
    curve = deletion(MODEL, two, heat, np.array([1, 1]), "black", steps=6)
    assert curve.scores.shape == (2, 7)
    assert curve.auc[1] == pytest.approx(curve.auc[0] / 2, abs=1e-6)


def test_ties_are_drawn_and_not_read_in_order():
    many = np.repeat(X, 60, axis=0)
    flat = np.ones((60, 2, 3))
    curve = deletion(MODEL, many, flat, np.ones(60, int), "black", steps=6)
    everyone = [area(order, np.zeros(6)) for order in permutations(range(6))]
    assert curve.auc.std() > 0
    assert curve.auc.mean() == pytest.approx(np.mean(everyone), abs=0.02)


def test_road_is_positive_for_the_right_map_and_negative_for_its_inverse():
    # o modelo só olha a metade esquerda de imagens em degraus
    weights = np.zeros((2, 3))
    weights[:, 0] = 0.001
    model = linear(weights.ravel())
    image = np.array([[[[200.0], [40.0], [30.0]], [[200.0], [50.0], [20.0]]]], np.float32)
    right = weights[None]
    assert road(model, image, right, TARGET, shares=(1 / 3,), noise=0)[0] > 0.04
    assert road(model, image, 1 - right, TARGET, shares=(1 / 3,), noise=0)[0] < 0


def test_imputation_solves_the_linear_system():
    random = np.random.default_rng(0)
    y, x = np.mgrid[:24, :20] / 20
    image = (np.sin(3 * x) + y**2).astype(np.float32)[..., None] * 100
    missing = random.random((24, 20)) < 0.5
    solved = direct_imputation(image[..., 0], missing)
    assert np.abs(impute(image, missing)[..., 0] - solved).max() < 0.5  # em 255 níveis de cinza


def test_imputation_reaches_the_middle_of_a_wide_hole():
    y, x = np.mgrid[:64, :56] / 64
    image = (np.sin(6 * x) + y**2).astype(np.float32)[..., None] * 100
    missing = np.hypot(x - 0.4, y - 0.5) < 0.35
    wrong = np.abs(impute(image, missing)[..., 0] - direct_imputation(image[..., 0], missing))
    assert wrong[missing].mean() < 2.5  # o ruído de ROAD


def direct_imputation(image, missing):
    """A mesma média ponderada, por um sistema esparso resolvido de uma vez."""
    height, width = image.shape
    number = {tuple(place): n for n, place in enumerate(np.argwhere(missing))}
    matrix = scipy.sparse.lil_matrix((len(number), len(number)))
    right = np.zeros(len(number))
    for (i, j), n in number.items():
        matrix[n, n] += 1
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                if di == dj == 0:
                    continue
                weight = 1 / 6 if 0 in (di, dj) else 1 / 12
                a, b = reflect(i + di, height), reflect(j + dj, width)
                if missing[a, b]:
                    matrix[n, number[a, b]] -= weight
                else:
                    right[n] += weight * image[a, b]
    values = scipy.sparse.linalg.spsolve(matrix.tocsc(), right)
    filled = image.astype(float).copy()
    for (i, j), n in number.items():
        filled[i, j] = values[n]
    return filled


def reflect(index, size):
    return 1 if index < 0 else size - 2 if index == size else index


def test_keeping_everything_drops_nothing_and_keeping_nothing_drops_all():
    halves = np.ones((1, 2, 3))
    halves[0, 0, 0] = 0.999  # não é plano
    drop, increase = average_drop(MODEL, X, halves, TARGET, "black")
    assert drop == pytest.approx([0], abs=1e-3)
    assert not increase[0]
    for flat in (np.zeros((1, 2, 3)), np.ones((1, 2, 3))):
        assert average_drop(MODEL, X, flat, TARGET, "black")[0] == pytest.approx([1])


def test_average_drop_by_hand():
    heat = np.array([[[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]])
    kept = WEIGHTS @ (IMAGE * heat.ravel())
    whole = WEIGHTS @ IMAGE
    drop, _ = average_drop(MODEL, X, heat, TARGET, "black")
    assert drop == pytest.approx([(whole - kept) / whole], abs=1e-6)


def test_average_drop_refuses_a_map_above_one():
    heat = np.array([[[1000.0, 0.5, 0.0], [0.0, 0.0, 0.0]]])  # cortado em 1, guardaria o filme
    with pytest.raises(InputError, match="o valor 1000; aqui os mapas vão de 0 a 1"):
        average_drop(MODEL, X, heat, TARGET)
    assert np.isfinite(average_drop(MODEL, X, heat / heat.max(), TARGET)[0]).all()


def in_z(images):
    """O que uma rede lê quando põe cada imagem em média 0 e desvio 1."""
    mean, std = (getattr(images, f)(axis=(1, 2), keepdims=True) for f in ("mean", "std"))
    return (images - mean) / std


def test_black_disturbs_what_was_not_erased_as_computed_by_hand():
    # uma faixa quente de 200 sobre um fundo de 100, longe da beirada do que se apaga
    image = np.full((1, 20, 20, 1), 100, np.float32)
    image[:, :4] = 200
    heat = np.zeros((1, 20, 20))
    heat[:, :4] = 1
    before = (100 - 120) / 40  # média 120, desvio 40
    for reference, fill in (("black", 0.0), ("mean", 120.0)):
        values = np.r_[np.full(80, fill), np.full(320, 100.0)]
        after = (100 - values.mean()) / values.std()
        found = disturbance(in_z, image, heat, reference, share=0.2)
        assert found == pytest.approx([after - before], abs=1e-5)
        # em desvios do que a rede lia, qualquer que seja a unidade em que lê
        other = disturbance(lambda seen: 7 * in_z(seen) + 3, image, heat, reference, share=0.2)
        assert other == pytest.approx(found, abs=1e-5)


def test_a_network_that_reads_pixels_as_they_are_is_not_disturbed():
    random = np.random.default_rng(0)
    images, maps = random.uniform(0, 255, (2, 20, 20, 1)), random.random((2, 20, 20))
    maps[:, 8:] = 0  # um canto quente, para que reste o que medir
    assert disturbance(lambda seen: seen, images, maps, "black").tolist() == [0, 0]
    assert (np.abs(disturbance(in_z, images, maps, "black")) > 0.1).all()


@pytest.mark.parametrize(
    ("change", "word"),
    [({"share": 0}, "parte"), ({"share": 1.2}, "parte"), ({"reference": "branco"}, "'branco'")],
)
def test_disturbance_refuses_what_it_cannot_erase(change, word):
    with pytest.raises(InputError, match=word):
        disturbance(in_z, X, np.ones((1, 2, 3)), **change)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"images": X[0]}, "rede recebe"),
        ({"maps": np.ones((1, 3, 2))}, "Os mapas"),
        ({"maps": np.full((1, 2, 3), np.nan)}, "NaN"),
        ({"target": np.array([2])}, "a rede tem 2"),
        ({"target": np.array([-1])}, "a rede tem 2"),
        ({"target": np.array([0.5])}, "inteiro"),
        ({"target": np.array([1, 1])}, "inteiro"),
        ({"reference": "branco"}, "'branco'"),
        ({"steps": 0}, "passos"),
        ({"images": X * np.inf}, "infinitos"),
        ({"images": X[:0]}, "Não há imagens"),
    ],
)
def test_bad_input_is_refused(change, word):
    arguments = {"images": X, "maps": np.ones((1, 2, 3)), "target": TARGET} | change
    with pytest.raises(InputError, match=word):
        deletion(MODEL, **arguments)


@pytest.mark.parametrize("shares", [(), (0.0,), (1.5,), (0.2, float("nan"))])
def test_road_refuses_shares_that_are_not_shares(shares):
    with pytest.raises(InputError, match="partes"):
        road(MODEL, X, X[..., 0], TARGET, shares=shares)


def test_road_puts_noise_only_where_it_erases():
    """O que a rede recebe: fora do que se apagou, a imagem intacta, até o último bit."""
    seen = []

    class Recorder:
        input_shape, output_shape = (None, 8, 8, 1), (None, 2)

        def predict_on_batch(self, images):
            seen.extend(images)
            return np.full((len(images), 2), 0.5)

    random = np.random.default_rng(0)
    image = random.uniform(0, 255, (1, 8, 8, 1)).astype(np.float32)
    heat = random.permutation(64).reshape(1, 8, 8).astype(float)  # sem empates
    road(Recorder(), image, heat, np.array([1]), shares=(0.25,), noise=0.5)
    hottest, coldest = (heat[0] >= 48), (heat[0] < 16)
    for altered, erased in zip(seen, (hottest, coldest), strict=True):
        np.testing.assert_array_equal(altered[~erased], image[0][~erased])
        assert (altered[erased] != image[0][erased]).all()
