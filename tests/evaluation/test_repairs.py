"""Os reparos: o recorte é o da caixa, e igualar apaga qualquer curva de contraste."""

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.evaluation import repairs


@pytest.fixture
def case():
    random = np.random.default_rng(0)
    images = np.repeat(random.integers(0, 256, (2, 40, 40, 1), np.uint8), 3, axis=-1)
    lungs = np.zeros((2, 40, 40), bool)
    lungs[0, 5:25, 10:30] = True  # a caixa tem metade do lado: o recorte dobra cada pixel
    return images, lungs


def test_crop_is_the_box_enlarged(case):
    images, lungs = case
    cut = repairs.crop(images, lungs, margin=0)
    assert cut.shape == images.shape
    assert cut.dtype == images.dtype
    assert cut[0].mean() == pytest.approx(images[0, 5:25, 10:30].mean(), abs=1)
    assert (cut[1] == images[1]).all()  # sem pulmões, nada se recorta
    masks = repairs.crop(lungs, lungs, margin=0)
    assert masks.dtype == bool
    assert masks[0].all()


def test_equalise_forgets_any_increasing_contrast_curve(case):
    images, lungs = case
    even = repairs.equalise(images, lungs)
    assert not even[~lungs].any()
    inside = even[0, ..., 0][lungs[0]]
    assert inside.min() >= 1
    assert np.histogram(inside, bins=4, range=(1, 255))[0] == pytest.approx(
        [100] * 4, abs=12
    )  # um quarto dos 400 pixels em cada quarto da escala
    step = np.uint8([30 + k // 2 for k in range(256)])  # cresce, com empates de dois em dois
    apart = np.abs(even.astype(int) - repairs.equalise(step[images], lungs))
    assert apart.max() <= 4


def test_shapes_that_do_not_fit_are_refused(case):
    images, lungs = case
    with pytest.raises(InputError, match="pulmões"):
        repairs.crop(images, lungs[:, 1:])
