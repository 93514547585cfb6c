"""O filme e a sua verdade: ruído, máscaras, semente, entradas recusadas."""

import subprocess
import sys

import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.phantom import anatomy, looks, pathology, radiograph
from covidcam.phantom.film import detect
from covidcam.phantom.scene import Scene


def test_noise_variance_is_inverse_to_exposure():
    """Poisson: a variância da dose relativa é transmissão / fótons."""
    primary = np.full((200, 200), 0.2, np.float32)
    rng = np.random.default_rng(0)
    variance = [
        detect(primary, photons, 0.0, 20, 0.01, rng).var() for photons in (1e4, 2e4, 4e4, 8e4)
    ]
    for photons, value in zip((1e4, 2e4, 4e4, 8e4), variance, strict=True):
        electronic = (4 / photons) ** 2
        assert value == pytest.approx(0.2 / photons + electronic, rel=0.05)


def test_scatter_lowers_contrast():
    """Com razão espalhado/primário 1, metade do sinal não carrega contraste."""
    rng = np.random.default_rng(0)
    primary = np.full((128, 128), 0.1, np.float32)
    primary[:, 60:68] = 0.09  # uma barra fina não muda o espalhado
    flat = detect(primary, 1e8, 0.0, 60, 0.01, rng)
    fogged = detect(primary, 1e8, 1.0, 60, 0.01, rng)
    contrast = [1 - d[40:80, 62:66].mean() / d[40:80, 50:56].mean() for d in (flat, fogged)]
    assert contrast[0] == pytest.approx(0.1, abs=0.005)
    assert contrast[1] / contrast[0] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("seed", "label"), [(0, "COVID-19"), (1, "COVID-19"), (2, "OUTRAS"), (11, "OUTRAS")]
)
def test_masks_are_exactly_where_tissue_changed(seed, label):
    """O expoente com e sem a doença difere onde há espessura, e só lá."""
    patient = anatomy.draw_patient(seed, True)
    acquisition = looks.draw_acquisition(anatomy.stream(seed, "test"), "adulto")
    scene = Scene(seed, patient, pathology.draw_disease(patient, label), acquisition, (128, 128))
    shadow, air = scene.shadow(), scene.air
    sick, healthy = (scene.path(each) for each in (shadow, scene.shadow(scene.lesions)))
    assert np.array_equal(sick != healthy, shadow.thickness > 0)
    assert (shadow.thickness <= air + 1e-4).all()
    assert shadow.thickness.max() > 1


def test_normal_has_no_lesion_and_disease_has():
    assert not radiograph(3, "NORMAL", 96).lesions.any()
    for label in ("COVID-19", "OUTRAS"):
        film = radiograph(3, label, 96)
        assert film.lesions.any()
        assert np.array_equal(film.lesions, film.thickness > 0)
        assert film.facts["foci"] >= 1


def test_public_face():
    film = radiograph(9, "COVID-19", (96, 120))
    assert film.image.shape == (96, 120) and film.image.dtype == np.uint8
    for mask in (film.lungs, film.heart, film.lesions):
        assert mask.shape == (96, 120) and mask.dtype == bool
    assert film.thickness.dtype == np.float32
    assert film.label == "COVID-19" and film.facts["look"] in looks.LOOKS
    assert 60 < film.image.mean() < 190 and film.image.std() > 25
    assert film.image[film.lungs].mean() < film.image[film.heart].mean()  # ar mais escuro


def test_same_seed_same_film():
    one, other, third = (radiograph(seed, "OUTRAS", 96) for seed in (4, 4, 5))
    assert np.array_equal(one.image, other.image) and one.facts == other.facts
    assert not np.array_equal(one.image, third.image)


def test_films_of_a_patient_share_anatomy_and_lesions():
    first, second = (radiograph(seed, "OUTRAS", 96, patient=77) for seed in (1, 2))
    assert not np.array_equal(first.image, second.image)
    for fact in ("age", "sex", "pattern", "look"):
        assert first.facts[fact] == second.facts[fact]


def test_another_look_keeps_the_disease():
    """O mesmo paciente criança ou adulto: os mesmos sorteios de doença, do mesmo lado."""
    for seed in range(4):
        adult, child = (
            radiograph(seed, "COVID-19", 96, look=look) for look in ("adulto", "infantil")
        )
        for fact in ("bilateral", "peripheral", "lower", "mild", "foci"):
            assert adult.facts[fact] == child.facts[fact]
        sides = [film.lesions[:, :48].sum() > film.lesions[:, 48:].sum() for film in (adult, child)]
        if not adult.facts["bilateral"]:
            assert sides[0] == sides[1]


def test_frequencies_follow_the_tables():
    """Sorteios de muitos pacientes reproduzem as tabelas (± 4 desvios binomiais)."""
    people = [anatomy.draw_patient(seed, True) for seed in range(400)]
    covid = [pathology.draw_disease(person, "COVID-19").facts for person in people]
    for fact, key in (("bilateral", "bilateral"), ("lower", "lower"), ("mild", "normal")):
        share, expected = np.mean([facts[fact] for facts in covid]), pathology.COVID[key]
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 400)
    others = [pathology.draw_disease(person, "OUTRAS").facts for person in people]
    viral = np.mean([facts["pattern"] == "viral" for facts in others])
    assert viral == pytest.approx(pathology.OTHERS["viral"], abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1, "PNEUMONIA"), "NORMAL"),
        ((-1, "NORMAL"), "inteiro"),
        ((1.5, "NORMAL"), "inteiro"),
        ((1, "NORMAL", 20), "64"),
        ((1, "NORMAL", (100, 100, 3)), "dois"),
    ],
)
def test_bad_input(arguments, said):
    with pytest.raises(InputError, match=said):
        radiograph(*arguments)


def test_unknown_look():
    with pytest.raises(InputError, match="infantil"):
        radiograph(1, "NORMAL", look="polaroide")


def test_tensorflow_is_not_loaded():
    code = "import sys, covidcam.phantom; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
