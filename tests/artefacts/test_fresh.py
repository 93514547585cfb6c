"""A cobertura de cada intervalo é a que se conta nos pacientes dados."""

from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from covidcam import artefacts, cam, datasets, evaluation, models, phantom, settings
from covidcam.artefacts import fresh
from covidcam.phantom.archive import plan


def test_coverage_is_counted_in_the_films_for_every_interval(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    films = pd.DataFrame({"patient": np.arange(20) // 2, "right": random.random(20) < 0.8})
    for name in artefacts.MEASURES:
        films[name] = films["right"] if name == "right" else random.random(20).round(1)
    monkeypatch.setattr(fresh, "fresh_films", lambda *_: films)
    monkeypatch.setattr(fresh, "SIZES", (4, 6))
    monkeypatch.setattr(fresh, "MORE_SIZES", (4, 9))
    monkeypatch.setattr(fresh, "TESTS", 30)
    monkeypatch.setattr(fresh, "WIDTH_TESTS", 10)
    chosen = settings.read({"COVIDCAM_CACHE": str(tmp_path)})
    table = artefacts.interval_coverage(chosen, None)
    for measure, rows in table.groupby("measure"):
        assert rows["truth"].unique() == pytest.approx([films[measure].mean()])
        proportion = artefacts.MEASURES[measure] == "proportion"
        assert rows["interval"].str.startswith("wilson").any() == proportion
        used = evaluation.KINDS[artefacts.MEASURES[measure]]
        name = next(n for n, each in artefacts.CANDIDATES.items() if each is used)
        assert sorted(rows.loc[rows["interval"] == name, "size"]) == [4, 6, 9]
    assert (table["covered"] + table["below"] + table["above"]).to_numpy() == pytest.approx(1)
    row = table[(table["measure"] == "auprc") & (table["interval"] == "bootstrap")].iloc[0]
    values, patients = films["auprc"].to_numpy(), films["patient"].to_numpy()
    again = evaluation.redraw(values, patients, evaluation.bootstrap, row["size"], row["tests"])
    assert row["width"] == pytest.approx((again["high"] - again["low"]).mean())


def test_the_fresh_films_are_exposed_and_measured_one_by_one(chosen, trained, monkeypatch):
    counts = {"COVID-19": 2, "NORMAL": 1, "OUTRAS": 1}
    monkeypatch.setattr(fresh, "FRESH_COUNTS", counts)
    side = datasets.SIDE
    square = [replace(job, shape=(side, side)) for job in plan(counts, fresh.FRESH_SEED, 0.0)[0]]
    monkeypatch.setattr(fresh, "plan", lambda *_, **__: (square, []))
    with joblib.parallel_config(backend="sequential"):
        films = artefacts.fresh_films(chosen, trained)
    assert films["label"].value_counts().to_dict() == counts
    jobs = [job for job in square if fresh._used(job)]
    assert films["patient"].tolist() == [job.patient for job in jobs]
    again = [
        phantom.radiograph(job.seed, job.label, job.shape, look=job.look, patient=job.patient)
        for job in jobs
    ]
    images = np.repeat(np.array([film.image for film in again])[..., None], 3, axis=-1)
    said = np.array(trained.classes)[models.predict(trained.model, images).argmax(axis=1)]
    assert (films["right"] == (said == [job.label for job in jobs])).all()
    maps = cam.explain(trained.model, images).values
    expected = evaluation.auprc(maps, np.array([film.lesions for film in again]))
    assert films["auprc"].to_numpy() == pytest.approx(expected, abs=1e-3, nan_ok=True)
    assert films.loc[films["label"] == "NORMAL", list(artefacts.MEASURES)[1:]].isna().all(axis=None)
