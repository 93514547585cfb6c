"""A rede que se treina faz a conta da original; só o último mapa ganha uma penalidade."""

import keras
import numpy as np
import pytest

from covidcam.models.learner import fused_normalization, learner


def network(trainable=True):
    keras.utils.set_random_seed(0)
    entry = keras.Input((6, 6, 2))
    x = keras.layers.Conv2D(3, 3, name="conv")(entry)
    x = keras.layers.BatchNormalization(momentum=0.9, trainable=trainable, name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(name="map")(x))
    return keras.Model(entry, keras.layers.Dense(2, activation="softmax")(x))


@pytest.fixture
def batches():
    random = np.random.default_rng(0)
    return random.normal(3, 2, (32, 6, 6, 2)).astype("float32"), np.eye(2)[np.arange(32) % 2]


def fitted(model, batches):
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    model.fit(*batches, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize("trainable", [True, False])
def test_training_reaches_the_same_weights_and_moving_averages(batches, trainable):
    fused = learner(network(trainable))
    norm = fused.get_layer("norm")
    assert type(norm) is fused_normalization()
    before = norm.get_weights()
    expected = fitted(network(trainable), batches)
    for ours, keras_own in zip(fitted(fused, batches), expected, strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-3, atol=1e-5)
    moved = [(a != b).any() for a, b in zip(norm.get_weights(), before, strict=True)]
    assert all(moved) if trainable else not any(moved)


def test_outside_training_nothing_changes(batches):
    model = network()
    fitted(model, batches)
    fused = learner(model)
    np.testing.assert_allclose(
        fused.predict(batches[0], verbose=0), model.predict(batches[0], verbose=0), atol=1e-6
    )


def test_the_price_of_the_map_is_its_sum_per_image(batches):
    images, Y = batches
    model = network()
    activation = keras.Model(model.input, model.get_layer("map").output)(images).numpy()
    plain, priced = learner(model), learner(model, sparsity=0.01)
    losses = []
    for one in (plain, priced):
        one.compile("sgd", "categorical_crossentropy")
        losses.append(one.evaluate(images, Y, batch_size=32, verbose=0))
    price = 0.01 * activation.sum(axis=(1, 2, 3)).mean()
    assert price > 0.1
    assert losses[1] - losses[0] == pytest.approx(price, rel=1e-4)
    model(images)
    assert not model.losses  # a rede que se guarda não cobra nada
