"""As escolas diferem só na pista, e o alarme mede todas as redes nos mesmos filmes."""

import numpy as np
import pandas as pd
import pytest

from covidcam import evaluation, settings
from covidcam.artefacts import alarm, reproducibility
from covidcam.artefacts.films import Films
from covidcam.artefacts.shortcuts import films as of_films

PATIENTS, SIDE = 24, 64


@pytest.fixture
def twice():
    """Ruído, com o modo de filmar escrito no alto e a lesão clara."""
    images = np.random.default_rng(0).integers(60, 120, (2 * PATIENTS, SIDE, SIDE), np.uint8)
    lungs, lesions = np.zeros((2, *images.shape), bool)
    lungs[:, 16:48, 14:50] = True
    labels = np.repeat(np.array(of_films.HABIT)[np.arange(PATIENTS) % 2], 2)
    lesions[labels == "COVID-19", 28:40, 20:32] = True
    images[1::2, :6, :6] = 255
    looks = of_films.LOOKS * PATIENTS
    patients = np.repeat(np.arange(PATIENTS), 2)
    return Films(
        images=np.repeat(images[..., None], 3, axis=-1),
        lungs=lungs,
        lesions=lesions,
        rows=pd.DataFrame({"label": labels, "patient": patients, "modo": looks}),
        facts=("modo",),
        test=np.arange(2 * PATIENTS) >= 2 * (PATIENTS - 8),
    )


def lettered(films):
    """Quem tem a letra: branco puro no canto de baixo."""
    corner = films.images[:, SIDE * 3 // 4 :, : SIDE // 5]
    return (corner == 255).any(axis=(1, 2, 3))


def test_only_the_clue_of_each_school_goes_with_the_class(twice):
    taught = {school: alarm.lesson(twice, school) for school in alarm.SCHOOLS}
    for films in taught.values():
        assert (films.patients == np.arange(PATIENTS)).all()
        assert films.test.sum() == 8
    sick = taught["letra"].labels == "COVID-19"
    adult = {name: (films.rows["modo"] == "adulto").to_numpy() for name, films in taught.items()}
    assert (lettered(taught["letra"]) == sick).all() and (adult["modo"] == sick).all()
    for name in ("honestas", "modo"):
        assert 4 < (lettered(taught[name]) == sick).sum() < PATIENTS - 4
    for name in ("honestas", "letra"):
        assert 4 < (adult[name] == sick).sum() < PATIENTS - 4


def test_turning_a_clue_gives_it_to_the_other_class_of_the_same_patients(twice):
    letter, mode = alarm.turned(twice, "letra"), alarm.turned(twice, "modo")
    sick = letter.labels == "COVID-19"
    assert (letter.patients == mode.patients).all() and (letter.patients == range(PATIENTS)).all()
    assert (lettered(letter) == ~sick).all()
    assert ((mode.rows["modo"] == "adulto").to_numpy() == ~sick).all()


def test_a_planted_letter_changes_its_box_and_nothing_else(twice):
    chosen = np.arange(2 * PATIENTS) % 3 == 0
    films = alarm.plant(twice, chosen)
    changed = (films.images != twice.images).any(axis=-1)
    assert changed.any(axis=(1, 2)).tolist() == chosen.tolist()
    assert not (changed & ~alarm.letter_box(twice)).any()


@pytest.fixture
def chosen(twice, monkeypatch, tmp_path):
    for module in (alarm, reproducibility):
        monkeypatch.setattr(module, "filmed_twice", lambda settings: twice)
    monkeypatch.setattr(alarm, "NETWORKS", 1)
    monkeypatch.setattr(alarm, "ALARMS", ("grad-cam",))
    monkeypatch.setattr(reproducibility, "DRAWS", 1)
    monkeypatch.setattr(reproducibility, "METHODS", ("grad-cam", "hires-cam"))
    few = {reproducibility.BASE: {}, "cabeça de 2020": {"head": "2020-modelo-2"}}
    monkeypatch.setattr(reproducibility, "RECIPES", few)
    return settings.read({"COVIDCAM_CACHE": str(tmp_path)})


def test_every_network_is_heard_in_the_same_films(chosen, twice):
    found = alarm.alarm(chosen)
    films = alarm.watched(twice)
    assert (films.labels == "COVID-19").all() and (films.rows["modo"] == "adulto").all()
    assert lettered(films).all() and films.test.all()
    assert found.answers["school"].tolist() == list(alarm.SCHOOLS)
    assert found.answers[["home", "letter", "mode"]].isin(np.arange(9) / 8).all(axis=None)
    count = found.scores.groupby("school").size()
    assert count.tolist() == [len(films.rows)] * 4  # as três escolas e o oponente
    blind = found.scores[found.scores["school"] == ""]
    centre = evaluation.OPPONENTS["centro"](films.images, films.lungs)
    expected = evaluation.energy_ratio(centre, films.lungs)
    assert blind["lungs"].tolist() == pytest.approx(expected.tolist())
    for place, school in enumerate(alarm.SCHOOLS):
        row = found.scores[(found.scores["school"] == school) & (found.scores["film"] == 0)]
        first = evaluation.energy_ratio(found.maps[place], films.lungs[:1])
        assert row["lungs"].tolist() == pytest.approx(first.tolist(), rel=1e-4)


def test_networks_that_only_differ_in_the_recipe_are_compared_film_by_film(chosen, twice):
    found = reproducibility.redone(chosen)
    assert found.networks["recipe"].tolist() == ["mini-vgg", "cabeça de 2020"]
    (pair,) = found.pairs.itertuples()
    assert (pair.recipe, pair.other) == ("mini-vgg", "cabeça de 2020")
    assert found.maps.shape == (2, 1, SIDE, SIDE)
    same = found.same.set_index(["recipe", "method"])["same"]
    assert same["mini-vgg", "hires-cam"] and same["cabeça de 2020", "grad-cam"]
    sick = reproducibility.sick_films(of_films.turn_dial(twice, 0.0))
    hits = found.hits[(found.hits["method"] == "grad-cam") & (found.hits["film"] == 0)]
    expected = [evaluation.pointing_game(maps, sick.lesions[:1])[0] for maps in found.maps]
    assert hits["hit"].tolist() == pytest.approx(expected, abs=1e-6)
    blind = found.hits[found.hits["recipe"] == ""]
    assert set(blind["method"]) == set(evaluation.OPPONENTS)
