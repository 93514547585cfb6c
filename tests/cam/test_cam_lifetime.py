"""O que se guarda de um modelo é conferido a cada chamada, e o modelo fica como estava."""

import gc
import random
import weakref
from concurrent.futures import ThreadPoolExecutor

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import METHODS, activation_methods, explain
from covidcam.cam.engine import ENGINES

layers = keras.layers
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def follows(model, batch):
    """O que se explica é o modelo de agora."""
    np.testing.assert_allclose(explain(model, batch, target=0).logits, model(batch), **CLOSE)


def test_statistics_adapted_again():
    batch = nets.images()
    norm = layers.Normalization()
    norm.adapt(batch)
    entry = keras.Input((12, 12, 1))
    x = layers.Conv2D(4, 3, activation="relu")(norm(entry))
    model = keras.Model(entry, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    before = explain(model, batch, target=0).logits
    norm.adapt(3 * batch + 1)
    follows(model, batch)
    assert np.abs(explain(model, batch, target=0).logits - before).max() > 1e-3


class Scale(layers.Layer):
    """Uma camada com estado em Python: um número, uma lista e um dicionário."""

    def __init__(self, **options):
        super().__init__(**options)
        self.factor, self.steps, self.named = 1.0, [1.0], {"a": 1.0}

    def call(self, x):
        return x * self.factor * sum(self.steps) * self.named["a"]


CHANGES = {
    "activation": lambda model: setattr(
        model.get_layer("conv"), "activation", keras.activations.tanh
    ),
    "lora": lambda model: (
        model.get_layer("top").enable_lora(2),
        model.get_layer("top").lora_kernel_b.assign(np.full((2, 3), 0.7)),
    ),
    "quantize": lambda model: model.quantize("int8"),
    "number": lambda model: setattr(model.get_layer("scale"), "factor", 2.0),
    "list": lambda model: model.get_layer("scale").steps.append(3.0),
    "dictionary": lambda model: model.get_layer("scale").named.update({"a": 2.0}),
    "slope": lambda model: setattr(model.get_layer("leaky"), "negative_slope", 0.9),
}


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`")
@pytest.mark.parametrize("change", CHANGES)
def test_a_model_changed_after_the_first_call(change):
    entry, x = nets.trunk(activation="linear")
    x = layers.LeakyReLU(name="leaky")(layers.BatchNormalization()(Scale(name="scale")(x)))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(entry, layers.Dense(3, name="top")(x))
    kernels = [w for w in model.trainable_weights if len(w.shape) > 1]
    for weight in kernels:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    batch = nets.images()
    before = explain(model, batch, target=0).logits
    CHANGES[change](model)
    follows(model, batch)
    assert np.abs(explain(model, batch, target=0).logits - before).max() > 1e-5


def test_a_model_that_did_not_change_is_not_traced_again():
    model, batch = nets.residual(), nets.images()
    model.compile("sgd", "sparse_categorical_crossentropy")
    explain(model, batch)
    (engine,) = ENGINES[model].values()
    model.fit(batch, np.zeros(3), verbose=0)
    model.predict(batch, verbose=0)
    keras.Model(model.input, model.get_layer("conv").output)(batch)
    explain(model, batch)
    assert list(ENGINES[model].values()) == [engine]


def test_losses_stay_as_they_were():
    entry = keras.Input((12, 12, 1))
    x = layers.Conv2D(4, 3, activity_regularizer="l2")(entry)
    model = keras.Model(entry, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    model(nets.images())
    before = [float(loss) for loss in model.losses]
    explain(model, nets.images(), ["grad-cam", "gradient", "ablation-cam", "occlusion"], window=4)
    assert [float(loss) for loss in model.losses] == before and len(before) == 1


def test_the_random_state_of_the_caller_is_left_alone():
    model, batch = nets.pooled(), nets.images(1)
    states = []
    for run in (False, True):
        keras.utils.set_random_seed(7)
        if run:
            explain(model, batch, list(METHODS), samples=4, steps=2, window=4)
        drawn = random.random(), float(tf.random.uniform(())), float(keras.random.uniform(()))
        states.append((*drawn, np.random.get_state()[1].tolist()))  # noqa: NPY002
    assert states[0] == states[1]


def test_models_dropped_leave_nothing_behind():
    kept = []
    for seed in range(8):
        model = nets.pooled(seed=seed)
        explain(model, nets.images(1), ["cam", "grad-cam", "gradient", "occlusion"], window=4)
        kept.append((weakref.ref(model), weakref.ref(next(iter(ENGINES[model].values())))))
    del model
    gc.collect()
    assert all(model() is None and engine() is None for model, engine in kept)


def test_threads_at_once_give_the_same_maps():
    batch, names = nets.images(2), [*activation_methods(), "gradient", "occlusion"]
    expected = explain(nets.pooled(), batch, names, window=4)
    shared = nets.pooled()

    def one(turn):
        model = shared if turn % 2 else nets.pooled()
        return explain(model, batch, names, window=4)

    with ThreadPoolExecutor(6) as threads:
        for maps in threads.map(one, range(6)):
            for name, found in maps.items():
                np.testing.assert_allclose(found.raw, expected[name].raw, rtol=1e-4, atol=1e-6)
