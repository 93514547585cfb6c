"""A classe de 2020: as mesmas chamadas, a nossa conta."""

import cv2
import keras
import numpy as np
import pytest

from covidcam.cam import explain
from covidcam.errors import InputError
from covidcam.gradcam import GradCAM


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    stack = [keras.Input((48, 40, 3)), layers.Conv2D(6, 3, activation="relu", name="conv")]
    stack += [layers.AveragePooling2D((4, 4)), layers.Flatten(), layers.Dense(8, "relu")]
    return keras.Sequential([*stack, layers.Dropout(0.2), layers.Dense(3, "softmax")])


def test_a_2020_notebook_runs_as_it_stands(model, tmp_path):
    labels = ["COVID-19", "NORMAL", "OUTRAS"]
    film = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "film.png"), film)

    orig = cv2.imread(str(tmp_path / "film.png"))
    image = np.expand_dims(orig.astype("float32") / 255, axis=0)
    preds = model.predict(image, verbose=0)
    i = np.argmax(preds[0])
    label = f"{labels[i]}: {100 * preds[0][i]:.0f}%"
    cam = GradCAM(model, i)
    heatmap = cam.compute_heatmap(image)
    heatmap = cv2.resize(heatmap, (orig.shape[1], orig.shape[0]))
    (heatmap, output) = cam.overlay_heatmap(heatmap, orig, alpha=0.5)
    cv2.rectangle(output, (0, 0), (40, 10), (0, 0, 0), -1)
    cv2.putText(output, label, (2, 8), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255, 255, 255), 1)
    cv2.imwrite(str(tmp_path / "image_0.png"), np.vstack([orig, heatmap, output]))

    assert cv2.imread(str(tmp_path / "image_0.png")).shape == (144, 40, 3)


def test_heatmap_is_ours_in_eight_bits(model):
    image = np.random.default_rng(1).random((1, 48, 40, 3))
    heatmap = GradCAM(model, 1, layer_name="conv").compute_heatmap(image, eps=0.5)
    expected = explain(model, image, target=1, layer="conv").values[0]
    assert heatmap.dtype == np.uint8 and heatmap.max() == 255
    np.testing.assert_allclose(heatmap / 255, expected, atol=0.5 / 255 + 1e-6)


def test_overlay_mixes_the_colormap_and_the_film_in_bgr(model):
    heatmap = np.array([[0, 255]], np.uint8)
    film = np.array([[[100, 100, 100], [0, 50, 200]]], np.uint8)
    painted, output = GradCAM(model, 0).overlay_heatmap(heatmap, film, alpha=0.25)
    # inferno vai do preto (0, 0, 4) ao amarelo (252, 255, 164), em RGB; aqui em BGR
    np.testing.assert_allclose(painted[0], [[4, 0, 0], [164, 255, 252]], atol=2)
    np.testing.assert_allclose(output, 0.25 * painted + 0.75 * film, atol=1)
    jet, _ = GradCAM(model, 0).overlay_heatmap(heatmap, film, colormap=cv2.COLORMAP_JET)
    assert (jet != painted).any()


def test_bad_input_is_refused(model):
    cam = GradCAM(model, 0)
    with pytest.raises(InputError, match="uma imagem por vez"):
        cam.compute_heatmap(np.zeros((2, 48, 40, 3)))
    with pytest.raises(InputError, match=r"images\[None\]"):
        cam.compute_heatmap(np.zeros((48, 40, 3)))
    with pytest.raises(InputError, match="a classe 3"):
        GradCAM(model, 3).compute_heatmap(np.zeros((1, 48, 40, 3)))
    film = np.zeros((48, 40, 3), np.uint8)
    for heatmap, image in (
        (np.zeros((48, 40), np.float32), film),
        (np.zeros((24, 20), np.uint8), film),
        (np.zeros((48, 40), np.uint8), film / 255),
    ):
        with pytest.raises(InputError, match="uint8"):
            cam.overlay_heatmap(heatmap, image)
