"""A sombra é a mesma nos dois lugares, e o que se mede dela fecha com os filmes."""

import joblib
import numpy as np
import pandas as pd
import pytest

from covidcam import evaluation, phantom
from covidcam.artefacts import psychometric
from covidcam.artefacts.psychometric import PLACES, READERS
from covidcam.phantom.film import report


def test_the_same_shadow_falls_on_the_lung_and_behind_the_heart():
    seed = psychometric.FIRST_PATIENT + 7
    person = psychometric.shadowed(seed)
    empty = person.refilm("lung", 0.0)
    healthy = phantom.radiograph(seed, "NORMAL", empty.image.shape)
    assert np.array_equal(empty.image, healthy.image)
    for place, hidden in (("lung", 0.0), ("heart", 1.0)):
        shown = person.refilm(place, 0.4)
        lost = np.log(empty.primary / shown.primary)
        assert lost.max() == pytest.approx(0.4 * psychometric.STRENGTH, rel=0.1)  # e algum vaso
        lesions = report(shown, "COVID-19").lesions
        assert np.abs(lost[~lesions]).max() < 0.02
        assert healthy.heart[lesions].mean() == pytest.approx(hidden, abs=0.2)
    few = person.refilm("heart", 0.4, dose=0.1)
    assert np.array_equal(few.primary, shown.primary)
    assert not np.array_equal(few.image, shown.image)


@pytest.fixture
def seen(chosen, trained, monkeypatch):
    for name, value in {"PATIENTS": 3, "OTHERS": 6, "CHANNELS": 3, "CONTRASTS": (0, 1)}.items():
        monkeypatch.setattr(psychometric, name, value)
    with joblib.parallel_config(backend="sequential"):  # outro processo não veria as mudanças
        return psychometric.visibility(chosen, trained)


def test_every_film_is_seen_by_every_reader(seen, trained):
    films = seen.films
    assert len(films) == 3 * 2 * 2 * 2
    assert not films.duplicated(["patient", "place", "dose", "contrast"]).any()
    assert (films["patient"] >= psychometric.FIRST_PATIENT + 6).all()
    empty = films[films["contrast"] == 0].pivot(index=["patient", "dose"], columns="place")
    assert (empty["evidence", "lung"] == empty["evidence", "heart"]).all()
    assert films.groupby("place")["behind"].mean()["heart"] > 0.8
    assert films[list(psychometric.BLIND)].stack().between(0, 1).all()
    constant = films.groupby("place")["constante"].mean()
    assert (constant > films.groupby("place")["area"].mean()).all()  # a tolerância alarga a sombra
    ideal = films.groupby("dose")["ideal"].mean()
    # √10 dos fótons, e pouco mais do ruído eletrônico, que a dose não muda
    assert np.sqrt(10) < ideal[1.0] / ideal[0.1] < 4
    first = films[(films["patient"] == films["patient"].iloc[0]) & (films["dose"] == 1)]
    person = psychometric.shadowed(int(first["patient"].iloc[0]))
    shown = [person.refilm(row.place, row.contrast) for row in first.itertuples()]
    images = np.repeat(np.array([each.image for each in shown])[..., None], 3, axis=-1)
    said = evaluation.contrast(trained.model, images, 0, 1)
    assert first["evidence"].tolist() == pytest.approx(said.tolist(), abs=1e-4)
    shadows = {place: report(person.refilm(place, 1.0), "COVID-19").lesions for place in PLACES}
    masks = np.array([shadows[place] for place in first["place"]])
    for name, heat in seen.maps.items():
        heat = heat.reshape(masks.shape)
        pointed = evaluation.pointing_game(heat, masks, psychometric.TOLERANCE)
        assert ((pointed > 0.5) == first[name]).all()


def test_the_readings_are_counted_in_the_patients():
    rows = [
        {"patient": k, "place": "lung", "dose": 1.0, "contrast": c, **dict.fromkeys(READERS, False)}
        for k in range(12)
        for c in (0.0, 1.0, 2.0)
    ]
    films = pd.DataFrame(rows)
    films.loc[films["contrast"] == 2, "network"] = True
    films.loc[(films["contrast"] == 1) & (films["patient"] < 4), "network"] = True
    films["gradient"] = films["patient"] < 6  # aponta para ali com ou sem a sombra
    films["observer"] = films["contrast"] == 0  # a sombra só o cega
    found = psychometric.readings(films.sample(frac=1, random_state=0))
    found = found.set_index(["reader", "contrast"])
    assert found.loc["network", "share"].tolist() == pytest.approx([0, 1 / 3, 1])
    assert found.loc["network", "gain"].tolist() == pytest.approx([0, 1 / 3, 1])
    # quatro ganhos e nenhuma perda: 2 / 2⁴ = 0,125; doze: 2 / 2¹²
    assert found.loc["network", "sees"].tolist() == [False, False, True]
    assert found.loc[("observer", 2.0), "gain"] == -1 and not found.loc["observer", "sees"].any()
    assert (found.loc["gradient", "share"] == 0.5).all() and not found.loc["gradient", "sees"].any()
    assert found.loc[("network", 2.0), "low"] == pytest.approx(evaluation.wilson(12, 12).low)
