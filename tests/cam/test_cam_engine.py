"""O motor: que camada, quantos traçados, quanta memória, e o mesmo mapa por caminhos diferentes."""

import doctest
import gc
import importlib
import subprocess
import sys
import weakref

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf

import covidcam.cam
from covidcam.cam import METHODS, activation_methods, explain, stream
from covidcam.errors import InputError

layers = keras.layers
SHORT = {"samples": 16}


class Counter(layers.Layer):
    """Não altera nada; conta quantas vezes o Python a executa, isto é, os traçados."""

    calls = 0

    def call(self, x):
        Counter.calls += 1
        return x


def counted(size=None):
    entry = keras.Input((size, size, 1))
    x = layers.Conv2D(4, 3, activation="relu")(Counter()(entry))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(entry, layers.Dense(2)(x))


DEFAULTS = {
    "VGG16": "block5_conv3",
    "ResNet50V2": "post_relu",
    "Xception": "block14_sepconv2_act",
    "MobileNet": "conv_pw_13_relu",
    "EfficientNetB0": "top_activation",
    "DenseNet121": "relu",
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default_layer_of_known_architectures(name):
    from covidcam.cam.network import Network

    build = getattr(keras.applications, name)
    model = build(weights=None, include_top=False, pooling="avg", input_shape=(96, 96, 3))
    network = Network(model)
    assert network.name(network.last_map()) == DEFAULTS[name]


def test_cam_reads_what_enters_the_pooling():
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(name="last_pool")(x))
    model = keras.Model(entry, layers.Dropout(0.5)(layers.Dense(3, "softmax")(x)))
    maps = explain(model, nets.images(), ["cam", "grad-cam"])
    assert maps["cam"].layer == "last_pool" and maps["cam"].raw.shape == (3, 3, 3)
    assert maps["grad-cam"].layer == "conv" and maps["grad-cam"].raw.shape == (3, 6, 6)


def test_contract_of_every_method():
    model, batch = nets.pooled(channels=3, final="softmax"), nets.images(channels=3)
    maps = explain(model, batch, METHODS, target=[0, 1, 2], samples=16, steps=4)
    assert list(maps) == list(METHODS)
    for name, found in maps.items():
        assert found.values.shape == (3, 12, 12) and found.values.dtype == np.float32, name
        assert found.raw.dtype == np.float32 and found.raw.shape[0] == 3
        assert np.isfinite(found.values).all() and np.isfinite(found.raw).all()
        assert found.values.min() >= 0 and found.values.max() <= 1
        np.testing.assert_array_equal(found.values.max((1, 2)), ~found.flat)
        np.testing.assert_array_equal(found.flat, ~(found.raw > 0).any((1, 2)))
        np.testing.assert_array_equal(found.target, [0, 1, 2])
        np.testing.assert_allclose(found.scores, model.predict(batch, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_a_list_a_batch_size_and_a_stream_change_nothing(name):
    model, batch = nets.pooled(), nets.images(5)
    options = SHORT if name == "rise" else {}
    whole = explain(model, batch, name, **options)
    together = explain(model, batch, ["grad-cam", name], **options)[name]
    pieces = explain(model, batch, name, batch_size=2, **options)
    streamed = list(stream(model, iter(batch), name, batch_size=2, **options))
    assert [len(part) for part in streamed] == [2, 2, 1]
    joined = np.concatenate([part.raw for part in streamed])
    for raw in (together.raw, pieces.raw, joined):
        np.testing.assert_allclose(whole.raw, raw, rtol=1e-4, atol=1e-5)


def test_target_none_is_the_predicted_class():
    model, batch = nets.pooled(seed=4), nets.images(6)
    predicted = model.predict(batch, verbose=0).argmax(1)
    maps = [explain(model, batch, target=target) for target in (None, predicted)]
    np.testing.assert_array_equal(maps[0].target, predicted)
    np.testing.assert_array_equal(maps[0].raw, maps[1].raw)


def test_stream_takes_one_class_per_image_and_refuses_another_length():
    model, batch = nets.pooled(), nets.images(5)
    target = np.array([0, 1, 2, 1, 0])
    parts = list(stream(model, batch, target=target, batch_size=2))
    np.testing.assert_array_equal(np.concatenate([part.target for part in parts]), target)
    for wrong in (target[:4], [*target, 1]):
        with pytest.raises(InputError):
            list(stream(model, batch, target=wrong, batch_size=2))
    with pytest.raises(InputError):
        list(stream(model, batch[0]))
    with pytest.raises(InputError):
        list(stream(model, iter([batch[0], batch[0][:5]])))


def test_same_seed_same_map_and_another_seed_another():
    model, batch = nets.pooled(), nets.images(2)
    for name in ("rise", "smooth-grad"):
        first, again, other = (
            explain(model, batch, name, seed=seed, samples=16).raw for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).max() > 0


def test_one_trace_serves_every_batch_and_every_size():
    model, names = counted(), ["grad-cam", "gradient", "occlusion"]
    explain(model, nets.images(2), names)
    once = Counter.calls
    for count, size in ((1, 12), (7, 12), (3, 20), (3, 9), (40, 12)):
        maps = explain(model, nets.images(count, size), names, window=4)
        assert maps["occlusion"].values.shape == (count, size, size)
    assert Counter.calls == once


def test_the_network_runs_once_for_many_methods():
    model = counted(12)
    names = activation_methods()
    assert len(names) >= 9
    before = Counter.calls
    explain(model, nets.images(2), names)
    assert Counter.calls == before + 1


def test_engine_follows_new_weights():
    model, batch = nets.pooled(), nets.images()
    explain(model, batch)
    nets.randomize(model, seed=9)
    fresh = nets.pooled(seed=9)
    np.testing.assert_array_equal(explain(model, batch).raw, explain(fresh, batch).raw)


def test_engine_follows_layers_added_to_a_sequential():
    model = keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(3, 3)])
    model.add(layers.GlobalAveragePooling2D())
    assert explain(model, nets.images()).scores.shape == (3, 3)
    model.add(layers.Dense(5))
    assert explain(model, nets.images()).scores.shape == (3, 5)


@pytest.mark.parametrize("sequential", [True, False])
def test_a_model_is_not_kept_alive(sequential):
    stack = [layers.Conv2D(3, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    model = keras.Sequential([keras.Input((12, 12, 1)), *stack])
    model = model if sequential else keras.Model(model.inputs[0], model.outputs[0])
    explain(model, nets.images(), ["cam", "gradient", "occlusion"])
    watched = weakref.ref(model)
    del model, stack
    gc.collect()
    assert watched() is None


def arrangements(images):
    """As mesmas imagens, arrumadas na memória de todos os modos que um leitor pode trazer."""
    size, floats = images.size, np.empty(images.size + 17, np.float32)
    for offset in (0, 1, 16):  # pelo menos uma não começa onde o TensorFlow quer
        placed = floats[offset : offset + size].reshape(images.shape)
        placed[:] = images
        yield placed
    yield images.astype(np.float64)
    yield np.asfortranarray(images)
    yield images[:, ::-1].copy()[:, ::-1]
    frozen = images.copy()
    frozen.flags.writeable = False
    yield frozen


def test_how_the_images_lie_in_memory_changes_nothing_and_they_stay_as_they_were():
    model, images = nets.pooled(), nets.images(2)
    expected = explain(model, images, ["grad-cam", "occlusion"], window=4)
    for placed in arrangements(images):
        before = placed.copy()
        found = explain(model, placed, ["grad-cam", "occlusion"], window=4)
        for name, maps in expected.items():
            np.testing.assert_array_equal(found[name].values, maps.values)
        np.testing.assert_array_equal(placed, before)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_a_method_may_count_in_another_precision(monkeypatch, dtype):
    double = lambda activation: tf.cast(tf.reduce_sum(activation, -1), dtype)  # noqa: E731
    monkeypatch.setitem(METHODS, "sum", lambda activation: tf.reduce_sum(activation, -1))
    monkeypatch.setitem(METHODS, "double-sum", double)
    maps = explain(nets.pooled(), nets.images(2), ["sum", "double-sum"])
    assert maps["double-sum"].raw.dtype == np.float32
    np.testing.assert_allclose(maps["double-sum"].values, maps["sum"].values, atol=2e-2)


def test_a_map_kept_outlives_the_call_that_made_it():
    model, images = nets.pooled(), nets.images(2)
    kept = explain(model, images)
    copies = kept.values.copy(), kept.raw.copy()
    for seed in range(5):
        explain(model, nets.images(2, seed=seed), ["cam", "score-cam", "occlusion"], window=4)
    np.testing.assert_array_equal(kept.values, copies[0])
    np.testing.assert_array_equal(kept.raw, copies[1])


def test_a_model_is_left_as_it_was():
    model, batch = nets.residual(), nets.images()
    before = model.predict(batch, verbose=0), model.to_json(), model.get_weights()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    explain(model, batch, [name for name in METHODS if name != "rise"])
    np.testing.assert_array_equal(before[0], model.predict(batch, verbose=0))
    assert before[1] == model.to_json()
    assert nodes == [len(layer._inbound_nodes) for layer in model.layers]
    for old, new in zip(before[2], model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_dropout_and_batch_statistics_are_in_inference_mode():
    entry, x = nets.trunk()
    x = layers.BatchNormalization(name="norm")(layers.Dropout(0.9)(x))
    x = layers.Dropout(0.9)(layers.GlobalAveragePooling2D()(x), training=True)
    model, batch = keras.Model(entry, layers.Dense(3)(x)), nets.images()
    first, second = (explain(model, batch, target=0) for _ in range(2))
    np.testing.assert_array_equal(first.raw, second.raw)
    alone = explain(model, batch[:1], target=0)
    np.testing.assert_allclose(first.raw[:1], alone.raw, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_other_precisions(policy):
    model = nets.hidden(dtype=policy, final="softmax")
    plain = nets.hidden(final="softmax")
    batch = nets.images()
    for name in ("grad-cam", "ablation-cam", "gradient", "occlusion"):
        other, expected = (explain(m, batch, name, target=1) for m in (model, plain))
        assert other.values.dtype == np.float32
        similar = [
            np.corrcoef(a.ravel(), b.ravel())[0, 1]
            for a, b in zip(other.raw, expected.raw, strict=True)
        ]
        assert min(similar) > (0.9 if policy == "mixed_bfloat16" else 0.999999)


def test_layer_inside_a_residual_branch():
    model, batch = nets.residual(), nets.images()
    maps = explain(model, batch, "hires-cam", layer="last", target=0)
    # o canal k muda de δ na posição ij: o logit muda de G δ, e G vem de duas execuções da rede
    conv = model.get_layer("last")
    kernel, bias = conv.get_weights()
    base = model.predict(batch, verbose=0)[:, 0]
    activation = nets.activation_of(model, batch, "last")
    total = np.zeros(3)
    for k in range(6):  # Σ G A = derivada do logit quando A cresce por um fator
        for sign in (1, -1):
            factor = np.ones(6)
            factor[k] += sign * 1e-3
            conv.set_weights([kernel * factor, bias * factor])
            total += sign * (model.predict(batch, verbose=0)[:, 0] - base) / 2e-3
    conv.set_weights([kernel, bias])
    assert activation.shape == (*maps.raw.shape, 6)
    np.testing.assert_allclose(maps.raw.sum((1, 2)), total, rtol=2e-2, atol=2e-2)


MEMORY = """
import keras, numpy as np
from covidcam.cam import stream
layers = keras.layers
entry = keras.Input((96, 96, 1))
x = layers.MaxPooling2D(4)(layers.Conv2D(8, 3, activation="relu")(entry))
model = keras.Model(entry, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
def peak(count):
    source = (np.full((96, 96, 1), i % 7, "float32") for i in range(count))
    for maps in stream(model, source, ["cam", "grad-cam"], batch_size=16):
        pass
    with open("/proc/self/status") as status:  # o ru_maxrss de um filho herda o do pai
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
small = peak(200)
print(peak(2000) / small)
"""


def test_two_thousand_images_need_the_memory_of_two_hundred():
    run = [sys.executable, "-c", MEMORY]
    ratio = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert ratio <= 1.1


def test_importing_does_not_load_tensorflow():
    code = "import sys, covidcam.cam as c; list(c.METHODS); print('tensorflow' in sys.modules)"
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_new_method_is_a_function_and_a_line(monkeypatch):
    def first_cam(activation, gradient):
        return activation[..., 0] * gradient[..., 0]

    model, batch = nets.pooled(), nets.images()
    monkeypatch.setitem(METHODS, "first-cam", lambda activation: activation[..., 0])
    explain(model, batch, "first-cam")  # a primeira versão, que a seguinte substitui
    monkeypatch.setitem(METHODS, "first-cam", first_cam)
    maps = explain(model, batch, ["grad-cam", "first-cam"], target=0)["first-cam"]
    weight = model.get_layer("top").get_weights()[0][0, 0] / 36
    expected = nets.activation_of(model, batch)[..., 0] * weight
    np.testing.assert_allclose(maps.raw, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("module", ["cam.explanation", "gradcam"])
def test_examples_run(module):
    results = doctest.testmod(importlib.import_module(f"covidcam.{module}"))
    assert results.attempted and not results.failed


def test_every_method_names_its_source():
    for name, function in covidcam.cam.METHODS.items():
        text = function.__doc__
        library = name in {"eigen-grad-cam", "grad-cam-elementwise"}  # sem artigo próprio
        assert library or "arXiv:" in text or "doi:" in text, name
