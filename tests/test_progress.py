"""O andamento contado num arquivo, e calado onde ninguém o espera."""

import json

import pytest

from covidcam import progress, store


def events(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def channel(tmp_path, monkeypatch):
    path = tmp_path / "recados"
    monkeypatch.setenv(progress.CHANNEL, str(path))
    return path


def test_a_bar_tells_how_far_it_is(channel, capsys):
    assert list(progress.bar("abc", desc="letras", unit="letra")) == ["a", "b", "c"]
    told = events(channel)
    assert told[0] == {"doing": "letras", "unit": "letra", "done": 0, "total": 3}
    assert told[-1]["done"] == 3
    assert capsys.readouterr() == ("", "")


def test_nobody_is_told_where_nobody_listens(monkeypatch, capsys):
    monkeypatch.delenv(progress.CHANNEL, raising=False)
    assert sum(progress.bar(range(4), desc="soma")) == 6
    assert capsys.readouterr() == ("", "")


def test_progress_never_stops_the_work(monkeypatch, tmp_path):
    monkeypatch.setenv(progress.CHANNEL, str(tmp_path / "não" / "existe"))
    assert list(progress.bar(range(2))) == [0, 1]


def test_an_artefact_is_told_when_it_is_made_and_only_then(channel, tmp_path):
    for _ in range(2):
        store.keep(tmp_path, "modelos", {"name": "mini"}, ["errors"], lambda folder: None)
    started, ended = events(channel)
    assert started == {"making": "modelos (mini)"}
    assert ended["made"] == "modelos (mini)" and ended["seconds"] >= 0


def test_an_artefact_that_fails_is_not_told_as_made(channel, tmp_path):
    def fail(folder):
        raise ValueError

    with pytest.raises(ValueError):
        store.keep(tmp_path, "fantoma", {}, ["errors"], fail)
    assert events(channel) == [{"making": "fantoma"}]
