"""As comparações e as fichas sobre um acervo e redes de mentira, de que se sabe tudo."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from covidcam import artefacts, datasets, evaluation, models, settings
from covidcam.artefacts import cards, comparison, networks
from covidcam.models import heads

CLASSES = datasets.CLASSES


@pytest.fixture
def book(monkeypatch, tmp_path):
    """Trinta imagens de quinze pacientes, e redes que erram onde se mandou."""
    labels = np.repeat(np.arange(3), 10)
    rows = pd.DataFrame(
        {
            "path": [f"film-{n}.png" for n in range(30)],
            "label": np.array(CLASSES)[labels],
            "patient": np.repeat(np.arange(15), 2).astype(str),
            "source": np.where(labels == 0, "cohen", "kermany"),
            "view": "AP",
            "look": "adulto",
            "licence": "CC0",
            "sex": ["F", "M", ""] + [""] * 27,
            "age": [17.0, 80.0] + [np.nan] * 28,
        }
    )
    data = datasets.Arrays(
        np.zeros((30, 237, 237, 3), np.uint8),
        np.eye(3, dtype=np.uint8)[labels],
        rows,
        CLASSES,
        tmp_path / "arrays",
    )
    for module in (comparison, networks, cards):
        monkeypatch.setattr(module, "arrays", lambda *a: data)
    return data


def network(data, wrong):
    """Uma rede que erra as linhas dadas do teste; o teste são as ímpares."""
    test = np.arange(1, 30, 2)
    said = data.Y[test].argmax(axis=1)
    said[wrong] = (said[wrong] + 1) % 3
    return artefacts.Trained(
        name="rede",
        data=data,
        recipe={},
        history=pd.DataFrame(),
        train=np.arange(0, 20, 2),
        validation=np.arange(20, 30, 2),
        test=test,
        probabilities=0.7 * np.eye(3)[said] + 0.1,
        held=np.zeros((5, 3)),
        file=Path("a"),
    )


CHOSEN = settings.read({})


def test_the_partition_counts_images_patients_and_classes(book):
    table = artefacts.partition(network(book, []))
    assert table.loc["treino"].tolist() == [10, 10, 5, 5, 0]
    assert table.loc["teste"].tolist() == [15, 15, 5, 5, 5]


def test_pairs_are_compared_image_by_image(book):
    found = artefacts.Families(
        {
            "boa": network(book, []),
            "má": network(book, [0, 1, 2, 3, 4]),
            "outra": network(book, []),
        },
        {},
    )
    table = artefacts.pairs(found).set_index(["first", "second"])
    assert table.loc[("boa", "má"), "mean"] == pytest.approx(1 / 3)
    assert table.loc[("boa", "má"), "low"] > 0
    assert table.loc[("boa", "má"), ["only_first", "only_second"]].tolist() == [5, 0]
    assert table.loc[("boa", "má"), "chance"] == pytest.approx(3 * 2 / 2**5)  # McNemar, três pares
    assert table.loc[("boa", "outra")].tolist() == [0, 0, 0, 0, 0, 1]
    alone = artefacts.pairs(artefacts.Families({"boa": network(book, [])}, {}))
    assert alone.empty and "chance" in alone


def test_2020_stands_beside_the_mini_of_each_family(book):
    found = {"mini-vgg": network(book, [0]), "mini-resnet": network(book, [])}
    table = artefacts.beside_2020(CHOSEN, found)
    then, now = table.loc["vgg16", ["2020", "divisão por paciente"]]
    # o que está junto de um número não se parte dele
    assert then == "97,3 % (73 de 75; de\u00a091 % a\u00a099 %), perda\u00a00,09"
    loss = -(14 * np.log(0.8) + np.log(0.1)) / 15
    assert now.startswith("93,3 % (14 de 15;") and now.endswith(f"{loss:.2f}".replace(".", ","))
    assert table.loc["resnet50v2", "rede desta execução"] == "mini-resnet"
    assert table.loc["xception", "rede desta execução"] == "—"
    assert "divisão de 2020" not in table


def test_the_parts_of_2020_are_those_of_2020():
    rows = pd.DataFrame({"label": ["a"] * 375, "patient": range(375)})
    train, validation, test = networks._parts(rows, "2020", 0)
    assert (len(train), len(validation), len(test)) == (270, 30, 75)
    np.testing.assert_array_equal(np.concatenate([train, validation]), datasets.split_2020(375)[0])


def test_people_are_told_in_portuguese_and_by_age_range(book):
    rows = artefacts.people(CHOSEN)
    assert rows.sex[:3].tolist() == ["feminino", "masculino", "não informado"]
    assert rows.age[:3].tolist() == ["0 a 17", "80 ou mais", "não informado"]
    table = artefacts.count(rows, "sex")
    assert table.loc["não informado"].tolist() == [8, 10, 10, 14]


def test_who_is_in_each_part(book):
    found = network(book, [])
    parts = artefacts.part_of(found)
    assert set(parts[found.test]) == {"teste"} and set(parts[found.validation]) == {"validação"}
    table = artefacts.count(book.rows.assign(part=parts), "view", "part")
    assert table.loc["AP", ["treino", "validação", "teste"]].tolist() == [10, 5, 15]


def test_groups_are_told_apart(book):
    table = artefacts.by_group(CHOSEN, network(book, [0, 1]))
    assert table.loc[("classe", "COVID-19"), "acurácia"] == pytest.approx(3 / 5)
    assert table.loc[("acervo", "kermany")].tolist()[:3] == [10, 10, 1]
    people = book.rows["patient"][np.arange(1, 30, 2)]
    expected = evaluation.wilson_by_patient(np.arange(15) > 1, people)
    assert table.loc[("incidência", "AP"), ["acurácia", "de", "a"]].tolist() == list(expected)
    assert (table["de"] <= table["acurácia"]).all() and (table["acurácia"] <= table["a"]).all()


def test_missing_weights_are_named_and_the_mini_steps_in(tmp_path):
    chosen = settings.Settings("real", tmp_path, tmp_path, "2020", tmp_path)
    assert artefacts.missing_weights(chosen, "xception").startswith("xception_weights")
    assert artefacts.choose(chosen) == "mini-vgg"
    (tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"x")
    assert artefacts.missing_weights(chosen, "vgg16") == ""
    assert artefacts.choose(chosen) == "vgg16"


@pytest.mark.parametrize(
    ("present", "trained", "missing"),
    [
        (["vgg16"], ["vgg16"], ["resnet50v2", "xception"]),
        ([], ["mini-vgg", "mini-resnet", "mini-xception"], ["vgg16", "resnet50v2", "xception"]),
    ],
)
def test_families_follow_the_weights(present, trained, missing, monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "missing_weights", lambda s, n: "" if n in present else n)
    monkeypatch.setattr(comparison, "trained", lambda chosen, name, recipe: recipe)
    chosen = settings.Settings("real", tmp_path, None, "2020", tmp_path)
    found = artefacts.families(chosen, {trained[0]: {"epochs": 1}})
    assert list(found.trained) == trained and list(found.missing) == missing
    mine, *others = found.trained.values()
    assert mine == {"epochs": 1} and not any(others), "as outras ficam com a receita do livro"


@pytest.fixture
def tiny(monkeypatch, book, tmp_path):
    """Uma rede de verdade, sem treino, no lugar da de mentira."""
    import keras

    model = models.build("mini-vgg", CLASSES)
    models.save(models.describe(model, CLASSES, "fantoma"), tmp_path / "a.keras")
    found = network(book, [])
    history = pd.DataFrame({"loss": range(7)})
    keras.backend.clear_session()
    return dataclasses.replace(found, name="mini-vgg", history=history, file=tmp_path / "a.keras")


def test_the_recipe_is_that_of_the_network_and_of_the_training(tiny, monkeypatch):
    import keras

    used = {"epochs": 1, "learning_rate": 3e-3, "sparsity": 3e-5, "augment": True}
    told = artefacts.recipe(dataclasses.replace(tiny, recipe=used))
    assert told["cabeça"] == "média global e uma camada densa"
    assert told["épocas"] == "7" and told["imagens por lote"] == "16"
    assert told["penalidade L1 no último mapa"] == "0,00003"
    assert told["passo"].startswith("0,003,") and told["as imagens variam no treino"] == "sim"
    total = [told[f"parâmetros, parte {part}"] for part in ("congelada", "treinada")]
    assert sum(int(each.replace(".", "")) for each in total) == tiny.model.count_params()
    # o que se diz do treino é o que o treino faz
    seen = {}

    def optimizer(schedule):
        seen.update(schedule=type(schedule).__name__, step=schedule.initial_learning_rate)
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.optimizers, told["otimizador"], optimizer)
    assert "cosseno" in told["passo"] and told["perda"] == "entropia cruzada"
    with pytest.raises(KeyboardInterrupt):
        X, Y = np.zeros((4, 237, 237, 3), np.uint8), np.eye(3)[[0, 1, 2, 0]]
        models.train(tiny.model, X, Y, [0, 1], [2, 3], epochs=1, learning_rate=0.5)
    assert seen == {"schedule": "CosineDecay", "step": 0.5}


def test_every_head_has_a_name_to_read():
    assert set(cards.HEADS) == set(heads.HEADS) and not set(cards.HEADS.values()) & set(heads.HEADS)


def test_the_layers_hold_all_the_parameters(tiny):
    table = artefacts.layers(tiny.model)
    counts = table["parâmetros"].str.replace(".", "").astype(int)
    assert counts.sum() == tiny.model.count_params()
    assert table.loc["block4b_conv", "tipo"] == "convolução 1 × 1"
    assert table["saída"].iloc[-1] == "3"
    english = {"Conv2D", "Dense", "BatchNormalization", "SeparableConv2D"}
    for name in models.ARCHITECTURES:
        if not models.ARCHITECTURES[name].frozen:
            kinds = artefacts.layers(models.build(name, CLASSES))["tipo"]
            assert not english & set(" ".join(kinds).split())


def test_the_notes_are_told_in_portuguese(tiny):
    told = artefacts.annotated(tiny.model.covidcam)["anotado"]
    assert told["imagens do treino"] == "fantomas" and told["valores de um pixel"] == "de 0 a 255"
    assert told["classes, na ordem das saídas"] == "COVID-19, NORMAL e OUTRAS"
    assert told["versão de keras"].startswith("3.")
