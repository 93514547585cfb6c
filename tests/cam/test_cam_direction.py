"""O que se explica: uma classe, uma direção sobre os logits, ou uma classe contra outra."""

import cam_networks as nets
import numpy as np
import pytest

from covidcam.cam import explain, stream
from covidcam.errors import InputError

LINEAR = ["cam", "grad-cam", "xgrad-cam", "hires-cam", "ablation-cam", "gradient", "smooth-grad"]
LINEAR += ["integrated-gradients", "occlusion", "rise"]
SHORT = {"samples": 16, "steps": 4, "window": 4}
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def raws(model, batch, names=LINEAR, **arguments):
    found = explain(model, batch, names, **SHORT, **arguments)
    return {name: maps.raw for name, maps in found.items()}


@pytest.mark.parametrize("build", [nets.pooled, nets.skipping])
def test_against_a_class_is_the_difference_of_two_maps(build):
    model, batch = build(), nets.images()
    names = [name for name in LINEAR if name != "cam" or build is nets.pooled]
    two, zero = (raws(model, batch, names, target=target) for target in (2, 0))
    for name, raw in raws(model, batch, names, target=2, against=0).items():
        np.testing.assert_allclose(raw, two[name] - zero[name], **CLOSE, err_msg=name)


def test_a_direction_weighs_the_maps_of_the_classes():
    model, batch = nets.pooled(), nets.images()
    weights = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    each = [raws(model, batch, target=target) for target in range(3)]
    for direction in (weights, weights[0]):
        found = raws(model, batch, target=direction)
        rows = np.broadcast_to(direction, (3, 3))
        for name, raw in found.items():
            expected = sum(rows[:, c, None, None] * each[c][name] for c in range(3))
            np.testing.assert_allclose(raw, expected, **CLOSE, err_msg=name)


def test_one_hot_direction_is_the_class_and_says_so_only_as_a_class():
    model, batch = nets.pooled(), nets.images()
    by_class, by_vector = (explain(model, batch, target=t) for t in (1, [0.0, 1.0, 0.0]))
    np.testing.assert_array_equal(by_class.raw, by_vector.raw)
    np.testing.assert_array_equal(by_class.target, [1, 1, 1])
    np.testing.assert_array_equal(by_vector.target, [-1, -1, -1])


def test_second_is_the_strongest_of_the_other_classes():
    model, batch = nets.pooled(seed=4), nets.images(6)
    logits = model.predict(batch, verbose=0)
    order = logits.argsort(axis=1)
    found = explain(model, batch, against="second")
    expected = explain(model, batch, target=order[:, -1], against=order[:, -2])
    np.testing.assert_array_equal(found.raw, expected.raw)
    np.testing.assert_array_equal(found.target, order[:, -1])
    weakest = order[:, 0]  # a rival de uma classe que não é a prevista é a prevista
    found = explain(model, batch, target=weakest, against="second")
    expected = explain(model, batch, target=weakest, against=order[:, -1])
    np.testing.assert_array_equal(found.raw, expected.raw)


def test_two_classes_of_one_sigmoid_against_each_other_count_twice():
    model, batch = nets.pooled(classes=1, final="sigmoid"), nets.images()
    alone, against = (explain(model, batch, target=1, against=a).raw for a in (None, 0))
    np.testing.assert_allclose(against, 2 * alone, **CLOSE)


def test_the_predicted_class_against_itself_is_flat():
    model, batch = nets.pooled(seed=4), nets.images(2)
    predicted = model.predict(batch, verbose=0).argmax(1)
    for name in ("grad-cam", "ablation-cam", "rise"):
        assert explain(model, batch, name, against=predicted, **RISE.get(name, {})).flat.all()


RISE = {"rise": {"samples": 16}}


def test_stream_splits_classes_and_directions_by_image():
    model, batch = nets.pooled(), nets.images(5)
    directions = np.random.default_rng(1).normal(size=(5, 3))
    arguments = [
        {"target": [0, 1, 2, 1, 0], "against": [1, 2, 0, 0, 2]},
        {"target": directions},
        {"target": directions[0]},
        {"against": "second"},
    ]
    for chosen in arguments:
        whole = explain(model, batch, **chosen)
        parts = list(stream(model, iter(batch), batch_size=2, **chosen))
        for field in ("raw", "target"):
            joined = np.concatenate([getattr(part, field) for part in parts])
            np.testing.assert_allclose(joined, getattr(whole, field), **CLOSE)


REFUSED = [
    ({"target": [0.5, 1.0]}, "target tem forma (2,)"),
    ({"target": np.ones((2, 3))}, "target tem forma (2, 3)"),
    ({"target": [np.nan, 0.0, 1.0]}, "NaN"),
    ({"target": [[0], [1, 2]]}, "irregular"),
    ({"target": 1, "against": 1}, "a mesma coisa"),
    ({"against": 3}, "a classe 3"),
    ({"against": "terceira"}, "against tem tipo"),
    ({"target": [0.0, 1.0, 0.0], "against": "second"}, "against='second'"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_a_direction_that_is_none(arguments, words):
    with pytest.raises(InputError) as caught:
        explain(nets.pooled(), nets.images(), **arguments)
    assert words in str(caught.value)


def test_stream_refuses_a_ragged_target():
    with pytest.raises(InputError, match="irregular"):
        list(stream(nets.pooled(), nets.images(), target=[[0], [1, 2], [0]]))


def test_stream_refuses_an_against_of_another_length():
    with pytest.raises(InputError, match="against tem 4 valores para 3 imagens"):
        list(stream(nets.pooled(), nets.images(), target=0, against=[1, 2, 1, 2]))
