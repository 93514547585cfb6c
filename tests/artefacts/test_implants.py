"""Os implantes: três versões de cada filme, pacientes fora do treino e o par que anda junto."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from covidcam import artefacts, models, phantom, settings
from covidcam.artefacts.data import raw_data

module = importlib.import_module("covidcam.artefacts.implants")


def test_the_three_versions_differ_where_they_should():
    healthy = phantom.radiograph(3, "NORMAL", 300, look="infantil")
    (lesion, sham, untouched), (lungs, place) = module.implanted(healthy.image, healthy.lungs, 1)
    assert {each.shape for each in (lesion, sham, untouched, lungs, place)} == {(237, 237)}
    assert 0 < place.mean() < lungs.mean()
    gained = lesion.astype(int) - sham
    assert gained[place].mean() > 10
    assert np.abs(gained[~place]).mean() < 0.3  # só a beirada, que a redução mistura
    assert sham.astype(float).mean() == pytest.approx(untouched.mean(), abs=0.5)


def test_a_film_without_two_lungs_is_left_out():
    film = np.full((80, 80), 90, np.uint8)
    assert module.implanted(film, np.zeros((80, 80), bool), 0) is None


def test_a_film_in_which_the_lesion_does_not_show_is_left_out():
    healthy = phantom.radiograph(3, "NORMAL", 300)
    assert module.SICK[82 % 2] == "COVID-19"
    assert module.implanted(healthy.image, healthy.lungs, 82) is None


def test_no_patient_is_on_both_sides_and_every_film_is_held_once():
    patients = np.repeat(np.arange(15), 2)
    parts = module.folds(patients)
    assert len(parts) == 5
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(30))
    assert all(not set(patients[rest]) & set(patients[held]) for rest, held in parts)


@pytest.fixture
def made(chosen, monkeypatch, tmp_path):
    """Os normais do acervo pequeno no lugar das radiografias reais, com pulmões retangulares."""

    def found(images, settings):
        for place, image in enumerate(images):
            mask = np.zeros(image.shape, bool)
            h, w = image.shape
            mask[h // 5 : 3 * h // 5, w // 6 : 2 * w // 5] = place > 0
            mask[h // 5 : 3 * h // 5, 3 * w // 5 : 5 * w // 6] = place > 0
            yield SimpleNamespace(mask=mask)

    monkeypatch.setattr(module.lungs, "find_many", found)
    data = str(raw_data(chosen))
    real = {"COVIDCAM_FONTE": "real", "COVIDCAM_DADOS": data, "COVIDCAM_CACHE": str(tmp_path)}
    monkeypatch.setattr(module, "LONGEST", 160)
    monkeypatch.setattr(module, "choose", lambda settings: "mini-vgg")
    return settings.read(real)


def test_every_answer_is_of_the_network_that_did_not_see_the_patient(made, monkeypatch):
    films = artefacts.implants(made)
    count = len(films.films.images)
    assert films.left_out >= 1 and count > 5
    assert set(films.films.labels) == {"COVID-19", "OUTRAS"}
    model, asked = models.build("mini-vgg", ["a", "b"]), []

    def fit(name, classes, images, truth, parts, *arguments, **options):
        asked.append((classes, images, truth, parts))
        return SimpleNamespace(model=model, predict=lambda rows: rows[:, None] / 1000)

    monkeypatch.setattr(module.models, "fit", fit)
    monkeypatch.setattr(module, "FOLDS", 2)
    monkeypatch.setattr(module, "METHODS", ("grad-cam",))
    answers, values = artefacts.implants_asked(made)
    assert (answers["first"] == answers["film"] / 1000).all()
    assert np.allclose(answers["second"], (answers["film"] + count) / 1000)
    assert answers.groupby("question")["film"].apply(sorted).tolist() == [list(range(count))] * 2
    for _, images, truth, (rest, held) in asked:
        assert len(images) == 2 * count and (truth[:count, 0] == 1).all()
        assert set(rest % count) & set(held % count) == set()  # o par fica do mesmo lado
    grad = values[(values["method"] == "grad-cam") & (values["metric"] == "auprc")]
    assert sorted(grad["film"]) == list(range(count))
