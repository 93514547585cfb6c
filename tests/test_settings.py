"""As escolhas: o que cada variável aceita, o que recusa e o que passa adiante."""

import pytest

from covidcam import settings
from covidcam.errors import SettingsError


def test_defaults():
    chosen = settings.read({})
    assert (chosen.source, chosen.size, chosen.weights) == ("fantoma", "2020", None)
    assert chosen.data == chosen.cache / "dados"
    assert chosen.cache.is_absolute() and chosen.cache.name == "covidcam"


def test_an_empty_variable_is_an_absent_one():
    names = ("FONTE", "DADOS", "PESOS", "TAMANHO", "CACHE")
    assert settings.read({f"COVIDCAM_{name}": "" for name in names}) == settings.read({})


def test_each_variable_is_read(tmp_path):
    data, weights = tmp_path / "dados", tmp_path / "pesos"
    data.mkdir()
    weights.mkdir()
    chosen = settings.read(
        {
            "COVIDCAM_FONTE": "real",
            "COVIDCAM_DADOS": str(data),
            "COVIDCAM_PESOS": str(weights),
            "COVIDCAM_TAMANHO": "tudo",
            "COVIDCAM_CACHE": str(tmp_path / "ainda-não-existe"),
        }
    )
    assert chosen == settings.Settings("real", data, weights, "tudo", tmp_path / "ainda-não-existe")


def test_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "casa"))
    assert settings.read({"COVIDCAM_CACHE": "perto"}).cache == tmp_path / "perto"
    assert settings.read({"COVIDCAM_CACHE": "~/longe"}).cache == tmp_path / "casa" / "longe"


@pytest.mark.parametrize("with_weights", [True, False])
def test_environment_carries_every_choice_to_another_process(tmp_path, with_weights):
    weights = {"COVIDCAM_PESOS": str(tmp_path)} if with_weights else {}
    chosen = settings.read(
        {
            "COVIDCAM_FONTE": "real",
            "COVIDCAM_DADOS": str(tmp_path),
            "COVIDCAM_TAMANHO": "tudo",
            "COVIDCAM_CACHE": str(tmp_path / "cache"),
            **weights,
        }
    )
    assert settings.read(chosen.environment()) == chosen


def test_with_phantoms_changes_only_where_the_images_come_from(tmp_path):
    real = settings.Settings("real", tmp_path, tmp_path, "tudo", tmp_path)
    expected = settings.Settings("fantoma", tmp_path, tmp_path, "2020", tmp_path)
    assert real.with_phantoms() == expected


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [("COVIDCAM_FONTE", "phantom", "fantoma.*real"), ("COVIDCAM_TAMANHO", "375", "2020.*tudo")],
)
def test_an_unknown_value_is_refused_by_name(name, value, accepted):
    with pytest.raises(SettingsError, match=f"{name}='{value}'.*{accepted}"):
        settings.read({name: value})


def test_a_folder_that_must_exist_is_named(tmp_path):
    absent = tmp_path / "nada"
    real = {"COVIDCAM_FONTE": "real", "COVIDCAM_DADOS": str(absent)}
    with pytest.raises(SettingsError, match=f"COVIDCAM_DADOS aponta para {absent}"):
        settings.read(real)
    with pytest.raises(SettingsError, match=f"COVIDCAM_PESOS aponta para {absent}"):
        settings.read({"COVIDCAM_PESOS": str(absent)})
    phantoms = settings.read({"COVIDCAM_DADOS": str(absent)})  # estes não a leem
    assert phantoms.data == absent
