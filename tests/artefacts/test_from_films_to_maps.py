"""De um acervo pequeno aos mapas: cada filme com a sua máscara, e nada feito duas vezes."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covidcam import artefacts, cam, datasets, evaluation, models, novelty
from covidcam.artefacts import maps, networks
from covidcam.models import ARCHITECTURES

RECIPE = {"epochs": 1, "learning_rate": 1e-3, "seed": 3}  # nenhum outro teste a usa


def made(chosen):
    """Os arquivos do depósito, com o instante em que foram escritos."""
    files = (chosen.cache / "artefatos").rglob("*")
    return {f: f.stat().st_mtime_ns for f in files if f.is_file() and f.suffix != ".lock"}


def drawn(chosen):
    """O que o acervo diz de cada filme, pelo caminho inteiro."""
    folder = artefacts.raw_data(chosen)
    table = pd.read_csv(folder / "phantom.csv")
    return table.set_index(table["path"].map(lambda path: str(folder / path)))


def mask_of(path, kind, side=datasets.SIDE):
    """A máscara de um filme, lida do arquivo ao lado dele e levada ao lado dos arrays."""
    folder = next(parent for parent in Path(path).parents if (parent / "phantom.csv").is_file())
    file = folder / "masks" / f"{Path(path).relative_to(folder).as_posix()}.{kind}.png"
    whole = Image.open(file).convert("L")
    return np.asarray(whole.resize((side, side), Image.Resampling.BOX)) > 127


def agree(mask, other):
    """Duas máscaras iguais a menos dos pixels da beirada, que cada biblioteca corta a seu modo."""
    return (mask != other).mean() < 0.01 and (mask & other).sum() > 0.8 * (mask | other).sum()


def test_arrays_hold_the_films_of_the_archive_with_their_labels(chosen):
    data, truth = artefacts.arrays(chosen), drawn(chosen)
    assert data.X.shape == (32, 237, 237, 3) and data.classes == datasets.CLASSES
    assert data.rows["label"].value_counts().to_dict() == {
        "COVID-19": 12,
        "NORMAL": 10,
        "OUTRAS": 10,
    }
    assert [data.classes[k] for k in data.labels] == truth.loc[data.rows["path"], "label"].tolist()
    for n in (0, 13, 31):
        np.testing.assert_array_equal(data.X[n], datasets.read_image(data.rows["path"][n], 237))
    assert data.key == data.folder.name


def test_the_selection_takes_each_class_from_its_collection(chosen):
    rows = artefacts.arrays(chosen).rows
    assert set(zip(rows["label"], rows["source"], strict=True)) == {
        ("COVID-19", "cohen"),
        ("NORMAL", "kermany"),
        ("OUTRAS", "kermany"),
    }
    whole = dataclasses.replace(chosen, size="tudo")
    catalog = datasets.load_catalog(artefacts.raw_data(chosen))
    everything = artefacts.selection(whole, catalog)
    assert len(everything) >= 32 and set(rows["path"]) <= set(everything["path"])


def test_a_trained_network_answers_for_its_test(chosen, trained):
    data = artefacts.arrays(chosen)
    parts = [trained.train, trained.validation, trained.test]
    assert sorted(np.concatenate(parts)) == list(range(32))
    people = [set(data.patients[part]) for part in parts]
    assert not (people[0] & people[1] or people[0] & people[2] or people[1] & people[2])
    again = models.predict(models.load(trained.file), data.X[trained.test])
    np.testing.assert_allclose(trained.probabilities, again, atol=1e-5)
    np.testing.assert_allclose(
        trained.held, models.predict(trained.model, data.X[trained.validation]), atol=1e-5
    )
    labels = [data.classes.index(label) for label in data.rows["label"]]
    assert trained.truth.tolist() == [labels[n] for n in trained.test]
    assert trained.held_truth.tolist() == [labels[n] for n in trained.validation]
    assert trained.said.tolist() == again.argmax(axis=1).tolist()
    assert trained.right.tolist() == (again.argmax(axis=1) == trained.truth).tolist()
    assert trained.patients.tolist() == data.rows["patient"].iloc[trained.test].tolist()
    assert trained.rows["path"].tolist() == data.rows["path"].iloc[trained.test].tolist()
    assert trained.classes == data.classes and trained.key == trained.file.parent.name


def test_model_1_has_its_two_classes_in_order(chosen):
    trained = artefacts.model_1(chosen)
    assert trained.classes == ("NORMAL", "COVID-19") and trained.probabilities.shape[1] == 2
    assert set(trained.data.rows["label"]) == {"NORMAL", "COVID-19"}


def test_another_recipe_is_another_network_and_the_book_keeps_its_own(chosen, trained):
    recipe = models.ARCHITECTURES["mini-vgg"].recipes["modelo-2"] | {"epochs": 2}
    other = artefacts.trained(chosen, "mini-vgg", recipe=recipe)
    assert other.key != trained.key and len(other.history) == 2
    assert artefacts.model_2(chosen).key == trained.key


def test_what_is_made_once_is_not_made_again(chosen, trained):
    def everything():
        artefacts.predicted_maps(chosen, trained)
        artefacts.usual_films(chosen)
        artefacts.frozen_features(chosen, "mini-vgg", "pooled", trained.data.X[:4])
        artefacts.memorizer(chosen)

    everything()
    before = made(chosen)
    everything()
    after = made(chosen)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("part", ["test", "train"])
def test_abnormal_films_come_with_their_own_masks_and_patients(chosen, trained, part):
    films, truth = artefacts.abnormal_films(trained, part=part), drawn(chosen)
    rows = trained.data.rows.iloc[getattr(trained, part)]
    sick = rows[(truth.loc[rows["path"], "lesion_area"] > 0).to_numpy()]
    assert films.rows["path"].tolist() == sick["path"].tolist()
    assert films.patients.tolist() == sick["patient"].tolist()
    for image, lungs, lesion, path in zip(
        films.images, films.lungs, films.lesions, films.rows["path"], strict=True
    ):
        np.testing.assert_array_equal(image, datasets.read_image(path, datasets.SIDE))
        assert agree(lungs, mask_of(path, "lungs")) and agree(lesion, mask_of(path, "lesions"))


def test_few_abnormal_films_are_spread_over_all(trained):
    films = artefacts.abnormal_films(trained, part="train")
    few = artefacts.abnormal_films(trained, limit=3, part="train")
    everyone = films.rows["path"].tolist()
    assert few.rows["path"].tolist() == [
        everyone[0],
        everyone[round((len(everyone) - 1) / 2)],
        everyone[-1],
    ]
    picked = films.pick([0, 2])
    assert picked.rows["path"].tolist() == [everyone[0], everyone[2]]
    assert (picked.lungs[1] == films.lungs[2]).all() and picked.labels[1] == films.labels[2]


@pytest.fixture
def two_methods(monkeypatch):
    quick = {name: cam.METHODS[name] for name in ("grad-cam", "gradient")}
    monkeypatch.setattr(cam, "METHODS", quick)
    monkeypatch.setattr(maps, "SAMPLES", {})
    return list(quick)


def test_the_board_is_the_mean_of_the_loose_measures(chosen, trained, two_methods):
    table = artefacts.where_board(chosen, trained)
    films = artefacts.abnormal_films(trained)
    heat = {name: cam.explain(trained.model, films.images, name).values for name in two_methods}
    heat |= evaluation.opponents(films.images, films.lungs)
    assert set(table["method"]) == set(heat)
    assert set(table["metric"]) == set(evaluation.WHERE)
    for row in table.itertuples():
        values = evaluation.WHERE[row.metric](heat[row.method], films.lesions)
        assert row.mean == pytest.approx(np.nanmean(values), abs=1e-6)
        assert row.images == len(films.images)
        assert row.patients == len(set(films.patients))


def test_few_films_keep_their_place_among_all(chosen, trained):
    whole = artefacts.measured(chosen, trained, ("pointing_game",), ("grad-cam",))
    few = artefacts.measured(chosen, trained, ("pointing_game",), ("grad-cam",), limit=2)
    films = artefacts.abnormal_films(trained)
    assert few["film"].unique().tolist() == [0, len(films.images) - 1]
    both = few.merge(whole, on=["method", "film"], suffixes=("", "_whole"))
    assert len(both) == len(few)
    both = both[both["method"] != "ao acaso"]  # outro sorteio para outro conjunto de filmes
    assert both["value"].tolist() == pytest.approx(both["value_whole"].tolist())


def test_deletion_is_told_with_each_reference_in_all_films_for_the_gradient_family(
    chosen, trained, two_methods, monkeypatch
):
    monkeypatch.setitem(cam.METHODS, "eigen-cam", maps.cam.METHODS.get("grad-cam"))
    monkeypatch.setattr(maps, "FEW", 2)
    table = artefacts.faithful_board(chosen, trained)
    assert set(table["metric"]) == set(evaluation.FAITHFUL)
    films = artefacts.abnormal_films(trained)
    images = table.set_index(["method", "metric", "reference"])["images"]
    for reference in evaluation.REFERENCES:
        for method in (*two_methods, *evaluation.OPPONENTS):
            assert images[method, "deletion", reference] == len(films.images)
        assert images["eigen-cam", "deletion", reference] == 2
    assert images["grad-cam", "road", ""] == images["bordas", "insertion", "blur"] == 2
    heat = evaluation.opponents(films.images, films.lungs)["centro"]
    target = cam.explain(trained.model, films.images).target
    areas = evaluation.deletion(trained.model, films.images, heat, target, "mean").auc
    told = table.set_index(["method", "metric", "reference"])["mean"]
    assert told["centro", "deletion", "mean"] == pytest.approx(areas.mean(), abs=1e-6)
    values = artefacts.faithful_values(chosen, trained)
    rows = values[(values.method == "centro") & (values.reference == "mean")]
    assert rows["value"].tolist() == pytest.approx(areas.tolist(), abs=1e-6)


def test_no_map_of_many_names_is_measured_both_in_all_films_and_in_few():
    model = models.build("mini-vgg", datasets.CLASSES, input_shape=(64, 64, 3))
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    names = [*cam.activation_methods(), "smooth-grad-cam++"]
    found = {name: each.values for name, each in cam.explain(model, images, names).items()}
    first = evaluation.twins(found)
    assert first["shapley-cam"] == "grad-cam" and first["smooth-grad-cam++"] == "grad-cam++"
    family = artefacts.GRADIENT_FAMILY
    assert [name for name in names if (name in family) != (first[name] in family)] == []


def test_predicted_maps_are_those_of_the_predicted_class(chosen, trained):
    values, target = artefacts.predicted_maps(chosen, trained)
    assert target.tolist() == trained.said.tolist()
    fresh = cam.explain(trained.model, trained.data.X[trained.test], target=trained.said)
    np.testing.assert_allclose(values, fresh.values, atol=1e-5)


def test_the_tuned_threshold_is_the_best_of_the_validation(trained):
    table = artefacts.tuned_overlap(trained, ["grad-cam"])
    before = artefacts.abnormal_films(trained, part="validation")
    heat = cam.explain(trained.model, before.images).values

    def overlap(threshold):
        return np.nanmean(evaluation.iou(heat, before.lesions, threshold))

    row = table.loc["grad-cam"]
    found = row["threshold"]
    assert overlap(found) >= max(map(overlap, np.arange(0.1, 1, 0.1))) - 1e-9
    test = artefacts.abnormal_films(trained)
    heat = cam.explain(trained.model, test.images).values
    tuned, otsu = (evaluation.iou(heat, test.lesions, cut) for cut in (found, "otsu"))
    assert row["tuned"] == pytest.approx(np.nanmean(tuned), abs=1e-6)
    assert row["otsu"] == pytest.approx(np.nanmean(otsu), abs=1e-6)
    assert row["difference"] == pytest.approx(row["tuned"] - row["otsu"])
    assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    assert set(table.index) == {"grad-cam", *evaluation.OPPONENTS}


def test_lung_energy_is_told_by_class_where_there_are_boxes(chosen, trained, monkeypatch):
    rows = trained.data.rows.copy()
    boxes = [[0.1, 0.2, 0.45, 0.9], [0.55, 0.2, 0.9, 0.9]]
    rows["lung_boxes"] = [boxes if label != "NORMAL" else None for label in rows["label"]]
    boxed = dataclasses.replace(trained, data=dataclasses.replace(trained.data, rows=rows))
    monkeypatch.setattr(maps, "model_2", lambda settings: boxed)
    table = artefacts.lung_energy(chosen)
    assert "NORMAL" not in table.index
    heat = cam.explain(trained.model, trained.data.X[trained.test]).values
    inside = np.zeros((237, 237), bool)
    for x0, y0, x1, y1 in np.round(237 * np.array(boxes)).astype(int):
        inside[y0:y1, x0:x1] = True
    for label, row in table.iterrows():
        of = heat[(trained.rows["label"] == label).to_numpy()]
        ratios = of[:, inside].sum(axis=1) / of.sum(axis=(1, 2)) / inside.mean()
        assert row["energia, em múltiplos do acaso"] == pytest.approx(np.nanmean(ratios), abs=1e-5)
        assert row["imagens"] == len(of)


def test_frozen_features_are_what_the_frozen_part_gives(chosen, trained):
    images = trained.data.X[:5]
    found = artefacts.frozen_features(chosen, "mini-vgg", "pooled", images)
    assert found.shape == (5, 118, 118, 1)  # a metade do lado, em cinza, com média 0 e desvio 1
    grey = images[..., 0].astype(float)[:, :236, :236].reshape(5, 118, 2, 118, 2).mean(axis=(2, 4))
    grey = (grey - grey.mean(axis=(1, 2), keepdims=True)) / 255
    grey /= np.sqrt(grey.var(axis=(1, 2), keepdims=True) + 1e-3)  # o épsilon do Keras
    np.testing.assert_allclose(found[..., 0], grey, atol=1e-3)
    one = artefacts.frozen_features(chosen, "mini-vgg", "pooled", images[:1])
    assert one.shape[0] == 1  # outras imagens, outro artefato


def test_the_explorer_shows_two_test_films_of_each_class(chosen, trained, monkeypatch):
    from covidcam.artefacts import explorer

    monkeypatch.setattr(explorer, "METHODS", ("grad-cam", "layer-cam"))
    monkeypatch.setattr(explorer, "OPTIONS", {})
    data = artefacts.exploration(chosen, trained)
    expected = [np.flatnonzero(trained.truth == label)[:2] for label in range(3)]
    kept = np.concatenate(expected)
    assert data.truth.tolist() == trained.truth[kept].tolist()
    films = trained.data.X[trained.test[kept]]
    np.testing.assert_array_equal(data.films, films[..., 0])
    np.testing.assert_array_equal(data.probabilities, trained.probabilities[kept])
    for n, path in enumerate(trained.rows["path"].iloc[kept]):
        lesion = mask_of(path, "lesions")
        assert agree(data.lesions[n], lesion) if lesion.any() else not data.lesions[n].any()
    heat = cam.explain(trained.model, films, "layer-cam", target=2)
    np.testing.assert_allclose(data.maps[:, 1, 2], 255 * heat.values, atol=1)
    hits = evaluation.pointing_game(heat.values, data.lesions)
    np.testing.assert_array_equal(data.hits[:, 1, 2], hits)
    ratios = evaluation.energy_ratio(heat.values, data.lesions)
    np.testing.assert_allclose(data.ratios[:, 1, 2], ratios, rtol=1e-4)


def test_the_usual_films_are_those_of_the_book(chosen, trained):
    found = artefacts.usual_films(chosen)
    fresh = novelty.fit(trained.data.X, trained.data.labels)
    some = trained.data.X[:6]
    np.testing.assert_allclose(found.strangeness(some), fresh.strangeness(some))


def test_the_splits_are_compared_on_the_pixels_of_the_book(chosen, trained):
    features, said = artefacts.plain_features(chosen)
    assert features.shape == (32, 256) and "256 cinzas" in said
    assert features[3].mean() == pytest.approx(trained.data.X[3].mean(), abs=1)
    gap = artefacts.split_comparison(chosen)
    fresh = evaluation.split_gap(features, trained.data.labels, trained.data.patients, range(10))
    np.testing.assert_allclose(gap[["random", "by_patient"]], fresh)
    assert gap["patient"].tolist() == trained.data.rows["patient"].tolist()


def test_twins_are_looked_for_on_both_sides_of_each_split(chosen):
    twins = artefacts.near_duplicates(chosen)
    assert set(twins["por paciente"]["same_patient"]) == {False}
    rows = len(artefacts.arrays(chosen).rows)
    assert sorted(twins["como em 2020"]["test"]) == sorted(datasets.split_2020(rows)[1])


def test_mistakes_are_told_with_what_was_drawn(chosen, trained):
    wrong, ceiling = artefacts.phantom_mistakes(chosen, trained)
    facts = drawn(chosen).loc[trained.rows["path"]]
    assert wrong.index.tolist() == np.flatnonzero(~trained.right).tolist()
    assert wrong["era"].tolist() == facts["label"][~trained.right].tolist()
    assert wrong["a rede disse"].tolist() == [
        trained.classes[k] for k in trained.said[~trained.right]
    ]
    assert wrong["modo"].tolist() == facts["look"][~trained.right].tolist()
    normal = wrong["era"] == "NORMAL"  # do que não tem lesão não se diz se ela se vê
    assert wrong.loc[normal, ["contraste", "visível"]].isna().all(axis=None)
    assert wrong.loc[~normal, ["contraste", "visível"]].notna().all(axis=None)
    assert ceiling == facts["visible"].mean()


def test_only_the_labels_of_the_training_tell_the_memorizer_from_its_twin(
    chosen, trained, monkeypatch
):
    given = []
    fit = networks.models.fit

    def seen(name, classes, images, Y, parts, recipe, *rest, **options):
        given.append((name, np.array(Y), parts, dict(recipe)))
        return fit(name, classes, images, Y, parts, recipe, *rest, **options)

    monkeypatch.setattr(networks.models, "fit", seen)
    monkeypatch.setattr(
        networks,
        "_twin",
        lambda settings, shuffle: networks.trained(
            settings, "mini-vgg", "modelo-2", RECIPE, shuffle=shuffle
        ),
    )
    memorizer, twin = artefacts.memorizer(chosen), artefacts.honest_twin(chosen)
    (name, Y, parts, recipe), (_, honest, other_parts, other_recipe) = given
    assert recipe == other_recipe == RECIPE and name == "mini-vgg"
    for part, other in zip(parts, other_parts, strict=True):
        np.testing.assert_array_equal(part, other)
    np.testing.assert_array_equal(honest, trained.data.Y)
    train = memorizer.train
    assert (Y[train] != honest[train]).any()
    assert Y[train].sum(axis=0).tolist() == honest[train].sum(axis=0).tolist()
    rest = np.concatenate([memorizer.validation, memorizer.test])
    np.testing.assert_array_equal(Y[rest], honest[rest])
    np.testing.assert_array_equal(memorizer.data.Y, Y)  # o que ela viu, para medir o que decorou
    np.testing.assert_array_equal(twin.data.Y, honest)
    assert memorizer.key != twin.key
    said = models.predict(memorizer.model, memorizer.data.X[train]).argmax(axis=1)
    assert artefacts.learned(memorizer) == (said == Y[train].argmax(axis=1)).mean()


def test_the_recipe_of_the_twins_has_no_variation_and_no_price():
    for each in ARCHITECTURES.values():
        recipe = each.recipes.get("decorar", {})
        assert not each.frozen or not recipe
        assert each.frozen or set(recipe) == {"epochs", "learning_rate", "seed"}


def test_what_the_last_pages_ask_is_made_ahead(chosen, monkeypatch):
    from covidcam.artefacts import ahead

    asked = []
    for name in vars(ahead):
        if callable(vars(ahead)[name]) and name not in ("ahead", "Settings"):
            record = lambda *given, name=name: asked.append(name)  # noqa: E731
            monkeypatch.setattr(ahead, name, record)
    ahead.ahead(chosen)
    pages = "".join(p.read_text("utf-8") for p in Path("book").glob("*.md"))
    # as páginas que mostram a receita fazem, passo a passo, o que estas três fazem de uma vez
    shown = {
        "model_1": 'trained(chosen, name, "modelo-1", recipe)',
        "memorizer": "trained(phantoms, trained.name, recipe=recipe, shuffle=40)",
        "honest_twin": "trained(phantoms, trained.name, recipe=recipe)",
    }
    assert asked and all(shown.get(name, f".{name}(") in pages for name in asked)


def test_what_the_collections_have_and_the_book_does_not_use(chosen):
    table = artefacts.left_out(chosen)
    lost = pd.read_csv(artefacts.raw_data(chosen) / "covid-chestxray-dataset" / "metadata.csv")
    volumes = lost["filename"].str.endswith(".nii.gz").sum()
    assert table.loc[table.index.str.contains("gz"), "imagens"].sum() == volumes > 0
    assert json.loads(table["imagens"].to_json())
