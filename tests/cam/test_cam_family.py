"""Os métodos da família, cada um contra uma conta que não usa o motor."""

import itertools
import math

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import KernelPCA

from covidcam.cam import METHODS, explain
from covidcam.errors import InputError, ModelError

layers = keras.layers
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def top(model):
    return model.get_layer("top").get_weights()


def raw(model, batch, name, **options):
    return explain(model, batch, name, **options).raw


def logit(model, batch, target):
    return model.predict(batch, verbose=0)[:, target]


def bent(seed=0, **options):
    """Uma rede em que o mapa tem valores negativos e o logit não é linear nele."""
    return nets.hidden(activation="softplus", seed=seed, **options)


# --- o mapa de ativação ---------------------------------------------------------------------


def test_elementwise_keeps_the_positive_products():
    # A com sinal: y = ΣW ⊙ A, logo G = W
    random = np.random.default_rng(0)
    activation, gradient = random.standard_normal((2, 2, 3, 4, 5)).astype("float32")
    found = METHODS["grad-cam-elementwise"](tf.constant(activation), tf.constant(gradient))
    np.testing.assert_allclose(found, np.maximum(activation * gradient, 0).sum(-1), **CLOSE)
    layer = METHODS["layer-cam"](tf.constant(activation), tf.constant(gradient))
    assert np.abs(found - layer).max() > 1


def test_elementwise_is_layer_cam_after_a_relu():
    model, batch = nets.hidden(), nets.images()
    names = ("grad-cam-elementwise", "layer-cam")
    np.testing.assert_allclose(*(raw(model, batch, name) for name in names), **CLOSE)


def test_fem_by_hand():
    # canal 1: média 1, desvio √3 (um 4 em quatro); só o 4 passa de 1 + 1·√3. canal 2: constante
    activation = np.zeros((1, 2, 2, 2), "float32")
    activation[0, 0, 1, 0], activation[..., 1] = 4, 5
    found = METHODS["fem"](tf.constant(activation), deviations=1.0)
    np.testing.assert_allclose(found[0], [[0, 1], [0, 0]])
    assert not METHODS["fem"](tf.constant(activation)).numpy().any()  # 4 < 1 + 2·√3


def test_random_cam_is_a_weighted_sum_that_only_the_seed_decides():
    model, batch = nets.pooled(), nets.images()
    maps = [raw(model, batch, "random-cam", seed=seed, target=c) for seed, c in [(0, 0), (0, 1)]]
    np.testing.assert_array_equal(*maps)
    activation = nets.activation_of(model, batch).reshape(-1, 6)
    weights, *_ = np.linalg.lstsq(activation, maps[0].ravel(), rcond=None)
    np.testing.assert_allclose(activation @ weights, maps[0].ravel(), **CLOSE)
    assert 0.1 < np.abs(weights).max() <= 1
    assert np.abs(maps[0] - raw(model, batch, "random-cam", seed=1)).max() > 0.1


def test_kpca_cam_is_the_kernel_principal_component():
    model, batch = nets.pooled(), nets.images()
    found = raw(model, batch, "kpca-cam")
    for one, activation in zip(found, nets.activation_of(model, batch), strict=True):
        rows = activation.reshape(-1, 6).astype(float)
        width = ((rows - rows.mean(0)) ** 2).mean() * 6  # γ = 1 / (K σ²)
        expected = KernelPCA(1, kernel="rbf", gamma=1 / width).fit_transform(rows)[:, 0]
        expected *= np.sign(expected @ (rows - rows.mean(0)).sum(1))
        np.testing.assert_allclose(one.ravel(), expected, rtol=1e-3, atol=1e-3)


def test_kpca_cam_of_a_constant_map_is_flat():
    assert not METHODS["kpca-cam"](tf.ones((1, 3, 3, 2))).numpy().any()


@pytest.mark.parametrize("build", [nets.pooled, nets.hidden])
def test_shapley_cam_is_grad_cam_where_the_logit_is_piecewise_linear(build):
    maps = explain(build(), nets.images(), ["shapley-cam", "grad-cam"])
    np.testing.assert_allclose(maps["shapley-cam"].raw, maps["grad-cam"].raw, **CLOSE)


def test_shapley_cam_of_a_quadratic_by_hand():
    # y = Σ w A²: G = 2 w A e H A = 2 w A, logo G - ½ H A = w A, e o peso do canal é média(w A)
    entry = keras.Input((4, 4, 1))
    x = layers.Conv2D(3, 1, activation="relu", name="conv")(entry)
    y = layers.Dense(2, use_bias=False, name="top")(layers.Flatten()(keras.ops.square(x)))
    model, batch = nets.randomize(keras.Model(entry, y), 1), nets.images(2, size=4)
    activation = nets.activation_of(model, batch)
    weight = top(model)[0][:, 1].reshape(4, 4, 3)
    expected = np.einsum("nhwk,nk->nhw", activation, (weight * activation).mean((1, 2)))
    found = raw(model, batch, "shapley-cam", target=1, layer="conv")
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_shapley_product_against_finite_differences():
    """H A é quanto G muda quando A anda um pouco na direção do próprio A."""
    model, batch = bent(dtype="float64"), nets.images(2).astype("float64")
    middle = model.get_layer("conv").output
    tail = keras.Model(middle, model.output)
    activation = tf.constant(keras.Model(model.input, middle)(batch))

    def slope(at):
        with tf.GradientTape() as tape:
            tape.watch(at)
            y = tail(at)[:, 1]
        return tape.gradient(y, at)

    step = 1e-4
    moved = slope(activation * (1 + step)) - slope(activation * (1 - step))
    weights = tf.reduce_mean(slope(activation) - moved / (2 * step) / 2, axis=(1, 2))
    expected = np.einsum("nhwk,nk->nhw", activation, weights)
    found = raw(model, batch, "shapley-cam", target=1, layer="conv")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    plain = raw(model, batch, "grad-cam", target=1, layer="conv")
    assert np.abs(found - plain).max() > 0.05 * np.abs(plain).max()


# --- a vizinhança sozinha -------------------------------------------------------------------


def test_recipro_cam_at_the_pooling_is_a_blurred_cam():
    model, batch = nets.pooled(), nets.images()
    cam = np.pad(raw(model, batch, "cam", target=1) / 36, ((0, 0), (1, 1), (1, 1)))
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = sum(
        kernel[i, j] * cam[:, i : i + 6, j : j + 6]
        for i, j in itertools.product(range(3), repeat=2)
    )
    np.testing.assert_allclose(raw(model, batch, "recipro-cam", target=1), expected, **CLOSE)


@pytest.mark.parametrize("build", [nets.hidden, nets.skipping, nets.residual])
def test_recipro_cam_runs_what_comes_after_the_masked_map(build):
    model, batch = build(), nets.images(2)
    tail = keras.Model(model.get_layer("conv").output, model.output)
    activation = nets.activation_of(model, batch)
    mask = np.zeros((6, 6, 1))
    mask[1:4, 2:5, 0] = np.outer([1, 2, 1], [1, 2, 1]) / 16  # em volta de (2, 3)
    gain = tail(activation * mask).numpy() - tail(0 * activation).numpy()
    found = raw(model, batch, "recipro-cam", target=2, layer="conv")
    np.testing.assert_allclose(found[:, 2, 3], gain[:, 2], **CLOSE)


# --- a relevância ---------------------------------------------------------------------------


def by_relevance(activation, share):
    return np.einsum("nhwk,nk->nhw", activation, share.mean((1, 2)))


def test_relevance_before_one_dense_layer_by_hand():
    model, batch = nets.flattened(), nets.images()
    activation = nets.activation_of(model, batch)
    raised = activation * np.maximum(top(model)[0][:, 2], 0).reshape(6, 6, 6)
    share = raised / raised.sum((1, 2, 3), keepdims=True)
    found = raw(model, batch, "relevance-cam", target=2)
    np.testing.assert_allclose(found, by_relevance(activation, share), **CLOSE)


def test_relevance_through_a_hidden_layer_and_a_pooling_by_hand():
    model, batch = nets.hidden(), nets.images()
    activation = nets.activation_of(model, batch).astype(float)
    (k1, b1), (k2, _) = (model.layers[i].get_weights() for i in (-3, -1))
    cells = activation.reshape(3, 3, 2, 3, 2, 6).transpose(0, 1, 3, 2, 4, 5).reshape(3, 9, 4, 6)
    entry = cells.max(2).reshape(3, 54)
    hidden = np.maximum(entry @ k1 + b1, 0)
    above = hidden * np.maximum(k2[:, 1], 0)
    above /= above.sum(1, keepdims=True)
    raised = entry[:, :, None] * np.maximum(k1, 0)
    below = (raised / raised.sum(1, keepdims=True) * above[:, None]).sum(2)
    winners = cells == cells.max(2, keepdims=True)
    winners = winners * (np.cumsum(winners, 2) == 1) * below.reshape(3, 9, 1, 6)
    share = winners.sum((1, 2)) / 36
    found = raw(model, batch, "relevance-cam", target=1)
    np.testing.assert_allclose(found, np.einsum("nhwk,nk->nhw", activation, share), **CLOSE)


def deep(seed=0):
    """Depois do mapa ``conv``: convolução, normalização, ReLU, soma, média global e densa."""
    entry, x = nets.trunk()
    branch = layers.Conv2D(6, 3, padding="same", name="last")(x)
    branch = layers.ReLU()(layers.BatchNormalization(name="norm")(branch))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, branch]))
    model = nets.randomize(keras.Model(entry, layers.Dense(3, "softmax", name="top")(x)), seed)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.abs(norm.moving_variance) + 0.5)
    return model


def test_relevance_is_conserved_down_to_the_map(monkeypatch):
    monkeypatch.setitem(METHODS, "all", lambda relevance: tf.reduce_sum(relevance, -1))
    for model in (nets.flattened(), nets.hidden(), deep()):
        total = raw(model, nets.images(), "all", target=1, layer="conv").sum((1, 2))
        np.testing.assert_allclose(total, 1, rtol=1e-4)


def test_relevance_of_a_normalized_convolution_is_that_of_the_convolution_it_amounts_to():
    model, batch = deep(), nets.images()
    norm, last = model.get_layer("norm"), model.get_layer("last")
    gamma, beta, mean, variance = norm.get_weights()
    assert (gamma < 0).any() and (gamma > 0).any()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    before = raw(model, batch, "relevance-cam", target=1, layer="conv")
    kernel, bias = last.get_weights()
    last.set_weights([kernel * scale, (bias - mean) * scale + beta])
    one = np.ones_like(gamma)
    norm.set_weights([one, 0 * one, 0 * one, one - norm.epsilon])
    after = raw(model, batch, "relevance-cam", target=1, layer="conv")
    np.testing.assert_allclose(before, after, **CLOSE)


def normalized_after_pooling():
    """O sinal da normalização não tem uma camada linear em que entrar."""
    entry, x = nets.trunk()
    x = layers.BatchNormalization(name="norm")(layers.MaxPooling2D()(x))
    return keras.Model(entry, layers.Dense(2)(layers.Flatten()(x)))


def test_relevance_of_a_normalized_sum_by_hand():
    """y = w · média(ReLU(norma(x + ramo))): só o que empurra no sentido da norma recebe."""
    model, batch = nets.residual(), nets.images()
    x, branch, out = (nets.activation_of(model, batch, n) for n in ("conv", "last", "post_relu"))
    raised = out.astype(float) * np.maximum(top(model)[0][:, 1], 0)
    received = raised / raised.sum((1, 2, 3), keepdims=True)
    sign = np.sign(model.get_layer("norm").get_weights()[0])
    pushes = np.maximum(sign * x, 0), np.maximum(sign * branch, 0)
    total = sum(pushes)
    share = np.divide(received * pushes[1], total, out=np.zeros_like(total), where=total > 0)
    found = raw(model, batch, "relevance-cam", target=1, layer="last")
    np.testing.assert_allclose(found, by_relevance(branch, share), **CLOSE)


@pytest.mark.parametrize(
    ("build", "word"),
    [(bent, "dense"), (nets.normalized, "activation"), (normalized_after_pooling, "norm")],
)
def test_relevance_refuses_what_its_rule_does_not_cover(build, word):
    with pytest.raises(ModelError, match=f"relevance-cam.*{word}"):
        explain(build(), nets.images(), "relevance-cam", layer="conv")


# --- a imagem -------------------------------------------------------------------------------


def test_input_x_gradient_of_a_linear_model():
    model, batch = nets.pixelwise(), nets.images(size=6)
    expected = nets.pixel_weights(model, 1) * batch[..., 0]
    np.testing.assert_allclose(raw(model, batch, "input-x-gradient", target=1), expected, **CLOSE)


def test_input_x_gradient_sums_to_a_logit_without_biases():
    model, batch = nets.pooled(channels=3), nets.images(channels=3)
    model.set_weights([w if w.ndim > 1 else 0 * w for w in model.get_weights()])
    total = raw(model, batch, "input-x-gradient", target=1).sum((1, 2))
    np.testing.assert_allclose(total, logit(model, batch, 1), **CLOSE)


def test_guided_backprop_is_what_guided_grad_cam_multiplies():
    model, batch = nets.hidden(), nets.images()
    names = ["guided-backprop", "guided-grad-cam", "gradient"]
    maps = explain(model, batch, names, target=1, layer="conv")
    coarse = raw(model, batch, "grad-cam", target=1, layer="conv")
    coarse = tf.image.resize(np.maximum(coarse, 0)[..., None], (12, 12))[..., 0]
    np.testing.assert_allclose(
        maps["guided-grad-cam"].raw, coarse * maps["guided-backprop"].raw, **CLOSE
    )
    assert np.abs(maps["guided-backprop"].raw - maps["gradient"].raw).max() > 0.1


def test_guided_backprop_by_hand():
    # y = -2 ReLU(3 x) + 4 ReLU(x - 1): por ReLU só volta o positivo, 4, e só onde x > 1
    entry = keras.Input((1, 2, 1))
    x = layers.Conv2D(2, 1, activation="relu", name="conv")(entry)
    model = keras.Model(entry, layers.Dense(2, use_bias=False, name="top")(layers.Flatten()(x)))
    model.get_layer("conv").set_weights([np.array([[[[3.0, 1.0]]]]), np.array([0.0, -1.0])])
    model.get_layer("top").set_weights([np.array([[-2, 0], [4, 0], [-2, 0], [4, 0.0]])])
    batch = np.array([[[[2.0], [0.5]]]], "float32")
    np.testing.assert_allclose(raw(model, batch, "guided-backprop", target=0)[0], [[4, 0]])
    np.testing.assert_allclose(raw(model, batch, "gradient", target=0)[0], [[-2, -6]])


@pytest.mark.parametrize(
    "name",
    ["gradient", "input-x-gradient", "guided-backprop", "smooth-grad", "integrated-gradients"],
)
def test_absolute_is_the_greatest_colour(name):
    model, batch = nets.pooled(channels=2), nets.images(channels=2)
    colours = []
    for colour in range(2):  # a mesma rede, que só deixa passar uma cor
        other = nets.pooled(channels=2)
        tail = keras.Model(other.layers[1].output, other.output)
        entry = keras.Input((12, 12, 2))
        mixed = keras.ops.stop_gradient(entry) * np.eye(2)[1 - colour] + entry * np.eye(2)[colour]
        colours.append(raw(keras.Model(entry, tail(other.layers[1](mixed))), batch, name, target=1))
    signed = raw(model, batch, name, target=1)
    np.testing.assert_allclose(signed, sum(colours), **CLOSE)
    absolute = raw(model, batch, name, target=1, absolute=True)
    np.testing.assert_allclose(absolute, np.abs(colours).max(0), **CLOSE)
    with pytest.raises(InputError, match=r"absolute.*True ou False"):
        explain(model, batch, name, absolute=2)


def noisy_gradients(model, batch, target, samples, noise, seed, layer=None):
    """Os gradientes sob o mesmo ruído, por uma fita do TensorFlow."""
    random = np.random.Generator(np.random.PCG64(seed))
    width = np.ptp(batch, axis=(1, 2, 3), keepdims=True)
    both = keras.Model(model.input, model.get_layer(layer).output) if layer else None
    tail = keras.Model(both.output, model.output) if layer else model
    found = []
    for _ in range(samples // 2):
        step = noise * width * random.standard_normal(batch.shape[1:], dtype=np.float32)
        for images in (batch + step, batch - step):
            at = tf.constant(images if both is None else both(images))
            with tf.GradientTape() as tape:
                tape.watch(at)
                y = tail(at)[:, target]
            found.append(tape.gradient(y, at).numpy())
    return np.array(found, "float64")


def test_vargrad_is_the_variance_of_the_gradients():
    model, batch = bent(), nets.images(2)
    found = raw(model, batch, "vargrad", target=1, samples=6, noise=0.4, seed=3)
    expected = noisy_gradients(model, batch, 1, 6, 0.4, 3).sum(-1).var(0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_vargrad_of_a_linear_model_is_nothing():
    assert explain(nets.pixelwise(), nets.images(size=6), "vargrad").flat.all()


def test_vargrad_of_a_quadratic_is_the_spread_of_the_noise():
    # y = W x²: ∂y/∂x = 2 W x, cuja variância sob o ruído é (2 W σ)²
    model, batch = nets.pixelwise(keras.ops.square), nets.images(2, size=6)
    found = raw(model, batch, "vargrad", target=0, samples=1000, noise=0.1)
    width = np.ptp(batch, axis=(1, 2, 3))[:, None, None]
    expected = (2 * nets.pixel_weights(model, 0) * 0.1 * width) ** 2
    np.testing.assert_allclose(found, expected, rtol=0.35)


def test_smooth_grad_cam_plus_plus_against_its_formula():
    model, batch = bent(seed=2), nets.images(2)
    options = {"samples": 4, "noise": 0.4, "seed": 5}
    found = raw(model, batch, "smooth-grad-cam++", target=1, layer="conv", **options)
    slopes = noisy_gradients(model, batch, 1, **options, layer="conv")
    first, second, third = ((slopes**power).mean(0) for power in (1, 2, 3))
    activation = nets.activation_of(model, batch).astype(float)
    total = activation.sum((1, 2), keepdims=True)
    alpha = second / (2 * second + total * third)
    weights = (alpha * np.maximum(first, 0)).sum((1, 2))
    expected = np.einsum("nhwk,nk->nhw", activation, weights)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3 * np.abs(expected).max())
    plain = raw(model, batch, "grad-cam++", target=1, layer="conv")
    assert np.abs(found - plain).max() > 1e-2 * np.abs(plain).max()


# --- o gradiente completo -------------------------------------------------------------------


def rectified(seed=0, final=None):
    """Convoluções com viés, normalização, ReLU dentro e fora, soma, densa oculta; lados 12 e 6."""
    entry = keras.Input((12, 12, 2))
    x = layers.Rescaling(2.0, offset=-1.0, name="prepared")(entry)
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same")(layers.MaxPooling2D()(x))
    x = layers.ReLU()(layers.BatchNormalization(name="norm")(x))
    x = layers.Add()([x, layers.SeparableConv2D(4, 3, padding="same")(x)])
    x = layers.Dense(5, "relu", name="hidden")(layers.GlobalAveragePooling2D()(x))
    model = nets.randomize(keras.Model(entry, layers.Dense(3, final, name="top")(x)), seed)
    norm = model.get_layer("norm")
    norm.moving_variance.assign(np.abs(norm.moving_variance) + 0.5)
    return model


def spaceless_biases(model, batch, target):
    """Σ b ∂y/∂b das camadas densas, por diferenças finitas (y é linear por partes nelas)."""
    total = 0.0
    for layer in (one for one in model.layers if isinstance(one, layers.Dense)):
        kernel, bias = layer.get_weights()
        moved = []
        for factor in (1.001, 0.999):
            layer.set_weights([kernel, factor * bias])
            moved.append(logit(model, batch, target).astype(float))
        layer.set_weights([kernel, bias])
        total = total + (moved[0] - moved[1]) / 0.002
    return total


@pytest.mark.parametrize("build", [rectified, nets.hidden, nets.pooled, nets.residual])
def test_fullgrad_is_complete(build):
    model = build()
    batch = nets.images(channels=model.input_shape[-1])
    total = raw(model, batch, "fullgrad", target=1).sum((1, 2))
    expected = logit(model, batch, 1) - spaceless_biases(model, batch, 1)
    np.testing.assert_allclose(total, expected, rtol=2e-3, atol=5e-3)


def test_fullgrad_counts_from_the_prepared_image():
    # uma só densa depois da normalização: não há viés no espaço, e o mapa é x̃ ⊙ W
    entry = keras.Input((6, 6, 1))
    x = layers.Flatten()(layers.Rescaling(0.5, offset=-1.0)(entry))
    model = nets.randomize(keras.Model(entry, layers.Dense(2, name="top")(x)))
    batch = nets.images(size=6)
    expected = nets.pixel_weights(model, 1) * (0.5 * batch[..., 0] - 1)
    np.testing.assert_allclose(raw(model, batch, "fullgrad", target=1), expected, **CLOSE)
    absolute = raw(model, batch, "fullgrad", target=1, absolute=True)
    np.testing.assert_allclose(absolute, np.abs(expected), **CLOSE)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.Activation("silu"), "Activation"),
        (layers.ReLU(max_value=6), "ReLU"),
        (layers.Conv2D(3, 3, activation="tanh"), "Conv2D"),
        (layers.LayerNormalization(), "LayerNormalization"),
    ],
)
def test_fullgrad_refuses_what_its_rule_does_not_cover(layer, words):
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(layer(x))
    with pytest.raises(ModelError, match=f"fullgrad.*{words}"):
        explain(keras.Model(entry, layers.Dense(2)(x)), nets.images(), "fullgrad")


# --- perturbações ---------------------------------------------------------------------------


def test_is_cam_is_the_softmax_of_the_mean_over_the_gains():
    model, batch = nets.pooled(seed=3), nets.images(2)
    found = raw(model, batch, "is-cam", target=1, steps=3, batch_size=4)
    for one, image, activation in zip(found, batch, nets.activation_of(model, batch), strict=True):
        live = [k for k in range(6) if np.ptp(activation[..., k]) > 0]
        masks = tf.image.resize(np.moveaxis(activation[..., live], -1, 0)[..., None], (12, 12))
        masks -= tf.reduce_min(masks, (1, 2), keepdims=True)
        masks /= tf.reduce_max(masks, (1, 2), keepdims=True)
        scores = np.mean([logit(model, image * masks * (i / 3), 1) for i in (1, 2, 3)], axis=0)
        weights = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(one, activation[..., live] @ weights, **CLOSE)


def test_is_cam_of_one_step_is_score_cam():
    model, batch = nets.pooled(), nets.images(2)
    maps = raw(model, batch, "is-cam", steps=1), raw(model, batch, "score-cam")
    np.testing.assert_allclose(*maps, **CLOSE)


def zone_values(found, rows=3, columns=2):
    """A soma de cada zona do mapa: o seu valor de Shapley."""
    count, height, width = found.shape
    cells = found.reshape(count, rows, height // rows, columns, width // columns)
    return cells.sum((2, 4)).reshape(count, -1)


def test_kernel_shap_of_the_six_zones_is_the_mean_over_every_order():
    model, batch = nets.hidden(), nets.images(2)
    zones = np.arange(6).reshape(3, 2).repeat(4, 0).repeat(6, 1)
    every = list(itertools.product([0, 1], repeat=6))
    scores = {
        shown: logit(model, np.where(np.array(shown)[zones][..., None], batch, 0.25), 1)
        for shown in every
    }
    expected = np.zeros((2, 6))
    for order in itertools.permutations(range(6)):
        shown = [0] * 6
        for zone in order:
            before = scores[tuple(shown)]
            shown[zone] = 1
            expected[:, zone] += scores[tuple(shown)] - before
    found = zone_values(raw(model, batch, "kernel-shap", target=1, reference=0.25))
    np.testing.assert_allclose(found, expected / math.factorial(6), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"samples": 20}, {"rows": 4, "columns": 5}])
def test_kernel_shap_sums_to_the_change(options):
    model, batch = nets.hidden(), nets.images()
    total = raw(model, batch, "kernel-shap", target=2, **options).sum((1, 2))
    blank = np.broadcast_to(batch.mean((1, 2), keepdims=True), batch.shape)
    expected = logit(model, batch, 2) - logit(model, blank, 2)
    np.testing.assert_allclose(total, expected, rtol=1e-3, atol=1e-4)


def test_kernel_shap_of_a_linear_model_is_the_effect_of_each_zone():
    model, batch = nets.pixelwise(), nets.images(size=6)
    effect = nets.pixel_weights(model, 0) * batch[..., 0]
    for options in ({}, {"samples": 40}):
        found = raw(model, batch, "kernel-shap", target=0, reference=0.0, **options)
        np.testing.assert_allclose(zone_values(found), zone_values(effect), rtol=1e-3, atol=1e-4)


# --- a família inteira ----------------------------------------------------------------------

LINEAR = ["cam", "grad-cam", "xgrad-cam", "hires-cam", "ablation-cam", "shapley-cam"]
LINEAR += ["relevance-cam", "recipro-cam", "gradient", "input-x-gradient", "smooth-grad"]
LINEAR += ["integrated-gradients", "fullgrad", "occlusion", "rise", "kernel-shap"]


@pytest.mark.parametrize("name", LINEAR)
def test_against_is_the_difference_of_two_maps(name):
    model, batch = (nets.pooled if name == "cam" else nets.hidden)(), nets.images(2)
    options = {"samples": 32} if name == "rise" else {}
    one, other = (raw(model, batch, name, target=c, **options) for c in (2, 0))
    found = raw(model, batch, name, target=2, against=0, **options)
    scale = np.abs(one).max() + np.abs(other).max()
    np.testing.assert_allclose(found, one - other, rtol=1e-3, atol=1e-4 * scale)
    assert np.abs(found).max() > 1e-2 * scale


def pooled_twice():
    """Um agrupamento entre a última convolução e a média global: CAM lê depois dele."""
    entry, x = nets.trunk()
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(x))
    return nets.randomize(keras.Model(entry, layers.Dense(3, name="top")(x)))


def signed():
    """O mapa tem valores negativos, e o logit não é linear nele."""
    entry, x = nets.trunk()
    x = layers.Conv2D(6, 3, name="signed")(x)
    x = layers.Dense(7, "softplus")(layers.Flatten()(x))
    return nets.randomize(keras.Model(entry, layers.Dense(3, name="top")(x)), scale=0.3)


def test_no_two_methods_are_the_same_on_every_head():
    assert len(METHODS) >= 28
    batch, seen = nets.images(2), {name: {} for name in METHODS}
    demanding = ["cam", "relevance-cam", "fullgrad", "guided-backprop", "guided-grad-cam"]
    others = [name for name in METHODS if name not in demanding]
    for build in (nets.hidden, pooled_twice, signed):
        model = build()
        for name, found in explain(model, batch, others, target=1, samples=40).items():
            seen[name][build] = found.values
        for name in demanding:  # só servem a algumas cabeças
            try:
                seen[name][build] = explain(model, batch, name, target=1).values
            except ModelError as error:
                assert name in demanding[:3] or "ReLU" in str(error), name
    for one, other in itertools.combinations(METHODS, 2):
        common = seen[one].keys() & seen[other].keys()
        assert any(
            np.abs(seen[one][build] - seen[other][build]).max() > 1e-3 for build in common
        ), (one, other)
