"""O placar: as mesmas contas das medidas soltas, com intervalos e diferenças pareadas."""

import distributed
import joblib
import keras
import numpy as np
import pandas as pd
import pytest

from covidcam import cam, evaluation
from covidcam.errors import InputError
from covidcam.evaluation.opponents import brightest_spot

METHODS = ["grad-cam", "cam", "gradient"]


@pytest.fixture(scope="module")
def case():
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((24, 24, 3))
    x = keras.layers.Conv2D(5, 3, activation="relu", padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (9, 24, 24, 3)).astype(np.float32)
    masks = np.zeros((9, 24, 24), bool)
    masks[:, 5:12, 3:14] = True
    return {"model": model, "images": images, "masks": masks, "groups": np.repeat([0, 1, 2], 3)}


@pytest.fixture(scope="module")
def table(case):
    return evaluation.scoreboard(
        **case, methods=METHODS, metrics=("pointing_game", "auprc", "deletion")
    )


def test_every_method_and_reference_has_every_metric(table):
    names = {*METHODS, *evaluation.OPPONENTS}
    assert set(zip(table.method, table.metric, strict=True)) == {
        (name, metric) for name in names for metric in ("pointing_game", "auprc", "deletion")
    }
    assert (table.images == 9).all()
    assert (table.patients == 3).all()


def test_the_numbers_are_those_of_the_measures(case, table):
    maps = cam.explain(case["model"], case["images"], "gradient")
    row = table[(table.method == "gradient") & (table.metric == "auprc")].iloc[0]
    alone = evaluation.bootstrap_t(evaluation.auprc(maps.values, case["masks"]), case["groups"])
    assert (row["mean"], row.low, row.high) == pytest.approx(tuple(alone))
    row = table[(table.method == "gradient") & (table.metric == "deletion")].iloc[0]
    curve = evaluation.deletion(case["model"], case["images"], maps.values, maps.target)
    assert row["mean"] == pytest.approx(curve.auc.mean(), abs=1e-6)


def test_the_workers_of_a_cluster_measure_the_same(case, table):
    local = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None)
    with local, distributed.Client(local) as client, joblib.parallel_config(backend="dask"):
        found = evaluation.scoreboard(
            **case, methods=METHODS, metrics=("pointing_game", "auprc", "deletion")
        )
        assert client.cluster.scheduler.transition_log
    pd.testing.assert_frame_equal(found, table)


def test_differences_are_paired_with_grad_cam(table):
    rows = table[table.metric == "auprc"].set_index("method")
    assert rows.loc["grad-cam", "difference"] == 0
    assert rows.loc["gradient", "difference"] == pytest.approx(
        rows.loc["gradient", "mean"] - rows.loc["grad-cam", "mean"]
    )
    # CAM e Grad-CAM são o mesmo mapa nesta rede: a diferença pareada é zero, sem incerteza
    assert rows.loc["cam", ["difference_low", "difference_high"]].tolist() == pytest.approx(
        [0, 0], abs=1e-6
    )


def test_the_constant_reference_is_chance(case, table):
    rows = table[table.method == "constante"].set_index("metric")
    assert rows.loc["auprc", "mean"] == pytest.approx(case["masks"].mean())
    assert rows.loc["pointing_game", "mean"] == pytest.approx(case["masks"].mean())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"metrics": ["beleza"]}, "beleza"),
        ({"groups": [0, 1]}, "pacientes"),
        ({"groups": np.zeros(9)}, "ao menos dois"),
        ({"masks": np.zeros((9, 24, 20))}, "forma"),
        ({"masks": np.full((9, 24, 24), 0.5)}, "0 e 1"),
        ({"compare": "rise"}, "rise"),
        ({"metrics": [("deletion", "branco")]}, "'branco' não existe"),
        ({"metrics": [("auprc", "mean")]}, "não tem referência"),
    ],
)
def test_bad_input_is_refused(case, change, word):
    with pytest.raises(InputError, match=word):
        evaluation.scoreboard(**(case | {"methods": ["grad-cam"], "metrics": ["auprc"]} | change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"groups": np.zeros(9)}, "paciente"),
        ({"groups": np.array([0, 1, np.nan] * 3)}, "3 de 9"),
        ({"masks": np.ones((9, 24, 23), bool)}, "as máscaras, \\(9, 24, 23\\)"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_the_work(monkeypatch, case, change, said):
    monkeypatch.setattr(cam, "explain", lambda *_, **__: pytest.fail("trabalhou antes de recusar"))
    with pytest.raises(InputError, match=said):
        evaluation.scoreboard(**case | change, methods=METHODS)


def test_images_from_minus_one_to_one_are_measured(case):
    scaled = case | {"images": case["images"] / 127.5 - 1}
    table = evaluation.scoreboard(**scaled, methods=METHODS)
    assert np.isfinite(table["mean"]).all()
    spots = [brightest_spot(c["images"], c["masks"]) for c in (case, scaled)]
    brightest = [spot.reshape(9, -1).argmax(axis=1) for spot in spots]
    assert (spots[1] >= 0).all() and (brightest[0] == brightest[1]).all()


def test_maps_that_are_one_are_measured_once_and_said_to_be_one(case, table):
    # CAM e Grad-CAM são o mesmo mapa onde a média global encontra uma camada densa
    rows = table[table.metric == "deletion"].set_index("method")
    # e sem máscaras dos pulmões esse oponente é a imagem inteira, como o constante
    same = {"cam": "grad-cam", "pulmões": "constante"}
    assert rows["same_as"].to_dict() == dict.fromkeys(rows.index, "") | same
    measured = ["mean", "low", "high"]
    assert rows.loc["cam", measured].tolist() == rows.loc["grad-cam", measured].tolist()


def test_opponents_and_methods_reach_the_measures_by_the_same_maximum(case):
    blind = evaluation.opponents(case["images"], case["masks"])
    for name, maps in blind.items():
        assert maps.max(axis=(1, 2)).tolist() == pytest.approx([1] * 9), name
        assert maps.min() >= 0
    edges = evaluation.OPPONENTS["bordas"](case["images"], case["masks"])
    top = edges.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(blind["bordas"], edges / top, rtol=1e-6)
    nothing = evaluation.opponents(case["images"], np.zeros_like(case["masks"]))
    assert (nothing["pulmões"] == 0).all()  # sem pulmões não há por que dividir


def test_the_average_drop_of_edges_is_that_of_the_map_from_zero_to_one(case):
    table = evaluation.scoreboard(**case, methods=["grad-cam"], metrics=["average_drop"])
    edges = evaluation.opponents(case["images"], np.ones_like(case["masks"]))["bordas"]
    target = case["model"].predict(case["images"], verbose=0).argmax(axis=1)
    alone, _ = evaluation.average_drop(case["model"], case["images"], edges, target)
    row = table[table.method == "bordas"].iloc[0]
    assert row["mean"] == pytest.approx(alone.mean(), abs=1e-6)
    assert row["reference"] == evaluation.REFERENCE


def test_each_reference_is_a_row_of_its_own(case):
    metrics = [("deletion", "black"), ("deletion", "mean"), "road"]
    plain = {name: each for name, each in case.items() if name != "groups"}
    values = evaluation.measure(**plain, methods=["gradient"], metrics=metrics, blind=False)
    maps = cam.explain(case["model"], case["images"], "gradient")
    for reference in ("black", "mean"):
        curve = evaluation.deletion(
            case["model"], case["images"], maps.values, maps.target, reference
        )
        rows = values[values.reference == reference].sort_values("film")
        assert rows["value"].tolist() == pytest.approx(curve.auc.tolist(), abs=1e-6)
        assert rows["target"].tolist() == maps.target.tolist()
    assert set(values["reference"]) == {"black", "mean", ""}
    assert set(values["method"]) == {"gradient"}


def test_a_map_measured_in_some_films_is_compared_in_them():
    one = {"kind": "método", "metric": "auprc", "reference": "", "same_as": "", "target": 0}
    whole = [{"method": "grad-cam", "film": k, "value": v} for k, v in enumerate([0, 1, 2, 9])]
    some = [{"method": "rise", "film": k, "value": v} for k, v in ((0, 1.0), (2, 5.0))]
    table = evaluation.summarize(
        pd.DataFrame([one | row for row in whole + some]), np.arange(4)
    ).set_index("method")
    assert table.loc["rise", "difference"] == pytest.approx(((1 - 0) + (5 - 2)) / 2)
    assert table.loc["rise", ["images", "patients"]].tolist() == [2, 2]
    assert table.loc["grad-cam", "mean"] == pytest.approx(3)
