"""O placar: as mesmas contas das medidas soltas, com intervalos e diferenças pareadas."""

import keras
import numpy as np
import pytest

from covidcam import cam, evaluation
from covidcam.errors import InputError

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
    names = {*METHODS, *evaluation.BASELINES}
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
