"""O mesmo filme sem um objeto: só ele some, e o resto do filme nem percebe."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.phantom import formation, inventory, looks, objects, radiograph, refilm
from covidcam.phantom.film import arrange, detect, expose

FILMS = [(7, "COVID-19", "adulto"), (2, "OUTRAS", "infantil"), (11, "OUTRAS", "adulto")]
KERNEL = 4  # o desfoque do OpenCV vai até quatro desvios em imagens de ponto flutuante


def near(mask, radius):
    """Onde a máscara chega com um desfoque desse alcance, em pixels."""
    side = 2 * int(np.ceil(radius)) + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def plain(seed, label, look, size=160, **changes):
    """Uma cena sem JPEG, com as mudanças pedidas na aquisição."""
    scene = arrange(seed, label, size, look=look)
    return replace(scene, acquisition=replace(scene.acquisition, jpeg=0, **changes))


@pytest.mark.parametrize(("seed", "label", "look"), FILMS)
def test_without_every_lesion_is_the_healthy_film(seed, label, look):
    lesions = [
        name for name, each in objects(seed, label, 96, look=look).items() if each.kind == "lesão"
    ]
    healthy = formation(seed, label, 96, look=look, lesions=False)
    for made in (
        formation(seed, label, 96, look=look, without=lesions),
        formation(seed, label, 96, look=look, lesion_scale=0),
        refilm(formation(seed, label, 96, look=look), without=lesions),
    ):
        assert np.array_equal(made.image, healthy.image)
        assert np.array_equal(made.dose, healthy.dose)
    film = radiograph(seed, label, 96, look=look, without=lesions)
    assert not film.lesions.any() and film.facts["foci"] == 0 and film.label == label


@pytest.mark.parametrize(("seed", "label", "look"), FILMS)
def test_what_is_drawn_on_the_film_never_changes(seed, label, look):
    scene = plain(seed, label, look, 448, border="collimated", texts=("R",))
    whole, healthy = expose(scene), expose(scene, tuple(scene.lesions))
    assert (whole.image != healthy.image).mean() > 0.1
    made = inventory(scene)
    assert made["letra"].mask.any() and made["borda"].mask.any()
    ink = [
        looks.annotate(
            np.full(scene.shape, grey, np.uint8), scene.acquisition, scene.stream("letters")
        )
        for grey in (0, 255)
    ]
    inner = (ink[0] == ink[1]) & ~made["borda"].mask  # o contorno do traço mistura-se ao filme
    assert inner.sum() > 0
    assert np.array_equal(whole.image[inner], healthy.image[inner])
    assert np.array_equal(whole.image[made["borda"].mask], healthy.image[made["borda"].mask])


@pytest.mark.parametrize(("seed", "label", "look"), FILMS)
@pytest.mark.parametrize("photons", [1e30, 3e4])
def test_outside_the_object_the_film_is_the_same_to_the_byte(seed, label, look, photons):
    """Sem espalhamento, com a revelação mantida, só muda o que o objeto e os desfoques alcançam."""
    scene = plain(seed, label, look, scatter=0.0, photons=photons, wires=2, tube=True)
    whole, a = expose(scene), scene.acquisition
    reach = KERNEL * (a.blur + 0.02 * scene.unit + 1.0) + 3  # três núcleos, arredondados para cima
    for name, each in inventory(scene).items():
        if each.kind == "marca":
            continue
        less = expose(scene, (name,), tone=whole.tone)
        outside = ~near(each.mask, reach)
        assert outside.mean() > 0.2, name
        assert np.array_equal(less.primary[~each.mask], whole.primary[~each.mask]), name
        assert np.array_equal(less.image[outside], whole.image[outside]), name
        if each.mask.sum() > 200:
            assert not np.array_equal(less.image[each.mask], whole.image[each.mask]), name


def test_the_dose_differs_by_what_the_physics_predicts():
    """Com ruído e espalhamento: λ e z√λ mudam, o resto da leitura é o mesmo."""
    scene = plain(7, "COVID-19", "adulto", photons=3e4, scatter=0.6)
    whole, less = expose(scene), expose(scene, ("foco 1", "foco 5"))
    z = scene.stream("noise").standard_normal(scene.shape)
    counts = []
    for made in (whole, less):
        wide = detect(made.primary, 1e30, 0.6, 0.35 * scene.unit, 1e-3, np.random.default_rng(0))
        counts.append(3e4 * wide.astype(float) + z * np.sqrt(3e4 * wide.astype(float)))
    blurred = cv2.GaussianBlur(counts[1] - counts[0], (0, 0), scene.acquisition.blur) / 3e4
    assert np.abs(less.dose - whole.dose).max() > 0.01
    np.testing.assert_allclose(less.dose.astype(float) - whole.dose, blurred, atol=1e-6)


def test_counts_have_the_mean_variance_and_skewness_of_poisson():
    expected = 100.0
    primary = np.full((1000, 1000), expected / 1e3, np.float32)
    dose = detect(primary, 1e3, 0.0, 20, 1e-3, np.random.default_rng(0)).astype(float) * 1e3
    centred = dose - dose.mean()
    assert dose.mean() == pytest.approx(expected, abs=0.05)
    assert centred.var() == pytest.approx(expected + 4**2, rel=0.01)
    assert np.mean(centred**3) == pytest.approx(expected, rel=0.15)


def test_the_held_tone_changes_only_the_direct_effect():
    whole = formation(7, "COVID-19", 128, look="adulto")
    total, direct = (
        refilm(whole, tuple(whole.scene.lesions), hold_tone=held) for held in (False, True)
    )
    assert np.array_equal(total.dose, direct.dose)
    assert not np.array_equal(total.image, direct.image)
    assert direct.tone is whole.tone and total.tone.high != whole.tone.high
    public = radiograph(
        7, "COVID-19", 128, look="adulto", without=tuple(whole.scene.lesions), hold_tone=True
    )
    assert np.array_equal(public.image, direct.image)


def test_lesion_scale_multiplies_the_contrast():
    whole = formation(7, "COVID-19", 96)
    doses = [refilm(whole, lesion_scale=scale).primary.mean() for scale in (0, 0.5, 1, 1.5)]
    assert doses == sorted(doses, reverse=True)
    half = refilm(whole, lesion_scale=0.5)
    np.testing.assert_allclose(half.shadow.excess, 0.5 * whole.shadow.excess, rtol=1e-6)
    assert np.array_equal(half.shadow.thickness, whole.shadow.thickness)
    assert np.array_equal(refilm(whole, lesion_scale=1.0).image, whole.image)


def test_a_smaller_dose_is_an_acquisition_with_fewer_photons():
    scene = plain(7, "COVID-19", "adulto", photons=3e4)
    whole = expose(scene)
    few = replace(scene, acquisition=replace(scene.acquisition, photons=3e3))
    less = refilm(whole, "foco 1", lesion_scale=0.5, dose=0.1)
    assert np.array_equal(less.image, expose(few, ("foco 1",), 0.5).image)
    assert np.array_equal(refilm(whole, dose=1.0).image, whole.image)
    noiseless = expose(replace(scene, acquisition=replace(scene.acquisition, photons=1e30)))
    noise = [np.std(refilm(whole, dose=dose).dose - noiseless.dose) for dose in (4, 1)]
    assert noise[1] / noise[0] == pytest.approx(2, rel=0.02)  # o ruído cai com a raiz da dose


def test_bad_dose():
    made = formation(7, "NORMAL", 64)
    for dose in (0, -1.0, float("nan"), float("inf"), "pouca", True):
        with pytest.raises(InputError, match=r"dose é .* maior que zero"):
            refilm(made, dose=dose)


@pytest.mark.parametrize(("seed", "label", "look"), FILMS)
def test_the_lesions_are_where_the_radiograph_says(seed, label, look):
    film, made = radiograph(seed, label, 96, look=look), objects(seed, label, 96, look=look)
    foci = [each.mask for each in made.values() if each.kind == "lesão"]
    union = np.any(foci, axis=0)
    assert not (film.lesions & ~union).any()
    assert film.lesions.sum() > 0.8 * union.sum()


def test_the_names_are_those_of_the_patient():
    made = objects(7, "NORMAL", 128, look="adulto")
    columns = {
        name: np.mean(np.nonzero(made[f"clavícula {name}"].mask)[1])
        for name in ("direita", "esquerda")
    }
    assert columns["direita"] < 64 < columns["esquerda"]  # a direita dele, à esquerda da imagem
    assert not any(each.kind == "lesão" for each in made.values())
    assert objects(2, "NORMAL", 96, look="infantil").keys().isdisjoint({"mamas", "texto"})
    assert made["clavícula direita"].mask.mean() < 0.04
    bone = made["clavícula direita"].centimetres
    assert bone.shape == (128, 128) and bone.dtype == np.float32 and 0.3 < bone.max() < 2


def test_taking_the_letter_and_the_border():
    scene = plain(7, "COVID-19", "adulto", border="white", texts=("L", "MOBILE"))
    whole, made = expose(scene), inventory(scene)
    for name in ("letra", "texto", "borda"):
        less = expose(scene, (name,))
        assert np.array_equal(less.developed, whole.developed)
        changed = less.image != whole.image
        assert changed.any() and not (changed & ~made[name].mask).any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"without": ("foco 99",)}, "foco 99.*tem foco 1, .*clavícula direita"),
        ({"without": "coração"}, "coração.*clavícula"),
        ({"lesion_scale": -0.1}, "lesion_scale é -0.1"),
        ({"lesion_scale": "muito"}, "de 0 em diante"),
        ({"lesion_scale": float("nan")}, "de 0 em diante"),
    ],
)
def test_bad_change(change, said):
    with pytest.raises(InputError, match=said):
        radiograph(7, "COVID-19", 96, **change)
