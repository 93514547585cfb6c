"""A estranheza: contas à mão nas direções, e o que deve e o que não deve parecer estranho."""

import numpy as np
import pytest

from covidcam import novelty, phantom
from covidcam.errors import InputError


@pytest.fixture(scope="module")
def films():
    made = [phantom.radiograph(k, phantom.LABELS[k % 3], 64).image for k in range(40)]
    return np.stack(made)


@pytest.fixture(scope="module")
def usual(films):
    return novelty.fit(films[:30], np.arange(30) % 3)


def ramp(axis, sign=1):
    steps = sign * 5 * np.arange(48) % 240
    return np.moveaxis(np.broadcast_to(steps.astype(np.uint8), (48, 48)), 1, axis)[None]


@pytest.mark.parametrize(("axis", "sign", "which"), [(1, 1, 0), (0, 1, 2), (1, -1, 4), (0, -1, 6)])
def test_each_direction_has_its_place(axis, sign, which):
    """Claro à direita, embaixo, à esquerda e em cima: 0°, 90°, 180° e 270°."""
    inner = novelty.directions(ramp(axis, sign)).reshape(6, 6, 8)[1:5, 1:5]
    assert (inner.argmax(axis=-1) == which).all()
    assert inner.sum(axis=-1) == pytest.approx(inner.max(axis=-1))


def test_brightness_and_contrast_change_nothing():
    generator = np.random.default_rng(0)
    image = generator.integers(0, 100, (1, 60, 60)).astype(np.uint8)
    np.testing.assert_allclose(
        novelty.directions(image), novelty.directions(image * 2 + 20), atol=0.03
    )


def test_a_flat_image_has_no_direction():
    assert not novelty.directions(np.full((2, 30, 20), 77, np.uint8)).any()


def test_colours_are_averaged(films):
    three = np.repeat(films[:2, ..., None], 3, axis=3)
    np.testing.assert_array_equal(novelty.directions(three), novelty.directions(films[:2]))


def test_new_films_are_usual_and_other_pictures_are_strange(films, usual):
    generator = np.random.default_rng(0)
    new = films[30:]
    known = usual.strangeness(new)
    assert np.mean(known <= 1) >= 0.8
    checks = (np.indices((64, 64)).sum(axis=0) // 12 % 2 * 200).astype(np.uint8)
    strange = {
        "invertida": 255 - new,
        "deitada": np.ascontiguousarray(np.rot90(new, axes=(1, 2))),
        "de cabeça para baixo": new[:, ::-1].copy(),
        "xadrez": checks[None],
        "ruído": generator.integers(0, 256, (5, 12, 12), dtype=np.uint8).repeat(8, 1).repeat(8, 2),
        "preta": np.zeros((1, 64, 64), np.uint8),
    }
    for name, images in strange.items():
        scores = usual.strangeness(images)
        assert scores.min() > np.quantile(known, 0.9), (name, scores)


def test_it_comes_back_from_its_file(usual, films, tmp_path):
    usual.save(tmp_path / "usual.npz")
    again = novelty.load(tmp_path / "usual.npz")
    np.testing.assert_array_equal(again.strangeness(films), usual.strangeness(films))


def test_the_same_seed_gives_the_same_limit(films, usual):
    assert novelty.fit(films[:30], np.arange(30) % 3).limit == usual.limit


@pytest.mark.parametrize(
    "labels", [np.zeros(30), np.arange(29), np.r_[np.zeros(25), np.ones(5)], np.zeros((30, 1))]
)
def test_fit_refuses_labels_it_cannot_use(films, labels):
    with pytest.raises(InputError, match="classes"):
        novelty.fit(films[:30], labels)
