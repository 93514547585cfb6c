"""Identidades que a matemática garante, cada uma contra uma conta que não usa o motor."""

import itertools

import cam_networks as nets
import keras
import numpy as np
import pytest
import tensorflow as tf

from covidcam.cam import METHODS, explain, perturbation

ODD = ["cam", "grad-cam", "xgrad-cam", "hires-cam", "ablation-cam", "gradient", "occlusion"]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def top(model):
    return model.get_layer("top").get_weights()


def explained(model, batch, names, **options):
    return {name: maps.raw for name, maps in explain(model, batch, names, **options).items()}


def probability_map(model, batch, target, layer="conv"):
    """O Grad-CAM da probabilidade, por uma fita do TensorFlow sobre o modelo cortado."""
    middle = model.get_layer(layer).output
    tail = keras.Model(middle, model.output)
    activation = tf.constant(nets.activation_of(model, batch, layer))
    with tf.GradientTape() as tape:
        tape.watch(activation)
        probability = tail(activation)[:, target]
    gradient = tape.gradient(probability, activation).numpy()
    return np.einsum("nhwk,nk->nhw", activation.numpy(), gradient.mean((1, 2)))


# --- onde o mapa encontra a média global ---------------------------------------------------


def test_cam_is_grad_cam_times_positions():
    maps = explained(nets.pooled(), nets.images(), ["cam", "grad-cam"])
    np.testing.assert_allclose(maps["cam"], 36 * maps["grad-cam"], **CLOSE)


def test_cam_is_the_weighted_activation():
    model, batch = nets.pooled(), nets.images()
    expected = nets.activation_of(model, batch) @ top(model)[0][:, 2]
    np.testing.assert_allclose(explain(model, batch, "cam", target=2).raw, expected, **CLOSE)


@pytest.mark.parametrize("name", ["xgrad-cam", "hires-cam"])
def test_same_as_grad_cam_at_the_pooling(name):
    maps = explained(nets.pooled(), nets.images(), [name, "grad-cam"])
    np.testing.assert_allclose(maps[name], maps["grad-cam"], **CLOSE)


def test_grad_cam_sums_to_the_logit_minus_bias():
    model, batch = nets.pooled(), nets.images()
    raw = explain(model, batch, target=1).raw
    np.testing.assert_allclose(
        raw.sum((1, 2)) + top(model)[1][1], model.predict(batch, verbose=0)[:, 1], **CLOSE
    )


def test_ablation_weight_is_dense_weight_times_mean():
    model, batch = nets.pooled(), nets.images()
    activation = nets.activation_of(model, batch)
    weights = top(model)[0][:, 0] * activation.mean((1, 2))
    expected = np.einsum("nhwk,nk->nhw", activation, weights)
    raw = explain(model, batch, "ablation-cam", target=0).raw
    np.testing.assert_allclose(raw, expected, **CLOSE)


def test_layer_cam_keeps_only_positive_weights():
    model, batch = nets.pooled(), nets.images()
    expected = nets.activation_of(model, batch) @ np.maximum(top(model)[0][:, 0], 0) / 36
    raw = explain(model, batch, "layer-cam", target=0).raw
    np.testing.assert_allclose(raw, expected, **CLOSE)
    assert raw.min() >= 0


def test_grad_cam_plus_plus_weight_at_the_pooling():
    model, batch = nets.pooled(), nets.images()
    activation, weight = nets.activation_of(model, batch), top(model)[0][:, 0]
    weights = np.maximum(weight, 0) / (2 + weight * activation.mean((1, 2)))
    expected = np.einsum("nhwk,nk->nhw", activation, weights)
    raw = explain(model, batch, "grad-cam++", target=0).raw
    np.testing.assert_allclose(raw, expected, **CLOSE)


# --- logit, softmax e sigmoide -------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in METHODS if n != "rise"])
def test_softmax_is_looked_through(name):
    batch = nets.images(2)
    maps = [
        explain(nets.pooled(final=final), batch, name, target=1, layer=None).raw
        for final in (None, "softmax")
    ]
    np.testing.assert_allclose(*maps, **CLOSE)


def test_softmax_probability_map_is_a_mixture_of_logit_maps():
    model, batch = nets.pooled(final="softmax"), nets.images()
    p = model.predict(batch, verbose=0)
    raw = np.stack([explain(model, batch, target=c).raw for c in range(3)], axis=1)
    expected = p[:, 1, None, None] * (raw[:, 1] - np.einsum("nc,nchw->nhw", p, raw))
    np.testing.assert_allclose(probability_map(model, batch, 1), expected, **CLOSE)


def test_two_class_softmax_explains_the_difference_of_logits():
    model, batch = nets.pooled(classes=2, final="softmax"), nets.images()
    p = model.predict(batch, verbose=0)[:, 1, None, None]
    difference = explain(model, batch, target=1).raw - explain(model, batch, target=0).raw
    np.testing.assert_allclose(
        probability_map(model, batch, 1), p * (1 - p) * difference, rtol=1e-3, atol=1e-6
    )


def test_sigmoid_probability_map_is_a_multiple_of_the_logit_map():
    model, batch = nets.pooled(classes=1, final="sigmoid"), nets.images()
    p = model.predict(batch, verbose=0)[:, 0, None, None]
    raw = explain(model, batch, target=1).raw
    np.testing.assert_allclose(
        probability_map(model, batch, 0), p * (1 - p) * raw, rtol=1e-3, atol=1e-6
    )


@pytest.mark.parametrize("name", ODD)  # os que só leem o logit linearmente
def test_single_output_counts_as_two_opposite_classes(name):
    model, batch = nets.pooled(classes=1, final="sigmoid"), nets.images()
    yes, no = (explain(model, batch, name, target=c) for c in (1, 0))
    np.testing.assert_allclose(yes.raw, -no.raw, **CLOSE)
    p = model.predict(batch, verbose=0)
    np.testing.assert_allclose(yes.scores, np.hstack([1 - p, p]), **CLOSE)
    np.testing.assert_allclose(yes.logits[:, 1], np.log(p / (1 - p))[:, 0], rtol=1e-3, atol=1e-4)


def test_single_output_without_sigmoid_is_a_logit():
    model, batch = nets.pooled(classes=1), nets.images()
    y = model.predict(batch, verbose=0)
    maps = explain(model, batch)
    np.testing.assert_allclose(maps.scores, np.hstack([-y, y]), **CLOSE)
    np.testing.assert_array_equal(maps.target, y[:, 0] > 0)


# --- qualquer cabeça -----------------------------------------------------------------------


def test_hires_cam_is_complete_before_one_dense_layer():
    model, batch = nets.flattened(), nets.images()
    maps = explained(model, batch, ["hires-cam", "grad-cam"], target=2)
    logit = model.predict(batch, verbose=0)[:, 2] - top(model)[1][2]
    np.testing.assert_allclose(maps["hires-cam"].sum((1, 2)), logit, **CLOSE)
    assert np.abs(maps["grad-cam"].sum((1, 2)) - logit).max() > 0.1


@pytest.mark.parametrize("build", [nets.flattened, nets.hidden, nets.residual])
def test_xgrad_cam_and_hires_cam_have_the_same_sum(build):
    maps = explained(build(), nets.images(), ["xgrad-cam", "hires-cam"], target=0)
    sums = [raw.sum((1, 2)) for raw in maps.values()]
    np.testing.assert_allclose(*sums, rtol=1e-3, atol=1e-5)


def test_one_position_makes_three_methods_equal():
    random = np.random.default_rng(0)
    activation, gradient = random.standard_normal((2, 4, 1, 1, 5)).astype("float32")
    maps = [METHODS[n](activation, gradient) for n in ("grad-cam", "xgrad-cam", "hires-cam")]
    np.testing.assert_allclose(maps[0], maps[1], **CLOSE)
    np.testing.assert_allclose(maps[0], maps[2], **CLOSE)


@pytest.mark.parametrize(
    ("build", "layer"),
    [
        (nets.pooled, "conv"),
        (nets.flattened, "conv"),
        (nets.normalized, "conv"),
        (nets.hidden, "conv"),
        (nets.skipping, "conv"),
        (lambda: nets.flattened(final="relu"), "conv"),
        (lambda: nets.hidden(classes=1), "conv"),
        (nets.residual, "conv"),
        (nets.residual, "branch"),
        (nets.residual, "last"),
    ],
)
def test_ablation_is_the_drop_when_the_kernel_of_a_channel_is_zeroed(build, layer):
    model, batch = build(), nets.images()
    before = model.predict(batch, verbose=0)[:, -1]
    activation = nets.activation_of(model, batch, layer)
    conv = model.get_layer(layer)
    kernel, bias = conv.get_weights()
    drops = []
    for k in range(kernel.shape[-1]):
        keep = np.arange(kernel.shape[-1]) != k
        conv.set_weights([kernel * keep, bias * keep])
        drops.append(before - model.predict(batch, verbose=0)[:, -1])
    conv.set_weights([kernel, bias])
    expected = np.einsum("nhwk,kn->nhw", activation, np.array(drops))
    last = max(model.output_shape[1] - 1, 1)
    raw = explain(model, batch, "ablation-cam", target=last, layer=layer).raw
    np.testing.assert_allclose(raw, expected, rtol=1e-3, atol=1e-4)


# --- decomposição --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [12, 4])  # mais posições que canais, e menos
def test_eigen_cam_is_the_first_singular_component(size):
    model, batch = nets.pooled(size=size), nets.images(size=size)
    raw = explain(model, batch, "eigen-cam").raw
    for one, activation in zip(raw, nets.activation_of(model, batch), strict=True):
        u, s, _ = np.linalg.svd(activation.reshape(-1, 6), full_matrices=False)
        np.testing.assert_allclose(np.linalg.norm(one), s[0], rtol=1e-4)
        np.testing.assert_allclose(np.abs(one.ravel()), np.abs(s[0] * u[:, 0]), **CLOSE)


def test_eigen_cam_of_positive_activations_is_positive():
    assert explain(nets.pooled(), nets.images(), "eigen-cam").raw.min() > -1e-6


def test_eigen_cam_of_rank_one_is_the_spatial_factor():
    place, channel = np.random.default_rng(0).random((2, 12)).astype("float32")
    activation = np.outer(place, channel).reshape(1, 3, 4, 12)
    expected = place.reshape(3, 4) * np.linalg.norm(channel)
    np.testing.assert_allclose(METHODS["eigen-cam"](tf.constant(activation))[0], expected, **CLOSE)


def test_eigen_cam_ignores_class_and_head():
    model, batch = nets.pooled(), nets.images()
    first = explain(model, batch, "eigen-cam", target=0).raw
    kernel, bias = top(model)
    model.get_layer("top").set_weights([-3 * kernel, bias])
    np.testing.assert_array_equal(first, explain(model, batch, "eigen-cam", target=2).raw)


def test_eigen_grad_cam_is_the_first_component_of_the_product():
    model, batch = nets.flattened(), nets.images()
    kernel = top(model)[0][:, 1].reshape(6, 6, 6)
    raw = explain(model, batch, "eigen-grad-cam", target=1).raw
    for one, activation in zip(raw, nets.activation_of(model, batch), strict=True):
        product = (activation * kernel).reshape(-1, 6)
        u, s, _ = np.linalg.svd(product, full_matrices=False)
        expected = s[0] * u[:, 0] * np.sign(u[:, 0] @ product.sum(1))
        np.testing.assert_allclose(one.ravel(), expected, rtol=1e-3, atol=1e-4)


# --- pixels --------------------------------------------------------------------------------


def test_gradient_of_a_linear_model_is_its_weights():
    model = nets.pixelwise()
    raw = explain(model, nets.images(size=6), "gradient", target=1).raw
    np.testing.assert_allclose(raw, np.stack([nets.pixel_weights(model, 1)] * 3), **CLOSE)


def test_gradient_adds_the_colour_channels():
    model, batch = nets.pooled(channels=3), nets.images(channels=3)
    raw = explain(model, batch, "gradient", target=0).raw
    step = 1e-2
    grey = batch.copy()
    grey[:, 4, 5] += step
    change = (model.predict(grey, verbose=0) - model.predict(batch, verbose=0))[:, 0] / step
    np.testing.assert_allclose(raw[:, 4, 5], change, rtol=0.05, atol=1e-4)


def test_smooth_grad_of_a_linear_model_is_the_gradient():
    maps = explained(nets.pixelwise(), nets.images(size=6), ["gradient", "smooth-grad"])
    np.testing.assert_allclose(maps["gradient"], maps["smooth-grad"], **CLOSE)


def test_antithetic_noise_makes_smooth_grad_exact_on_a_quadratic():
    model = nets.pixelwise(keras.ops.square)
    maps = explained(model, nets.images(size=6), ["gradient", "smooth-grad"], samples=4, noise=0.5)
    np.testing.assert_allclose(maps["gradient"], maps["smooth-grad"], **CLOSE)


def test_integrated_gradients_are_exact_in_one_step_on_linear_and_quadratic():
    batch = nets.images(size=6)
    linear, quadratic = nets.pixelwise(), nets.pixelwise(keras.ops.square)
    for model, power in ((linear, 1), (quadratic, 2)):
        raw = explain(model, batch, "integrated-gradients", target=0, steps=1).raw
        expected = nets.pixel_weights(model, 0) * batch[..., 0] ** power
        np.testing.assert_allclose(raw, expected, **CLOSE)


def test_integrated_gradients_are_complete_and_converge_fourfold():
    model, batch = nets.hidden(activation="softplus"), nets.images()
    difference = model.predict(batch, verbose=0) - model.predict(0 * batch + 0.3, verbose=0)
    errors = []
    for steps in (2, 4, 8):
        options = {"target": 1, "steps": steps, "reference": 0.3}
        total = explain(model, batch, "integrated-gradients", **options).raw.sum((1, 2))
        errors.append(np.abs(total - difference[:, 1]))
    assert errors[-1].max() < 1e-3
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert ratios[0].min() > 3.3 and ratios[0].max() < 4.7


def test_gradient_times_input_is_the_logit_without_bias():
    entry = keras.Input((8, 8, 1))
    x = nets.layers.Conv2D(4, 3, activation="relu", use_bias=False)(entry)
    x = nets.layers.GlobalAveragePooling2D()(x)
    model = nets.randomize(keras.Model(entry, nets.layers.Dense(2, use_bias=False)(x)))
    batch = nets.images(size=8)
    maps = explained(model, batch, ["gradient", "integrated-gradients"], target=0, steps=3)
    product = maps["gradient"] * batch[..., 0]
    logit = model.predict(batch, verbose=0)[:, 0]
    np.testing.assert_allclose(product.sum((1, 2)), logit, **CLOSE)
    np.testing.assert_allclose(maps["integrated-gradients"], product, **CLOSE)


def test_guided_grad_cam_against_a_guided_pass_by_hand():
    entry = keras.Input((4, 4, 1))
    first = nets.layers.Conv2D(3, 1, activation="relu", name="first")
    second = nets.layers.Conv2D(2, 1, activation="relu", name="conv")
    x = nets.layers.Flatten()(second(first(entry)))
    model = nets.randomize(keras.Model(entry, nets.layers.Dense(2, name="top")(x)), 8, scale=1)
    batch = nets.images(2, size=4) - 0.3
    (k1, b1), (k2, b2) = ([w.astype(float) for w in conv.get_weights()] for conv in (first, second))
    weight = top(model)[0][:, 1].reshape(4, 4, 2)
    z1 = batch @ k1[0, 0] + b1
    z2 = np.maximum(z1, 0) @ k2[0, 0] + b2
    back = np.where(z2 > 0, np.maximum(weight, 0), 0) @ k2[0, 0].T
    guided = (np.where(z1 > 0, np.maximum(back, 0), 0) @ k1[0, 0].T)[..., 0]
    activation = np.maximum(z2, 0)
    coarse = np.maximum(activation @ weight.mean((0, 1)), 0)
    raw = explain(model, batch, "guided-grad-cam", target=1).raw
    np.testing.assert_allclose(raw, coarse * guided, **CLOSE)
    plain = explain(model, batch, "gradient", target=1).raw
    assert np.abs(raw).max() > 0.1 and np.abs(raw - coarse * plain).max() > 0.1


# --- perturbações --------------------------------------------------------------------------


def test_occlusion_of_one_pixel_is_gradient_times_input_on_a_linear_model():
    model, batch = nets.pixelwise(), nets.images(size=6)
    options = {"target": 0, "window": 1, "stride": 1, "reference": 0.0}
    raw = explain(model, batch, "occlusion", **options).raw
    np.testing.assert_allclose(raw, nets.pixel_weights(model, 0) * batch[..., 0], **CLOSE)


def test_occlusion_without_overlap_gives_patch_sums_and_the_whole_difference():
    model, batch = nets.pixelwise(), nets.images(size=6)
    options = {"target": 1, "window": 2, "stride": 2, "reference": 0.25}
    raw = explain(model, batch, "occlusion", **options).raw
    effect = nets.pixel_weights(model, 1) * (batch[..., 0] - 0.25)
    patches = effect.reshape(3, 3, 2, 3, 2).sum((2, 4))
    np.testing.assert_allclose(raw, patches.repeat(2, 1).repeat(2, 2), **CLOSE)
    logits = [model.predict(x, verbose=0)[:, 1] for x in (batch, 0 * batch + 0.25)]
    np.testing.assert_allclose(raw[:, ::2, ::2].sum((1, 2)), logits[0] - logits[1], **CLOSE)


def test_overlapping_occlusion_averages_the_windows_over_each_pixel():
    model, batch = nets.pixelwise(), nets.images(1, size=6)
    options = {"target": 1, "window": 3, "stride": 2, "reference": 0.0}
    raw = explain(model, batch, "occlusion", **options).raw[0]
    effect = nets.pixel_weights(model, 1) * batch[0, ..., 0]
    expected = np.zeros((6, 6))
    for y, x in itertools.product(range(6), repeat=2):
        corners = [(a, b) for a in (0, 2, 3) for b in (0, 2, 3)]
        over = [(a, b) for a, b in corners if a <= y < a + 3 and b <= x < b + 3]
        expected[y, x] = np.mean([effect[a : a + 3, b : b + 3].sum() for a, b in over])
    np.testing.assert_allclose(raw, expected, **CLOSE)


def test_occlusion_fills_with_the_mean_of_the_image_by_default():
    model, batch = nets.pixelwise(), nets.images(1, size=6)
    raws = [
        explain(model, batch, "occlusion", target=0, window=2, reference=fill).raw
        for fill in (None, float(batch.mean()))
    ]
    np.testing.assert_allclose(*raws, **CLOSE)


def test_rise_over_every_mask_is_affine_in_the_effect_of_each_pixel(monkeypatch):
    every = np.array(list(itertools.product([0, 1], repeat=9)), "float32").reshape(-1, 3, 3)
    monkeypatch.setattr(perturbation, "smooth_masks", lambda *_: every)
    model, batch = nets.pixelwise(size=3), nets.images(2, size=3)
    raw = explain(model, batch, "rise", target=0, samples=512, batch_size=512).raw
    effect = nets.pixel_weights(model, 0, size=3) * batch[..., 0]
    np.testing.assert_allclose(raw, (1 - 0.5) * effect, **CLOSE)


def test_rise_ignores_a_constant_added_to_the_logit():
    model, batch = nets.pooled(), nets.images(2)
    first = explain(model, batch, "rise", target=0, samples=64).raw
    kernel, bias = top(model)
    model.get_layer("top").set_weights([kernel, bias - 5])
    second = explain(model, batch, "rise", target=0, samples=64).raw
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-4)


def test_masks_have_the_asked_mean_and_range():
    random = np.random.default_rng(0)
    cells = (random.random((2000, 8, 8)) < 0.3).astype("float32")
    masks = np.full((2000, 30, 40), np.nan, np.float32)
    perturbation.smooth_masks(cells, random.random((2000, 2)), masks)
    assert masks.min() >= 0 and masks.max() <= 1
    np.testing.assert_allclose(masks.mean(0), 0.3, atol=0.05)


def test_a_mask_without_offset_is_the_upsampled_grid():
    cells = np.array([[[1, 0, 1], [0, 1, 0], [1, 1, 0]]], "float32")  # grade 2 x 2 e sobra
    exact = tf.image.resize(cells[..., None], (12, 12))[0, ..., 0].numpy()
    for offset, corner in ((0.0, 0), (0.5, 2), (0.99, 3)):
        masks = perturbation.smooth_masks(cells, np.array([[offset, 0]]), np.empty((1, 8, 8)))
        np.testing.assert_allclose(masks[0], exact[corner : corner + 8, :8])


def score_cam_by_hand(model, batch, target, only=None):
    activation = nets.activation_of(model, batch)
    maps = []
    for image, channels in zip(batch, activation, strict=True):
        logits = {}
        for k in range(channels.shape[-1]) if only is None else only:
            mask = tf.image.resize(channels[..., k : k + 1], image.shape[:2]).numpy()
            if np.ptp(mask) > 0:
                mask = (mask - mask.min()) / np.ptp(mask)
                logits[k] = model.predict((image * mask)[None], verbose=0)[0, target]
        weights = np.exp(np.array(list(logits.values())))
        maps.append(channels[..., list(logits)] @ (weights / weights.sum()))
    return np.stack(maps)


def test_score_cam_against_a_loop_over_channels():
    model, batch = nets.pooled(seed=3), nets.images(2)
    raw = explain(model, batch, "score-cam", target=1, batch_size=4).raw
    np.testing.assert_allclose(raw, score_cam_by_hand(model, batch, 1), **CLOSE)


def test_score_cam_can_keep_the_channels_of_greatest_variance():
    model, batch = nets.pooled(seed=3), nets.images(1)
    best = np.argsort(-nets.activation_of(model, batch)[0].var((0, 1)))[:2]
    raw = explain(model, batch, "score-cam", target=1, channels=2).raw
    np.testing.assert_allclose(raw, score_cam_by_hand(model, batch, 1, best), **CLOSE)


def test_score_cam_ignores_a_constant_added_to_the_logit():
    model, batch = nets.pooled(), nets.images(2)
    first = explain(model, batch, "score-cam", target=0).raw
    kernel, bias = top(model)
    model.get_layer("top").set_weights([kernel, bias + 3])
    np.testing.assert_allclose(first, explain(model, batch, "score-cam", target=0).raw, **CLOSE)


def test_score_cam_is_within_the_range_of_the_channels():
    model, batch = nets.pooled(), nets.images(2)
    raw = explain(model, batch, "score-cam", target=0).raw
    activation = nets.activation_of(model, batch)
    live = activation[..., np.ptp(activation, axis=(0, 1, 2)) > 0]
    assert (raw <= live.max(-1) + 1e-5).all()
    assert (raw >= live.min(-1) - 1e-5).all()


# --- simetrias -----------------------------------------------------------------------------

LINEAR_IN_HEAD = ["cam", "grad-cam", "xgrad-cam", "hires-cam", "layer-cam", "eigen-grad-cam"]
LINEAR_IN_HEAD += ["ablation-cam", "gradient", "smooth-grad", "integrated-gradients"]
LINEAR_IN_HEAD += ["occlusion", "rise"]


@pytest.mark.parametrize("name", LINEAR_IN_HEAD)
def test_scaling_the_logit_scales_the_map(name):
    model, batch = nets.pooled(), nets.images(2)
    options = {"samples": 32} if name == "rise" else {}
    first = explain(model, batch, name, target=0, **options).raw
    model.get_layer("top").set_weights([4 * w for w in top(model)])
    second = explain(model, batch, name, target=0, **options).raw
    np.testing.assert_allclose(second, 4 * first, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [n for n in METHODS if n not in {"rise", "score-cam"}])
def test_a_constant_on_every_logit_changes_nothing(name):
    model, batch = nets.hidden() if name != "cam" else nets.pooled(), nets.images(2)
    first = explain(model, batch, name, target=0).raw
    kernel, bias = top(model)
    model.get_layer("top").set_weights([kernel, bias + 2])
    second = explain(model, batch, name, target=0).raw
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in METHODS if n != "random-cam"])
def test_permuting_channels_changes_nothing(name):
    model, batch = nets.pooled(), nets.images(2)
    options = {"samples": 32} if name == "rise" else {}
    first = explain(model, batch, name, target=0, **options).raw
    order = np.random.default_rng(5).permutation(6)
    kernel, bias = model.get_layer("conv").get_weights()
    model.get_layer("conv").set_weights([kernel[..., order], bias[order]])
    kernel, bias = top(model)
    model.get_layer("top").set_weights([kernel[order], bias])
    second = explain(model, batch, name, target=0, **options).raw
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-5)


NOISY = {"rise", "smooth-grad", "smooth-grad-cam++", "vargrad"}
EDGED = {"kernel-shap", "recipro-cam"}  # têm zonas ou vizinhanças que não dão a volta na borda


@pytest.mark.parametrize("name", [n for n in METHODS if n not in NOISY | EDGED])
def test_shifting_the_image_shifts_the_map_with_circular_padding(name):
    entry = keras.Input((8, 8, 1))
    tall = keras.ops.concatenate([entry[:, -1:], entry, entry[:, :1]], axis=1)
    wide = keras.ops.concatenate([tall[:, :, -1:], tall, tall[:, :, :1]], axis=2)
    x = nets.layers.Conv2D(4, 3, activation="relu")(wide)
    x = nets.layers.GlobalAveragePooling2D()(x)
    model = nets.randomize(keras.Model(entry, nets.layers.Dense(2)(x)))
    batch = nets.images(2, size=8)
    options = {"window": 1} if name == "occlusion" else {}
    first = explain(model, batch, name, target=0, **options).raw
    moved = np.roll(batch, (3, 2), axis=(1, 2))
    second = explain(model, moved, name, target=0, **options).raw
    np.testing.assert_allclose(np.roll(first, (3, 2), axis=(1, 2)), second, rtol=1e-3, atol=1e-5)


CLASSLESS = {"eigen-cam", "kpca-cam", "fem", "random-cam"}


@pytest.mark.parametrize("name", sorted(set(METHODS) - CLASSLESS))
def test_a_head_of_zeros_gives_a_flat_map(name):
    model, batch = nets.pooled(), nets.images(2)
    model.get_layer("top").set_weights([0 * w for w in top(model)])
    options = {"samples": 32} if name == "rise" else {}
    maps = explain(model, batch, name, target=0, **options)
    assert maps.flat.all()
    np.testing.assert_array_equal(maps.values, 0)


@pytest.mark.parametrize("name", [n for n in LINEAR_IN_HEAD if n not in {"occlusion", "rise"}])
def test_no_epsilon_decides(name):
    model, batch = nets.pooled(), nets.images(2)
    kernel, bias = top(model)
    model.get_layer("top").set_weights([kernel, 0 * bias])
    first = explain(model, batch, name, target=0)
    model.get_layer("top").set_weights([1e-12 * kernel, 0 * bias])
    second = explain(model, batch, name, target=0)
    np.testing.assert_allclose(first.values, second.values, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(second.values.max((1, 2)), 1 - second.flat)
    assert not second.flat.all()
