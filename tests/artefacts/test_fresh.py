"""A cobertura de cada intervalo é a que se conta nos pacientes dados."""

import numpy as np
import pandas as pd
import pytest

from covidcam import artefacts, evaluation, settings
from covidcam.artefacts import fresh


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
