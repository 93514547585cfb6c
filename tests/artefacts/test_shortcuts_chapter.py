"""O capítulo dos atalhos: o botão só troca o modo de filmar, e as tabelas saem inteiras."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from covidcam import models, phantom, settings
from covidcam.artefacts import shortcuts
from covidcam.artefacts.films import Films
from covidcam.artefacts.shortcuts import films as of_films
from covidcam.artefacts.shortcuts import networks, tables
from covidcam.evaluation import controls

PATIENTS, SIDE = 24, 64
REAL = {"network", "energy", "centre", "lead", "share", "hidden", "shape", "look"}


@pytest.fixture
def twice():
    """Ruído com um quadrado claro na lesão e o modo de filmar escrito num canto."""
    random = np.random.default_rng(0)
    images = random.integers(60, 120, (2 * PATIENTS, SIDE, SIDE), np.uint8)
    lungs, lesions = np.zeros((2, *images.shape), bool)
    lungs[:, 16:48, 14:50] = True
    labels = np.repeat(np.array(of_films.HABIT)[np.arange(PATIENTS) % 2], 2)
    lesions[labels == "COVID-19", 28:40, 20:32] = True
    images[lesions] += 60
    images[1::2, :6, :6] = 255
    rows = pd.DataFrame(
        {
            "label": labels,
            "patient": np.repeat(np.arange(PATIENTS), 2),
            "modo": of_films.LOOKS * PATIENTS,
        }
    )
    return Films(
        images=np.repeat(images[..., None], 3, axis=-1),
        lungs=lungs,
        lesions=lesions,
        rows=rows,
        facts=("modo",),
        test=np.arange(2 * PATIENTS) >= 2 * (PATIENTS - 8),
    )


@pytest.fixture
def chosen(twice, monkeypatch, tmp_path):
    """Os fantomas trocados pelos de `twice`, e um treino que só passa."""
    for module in (of_films, tables):
        monkeypatch.setattr(module, "filmed_twice", lambda settings: twice)
    monkeypatch.setattr(tables, "DIALS", (0.0, 1.0))
    monkeypatch.setattr(tables, "SEEDS", (0,))
    return settings.read({"COVIDCAM_CACHE": str(tmp_path)})


def test_the_dial_changes_the_look_and_nothing_else(twice):
    free, tied = shortcuts.turn_dial(twice, 0), shortcuts.turn_dial(twice, 1)
    for films in (free, tied):
        assert (films.patients == np.arange(PATIENTS)).all()
        assert (films.labels == twice.labels[::2]).all()
        assert films.test.sum() == 8
        assert (films.images[:, 0, 0, 0] == 255).tolist() == (
            films.rows["modo"] == "adulto"
        ).tolist()
    assert ((tied.rows["modo"] == "adulto") == (tied.labels == "COVID-19")).all()
    assert 4 < (free.rows["modo"] == "adulto").sum() < PATIENTS - 4
    half = shortcuts.turn_dial(twice, 0.5).rows["modo"] == tied.rows["modo"]
    assert half.mean() > (free.rows["modo"] == tied.rows["modo"]).mean()


def test_repaired_films_are_only_lungs_and_lose_the_corner(twice):
    films = shortcuts.repair(twice)
    assert films.images.shape == twice.images.shape
    assert not (films.images == 0).all()
    assert films.lungs.mean() > 0.7 > twice.lungs.mean()
    assert (films.lesions.any(axis=(1, 2)) == twice.lesions.any(axis=(1, 2))).all()
    assert not films.images[~films.lungs & (films.images[..., 0] > 250)].any()


def test_the_tables_come_whole(chosen, twice):
    table = shortcuts.dial_experiment(chosen)
    assert list(table.columns) == [
        "dial",
        "seed",
        "confounded",
        "unconfounded",
        "grad-cam",
        "occlusion",
        "centro",
        "ao acaso",
    ]
    assert table["centro"].nunique() == 1  # não depende da rede
    assert table["dial"].tolist() == [0, 1]
    # com o botão em 0 as duas provas são a mesma
    assert table.loc[0, "confounded"] == table.loc[0, "unconfounded"]
    assert np.isfinite(table).all(axis=None)

    after = shortcuts.before_and_after(chosen)
    keys = after[["films", "state"]].drop_duplicates()
    assert len(keys) == 4
    assert ((after["low"] <= after["mean"]) & (after["mean"] <= after["high"])).all()
    assert set(after["measure"]) == {
        "network",
        "both_looks",
        "energy",
        "centre",
        "lead",
        "share",
        "hidden",
        "shape",
        "look",
    }
    # o reparo se mede filme a filme: a diferença é a das médias, e só ela tem intervalo
    both = after.pivot(index=["films", "measure"], columns="state", values="mean")
    change = after[after["state"] == "reparados"].set_index(["films", "measure"])
    np.testing.assert_allclose(
        both["reparados"] - both["como vieram"], change["change"].loc[both.index]
    )
    assert (change["change_low"] <= change["change"]).all()
    assert after.loc[after["state"] == "como vieram", "change"].isna().all()
    # o que o mapa tem a mais do que a mancha é a diferença entre os dois
    means = after.pivot(index=["films", "state"], columns="measure", values="mean")
    np.testing.assert_allclose(means["lead"], means["energy"] - means["centre"])
    assert set(after["films"]) == {"coleções", "modo sorteado"}
    # as respostas de cada rede são as que ela dá, e as da tabela
    answers = shortcuts.both_modes(chosen)
    networks = ["coleções", "coleções, reparadas", "um só modo", "modo sorteado"]
    assert list(answers.columns) == ["patient", "label", "modo", *networks]
    test = twice.pick(twice.test)
    assert answers["patient"].tolist() == test.patients.tolist()
    assert answers["modo"].tolist() == test.rows["modo"].tolist()
    name, free = shortcuts.unlinked(chosen)
    assert (name, set(free.rows["modo"])) == ("modo sorteado", set(of_films.LOOKS))
    model = shortcuts.train(chosen, free)
    said = np.array(test.classes)[models.predict(model, test.images).argmax(axis=1)]
    assert answers[name].tolist() == (said == test.labels).tolist()
    balanced = answers.groupby("label")["coleções"].mean().mean()
    assert means.loc[("coleções", "como vieram"), "both_looks"] == pytest.approx(balanced)
    looks = after[after["measure"] == "look"].set_index("state")["mean"]
    assert looks["como vieram"] > 0.9  # o canto escrito
    assert looks["reparados"] < 0.75  # recortado, não há canto
    assert set(after.loc[after["measure"] == "look", "films"]) == {"coleções"}


def test_the_controls_of_both_ends(chosen):
    table = shortcuts.shortcut_controls(chosen)
    corner = table[(table["control"] == "só a moldura") & (table["answer"] == "classe")]
    corner = corner.set_index("films")["balanced"]
    assert corner["modo de cada classe"] > 0.9
    assert corner["modo sorteado"] < 0.8


def untrained(settings, films):
    return models.build("mini-vgg", films.classes, input_shape=films.images.shape[1:])


def test_the_real_films_are_asked_the_same(chosen, twice, monkeypatch, tmp_path):
    """Com as radiografias reais trocadas por ruído, e a VGG16 por pixels."""
    inside = twice.rows["modo"] == "adulto"
    rows = twice.rows.assign(
        acervo=np.where(inside, "cohen", "kermany"),
        label=np.where(inside & (twice.labels == "COVID-19"), "COVID-19", "OUTRAS"),
    )
    films = replace(twice, rows=rows, facts=("acervo",), lesions=None)
    features = controls.pixels
    for module in (of_films, tables):
        monkeypatch.setattr(module, "real_films", lambda settings: films)
    monkeypatch.setattr(tables, "deep_features", lambda settings, images: features(images))
    monkeypatch.setattr(tables, "identity", lambda settings, data: "ruído")
    monkeypatch.setattr(tables, "train", untrained)
    (tmp_path / models.PRETRAINED["vgg16"]).touch()
    real = replace(chosen, source="real", weights=tmp_path)
    flattering, same = shortcuts.flattering(real), shortcuts.one_mode(real)
    assert (pd.crosstab(flattering.labels, flattering.rows["acervo"]).to_numpy() > 0).sum() == 2
    assert set(same.rows["acervo"]) == {"cohen"}
    assert same.classes == ["COVID-19", "OUTRAS"]

    after = shortcuts.before_and_after(real)
    assert set(after["measure"]) == REAL
    looks = after[after["measure"] == "look"].set_index("state")
    assert looks.loc["como vieram", "mean"] > 0.8
    assert (looks["images"] == (films.labels == "OUTRAS").sum()).all()
    assert set(shortcuts.shortcut_controls(real)["films"]) == {"coleções"}


def test_real_films_without_weights_make_do_with_the_small_network(
    chosen, twice, monkeypatch, tmp_path
):
    """Uma pasta de pesos vazia não impede a página de sair inteira."""
    place = np.arange(len(twice.rows)) % 4
    rows = pd.DataFrame(
        {
            "label": np.array(["COVID-19", "NORMAL", "OUTRAS", "OUTRAS"])[place],
            "patient": np.arange(len(twice.rows)),
            "acervo": np.array(["cohen", "kermany", "cohen", "kermany"])[place],
        }
    )
    films = replace(twice, rows=rows, facts=("acervo",), lesions=None)
    for module in (of_films, tables):
        monkeypatch.setattr(module, "real_films", lambda settings: films)
    (tmp_path / "vazia").mkdir()
    real = replace(chosen, source="real", data=tmp_path / "vazia", weights=tmp_path / "vazia")
    assert shortcuts.train(real, shortcuts.flattering(real)).name == "mini-vgg"
    monkeypatch.setattr(tables, "train", untrained)
    assert shortcuts.unlinked(real)[0] == "um só acervo"
    assert np.isfinite(shortcuts.shortcut_controls(real)["balanced"]).all()
    after = shortcuts.before_and_after(real)
    assert set(after["measure"]) == REAL


def test_the_two_accuracies_of_the_dial_by_hand():
    """Três pacientes: um acertado só no modo da sua classe, um só no outro, um nos dois."""
    right = np.array([[True, False], [True, False], [True, True]])
    habit = np.array([0, 1, 1])  # em casa: certo, errado, certo; fora: errado, certo, certo
    assert tables.accuracies(right, habit, 1.0) == (2 / 3, 4 / 6)
    right = np.array([[True, False], [False, True], [True, True], [False, True]])
    habit = np.array([0, 1, 1, 0])  # em casa: 3 de 4; fora: 2 de 4
    assert tables.accuracies(right, habit, 1.0) == (3 / 4, 5 / 8)
    assert tables.accuracies(right, habit, 0.0) == (5 / 8, 5 / 8)
    assert tables.accuracies(right, habit, 0.5)[0] == 0.75 * 3 / 4 + 0.25 * 2 / 4


def test_each_patient_is_filmed_in_both_modes_with_one_disease(monkeypatch, tmp_path):
    monkeypatch.setattr(of_films, "PATIENTS", 4)
    monkeypatch.setattr(of_films, "HELD_OUT", 1)
    films = shortcuts.filmed_twice(settings.read({"COVIDCAM_CACHE": str(tmp_path)}))
    assert films.images.shape == (8, 128, 128, 3)
    assert films.rows["modo"].tolist() == list(of_films.LOOKS) * 4
    assert (films.patients[::2] == films.patients[1::2]).all() and len(set(films.patients)) == 4
    assert films.labels.tolist() == list(np.repeat(of_films.HABIT * 2, 2))
    assert films.test.tolist() == [False] * 6 + [True] * 2
    assert (films.lesions.any(axis=(1, 2)) == (films.labels == "COVID-19")).all()
    for n, (patient, look) in enumerate(zip(films.patients, films.rows["modo"], strict=True)):
        label = films.labels[n]
        again = phantom.radiograph(int(patient), label, 128, look=look, patient=int(patient))
        np.testing.assert_array_equal(films.images[n, ..., 0], again.image)
        np.testing.assert_array_equal(films.lungs[n], again.lungs)


def test_frozen_networks_are_trained_on_what_they_see_and_watch_the_last(
    chosen, twice, monkeypatch
):
    given = {}

    def fit(name, classes, images, Y, parts, recipe, source, **options):
        given.update(name=name, classes=classes, Y=Y, parts=parts, recipe=recipe, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "choose", lambda settings: "vgg16")
    monkeypatch.setattr(networks, "deep_features", lambda settings, images: "o que ela vê")
    monkeypatch.setattr(networks.models, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        shortcuts.train(chosen, twice, seed=3)
    kept = np.flatnonzero(~twice.test)
    assert given["features"] == "o que ela vê" and given["recipe"]["seed"] == 3
    assert given["parts"][0].tolist() == kept[:-8].tolist()
    assert given["parts"][1].tolist() == kept[-8:].tolist()
    assert [given["classes"][k] for k in given["Y"].argmax(axis=1)] == twice.labels.tolist()
