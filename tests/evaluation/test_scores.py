"""O placar: as mesmas contas das medidas soltas, com intervalos e diferenças pareadas."""

import keras
import numpy as np
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
    alone = evaluation.bootstrap(evaluation.auprc(maps.values, case["masks"]), case["groups"])
    assert (row["mean"], row.low, row.high) == pytest.approx(tuple(alone))
    row = table[(table.method == "gradient") & (table.metric == "deletion")].iloc[0]
    curve = evaluation.deletion(case["model"], case["images"], maps.values, maps.target)
    assert row["mean"] == pytest.approx(curve.auc.mean(), abs=1e-6)


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
