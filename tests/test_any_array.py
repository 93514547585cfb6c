"""Qualquer matriz: as funções públicas que recebem imagens ou mapas a aceitam ou a recusam.

Aceitar é devolver o que o contrato promete; recusar é levantar um dos nossos erros. Nada mais pode
acontecer: nem um NaN calado, nem um erro de dentro de outra biblioteca.
"""

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from covidcam import cam, evaluation, figures, gradcam, lungs, models, novelty
from covidcam.errors import CovidcamError

DTYPES = ("bool", "uint8", "int16", "int64", "float16", "float32", "float64", "complex64", "U3")


@st.composite
def any_array(draw):
    """De 0 a 5 eixos, também vazios, de qualquer tipo, com NaN, infinitos e negativos."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
    return draw(arrays.arrays(dtype, shape))


@st.composite
def films(draw):
    """Imagens como as funções as pedem, ou quase."""
    side = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    tail = draw(st.sampled_from([(), (1,), (3,), (4,)]))
    dtype = draw(st.sampled_from(["uint8", "float32", "bool"]))
    shape = (draw(st.integers(0, 3)), *side, *tail)
    return draw(arrays.arrays(dtype, shape, fill=st.just(0)))


@functools.cache
def model():
    return models.build("mini-vgg", ["a", "b"], input_shape=(16, 16, 3))


@functools.cache
def usual():
    films = np.random.default_rng(0).integers(0, 256, (30, 16, 16), dtype=np.uint8)
    return novelty.fit(films, np.arange(30) % 3)


def per_map(values, maps):
    assert values.shape == (len(maps),)
    assert np.all(np.isnan(values) | ((values >= 0) & np.isfinite(values)))


def halves(array):
    """Uma máscara do tamanho dos mapas: a metade esquerda."""
    shape = np.shape(array)
    masks = np.zeros(shape, bool)
    if len(shape) == 3:
        masks[:, :, : (shape[2] + 1) // 2] = True
    return masks


def overlay(array):
    heat = np.linspace(0, 1, int(np.prod(array.shape[:2]))).reshape(array.shape[:2])
    picture = figures.overlay(array, heat)
    assert picture.dtype == np.uint8 and picture.shape == (*array.shape[:2], 3)


def overlay_map(array):
    picture = figures.overlay(np.full(array.shape, 80, np.uint8), array)
    assert picture.dtype == np.uint8 and picture.shape == (*array.shape, 3)


def explain(array):
    maps = cam.explain(model(), array)
    assert np.isfinite(maps.values).all() and maps.values.min() >= 0 and maps.values.max() <= 1
    assert len(maps) == len(array) and (maps.flat == (maps.values.max(axis=(1, 2)) == 0)).all()


def stream(array):
    list(cam.stream(model(), array))


def grad_cam_2020(array):
    heatmap = gradcam.GradCAM(model(), 0).compute_heatmap(array)
    assert heatmap.dtype == np.uint8


def strangeness(array):
    per_map(usual().strangeness(array), array)


def directions(array):
    found = novelty.directions(array)
    assert found.shape == (len(array), 288) and found.min() >= 0 and found.max() <= 1


def locate(array):
    """`lungs.find` até a rede, que aqui é uma que não acha nada."""
    from covidcam.lungs.network import prepare
    from covidcam.lungs.search import _check

    assert prepare(_check(array)).dtype == np.uint8


def measured(name, masks_of, maps_of=lambda array: array):
    """Uma medida de `evaluation`, com a matriz no lugar dos mapas ou das máscaras."""
    measure = getattr(evaluation, name)
    return lambda array: per_map(measure(maps_of(array), masks_of(array)), array)


LOCALIZATION = ("pointing_game", "energy_inside", "energy_ratio", "rank_accuracy", "iou", "auprc")
MEASURES = {name: measured(name, halves) for name in LOCALIZATION} | {
    f"{name}, máscara": measured(name, lambda array: array, lambda array: np.ones(array.shape))
    for name in LOCALIZATION
}
FUNCTIONS = {
    "overlay": overlay,
    "overlay, mapa": overlay_map,
    "explain": explain,
    "stream": stream,
    "GradCAM": grad_cam_2020,
    "strangeness": strangeness,
    "directions": directions,
    "lungs": locate,
    "prevalence": lambda array: per_map(evaluation.prevalence(array), array),
    "sparseness": lambda array: per_map(evaluation.sparseness(array), array),
    "predict": lambda array: models.predict(model(), array),
    **MEASURES,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(array=st.one_of(any_array(), films()))
def test_any_array_is_accepted_or_refused(name, array):
    try:
        FUNCTIONS[name](array)
    except CovidcamError as error:
        assert str(error)


def test_good_arrays_are_accepted():
    """A prova de que o teste acima não passa só por recusar tudo."""
    generator = np.random.default_rng(0)
    colour = generator.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    good = {
        "overlay": colour[0],
        "overlay, mapa": generator.random((8, 9)),
        "GradCAM": colour[:1],
        "lungs": colour[0],
        "explain": colour,
        "stream": colour,
        "predict": colour,
        "strangeness": colour,
        "directions": colour,
    }
    for name, check in FUNCTIONS.items():
        masks = generator.random((2, 8, 9)) > 0.5
        maps = masks if "máscara" in name or name == "prevalence" else generator.random((2, 8, 9))
        check(good.get(name, maps))


def test_lungs_refuses_what_it_cannot_read():
    with pytest.raises(CovidcamError):
        lungs.find(np.zeros((0, 5), np.uint8))
