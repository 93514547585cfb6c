"""Do catálogo aos arrays em disco: os valores, a memória e o que acontece numa falha."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny_archives import film

from covidcam.datasets import load, load_catalog, one_hot, prepare
from covidcam.errors import DataError

CLASSES = ("não", "sim")
FILES = {"X_Train.npy", "Y_Train.npy", "rows.csv"}


def noisy_catalog(folder, count, size=(31, 26)):
    """``count`` filmes de ruído, em modo e classe alternados."""
    random = np.random.default_rng(0)
    folder.mkdir()
    paths = [folder / f"{k}.png" for k in range(count)]
    for k, path in enumerate(paths):
        shape = (size[1], size[0]) if k % 2 else (size[1], size[0], 3)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(path)
    return pd.DataFrame(
        {"path": [str(p) for p in paths], "label": [CLASSES[k % 2] for k in range(count)]}
    )


def test_arrays_equal_one_image_at_a_time(tmp_path):
    catalog = noisy_catalog(tmp_path / "filmes", 70)  # mais de dois lotes
    arrays = prepare(catalog, tmp_path / "arrays", CLASSES, side=20)
    expected = [
        Image.open(path).convert("RGB").resize((20, 20), Image.Resampling.BICUBIC)
        for path in catalog["path"]
    ]
    np.testing.assert_array_equal(arrays.X, np.stack([np.asarray(image) for image in expected]))
    assert arrays.X.dtype == np.uint8 and isinstance(arrays.X, np.memmap)
    assert arrays.Y.tolist() == [[1, 0], [0, 1]] * 35
    assert arrays.rows["path"].tolist() == catalog["path"].tolist()
    assert {path.name for path in (tmp_path / "arrays").iterdir()} == FILES


def test_only_the_classes_asked_for_in_their_order(tmp_path, cohen, kermany):
    arrays = prepare(load_catalog(tmp_path), tmp_path / "arrays", ("NORMAL", "COVID-19"))
    assert arrays.X.shape == (8, 237, 237, 3)
    assert arrays.Y.sum(axis=0).tolist() == [5, 3]
    assert arrays.rows["label"].tolist() == [arrays.classes[c] for c in arrays.Y.argmax(axis=1)]


def test_load_gives_back_what_prepare_gave(tmp_path, cohen):
    boxes = [[0.1, 0.2, 0.4, 0.9], [0.6, 0.2, 0.9, 0.95]]
    (cohen / "lung_boxes.json").write_text(f'{{"a.png": {boxes}}}')
    catalog = load_catalog(tmp_path)
    made = prepare(catalog, tmp_path / "arrays")
    read = load(tmp_path / "arrays")
    np.testing.assert_array_equal(made.X, read.X)
    np.testing.assert_array_equal(made.Y, read.Y)
    pd.testing.assert_frame_equal(made.rows, read.rows)
    assert read.rows["lung_boxes"][0] == boxes
    assert read.rows["lung_boxes"][1:].isna().all()
    for column in ("path", "label", "patient", "view", "source", "finding", "width", "mode"):
        assert read.rows[column].tolist() == catalog[column].tolist(), column


def test_memory_does_not_grow_with_the_images(tmp_path):
    film(tmp_path / "a.png", 10)

    def peak(count, side=96):
        labels = [CLASSES[k % 2] for k in range(count)]
        catalog = pd.DataFrame({"path": str(tmp_path / "a.png"), "label": labels})
        tracemalloc.start()
        prepare(catalog, tmp_path / "arrays", CLASSES, side)
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    few, many = peak(40), peak(400)
    assert many - few < 0.25 * (400 - 40) * 96 * 96 * 3


@pytest.mark.parametrize("before", [True, False])
def test_a_failure_in_the_middle_leaves_what_there_was(tmp_path, before):
    catalog = noisy_catalog(tmp_path / "filmes", 50)
    target = tmp_path / "arrays"
    if before:
        old = np.array(prepare(catalog[:4], target, CLASSES, side=8).X)
    broken = tmp_path / "filmes" / "45.png"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(DataError, match=str(broken)):
        prepare(catalog, target, CLASSES, side=8)
    assert {path.name for path in target.iterdir()} == (FILES if before else set())
    if before:
        np.testing.assert_array_equal(load(target, CLASSES).X, old)


def test_a_class_without_images_is_refused(tmp_path):
    catalog = noisy_catalog(tmp_path / "filmes", 2)
    with pytest.raises(DataError, match=r"não tem imagens de \['talvez'\].*'não', 'sim'"):
        prepare(catalog, tmp_path / "arrays", (*CLASSES, "talvez"))
    assert not (tmp_path / "arrays").exists()


@pytest.mark.parametrize("name", sorted(FILES))
def test_load_names_the_missing_file(tmp_path, name):
    prepare(noisy_catalog(tmp_path / "filmes", 2), tmp_path / "arrays", CLASSES, side=8)
    (tmp_path / "arrays" / name).unlink()
    with pytest.raises(DataError, match=f"{tmp_path / 'arrays'} era esperado {name}"):
        load(tmp_path / "arrays", CLASSES)


def test_one_hot_leaves_an_unknown_label_without_a_one():
    assert one_hot(["b", "x", "a"], ["a", "b"]).tolist() == [[0, 1], [0, 0], [1, 0]]


def test_classes_that_look_like_something_else_come_back_as_they_were(tmp_path):
    names = ("None", "NA", "0", "01")
    for k, name in enumerate(names):
        film(tmp_path / "filmes" / name / "a.png", 9 + k)
    catalog = load_catalog(tmp_path / "filmes")
    rows = prepare(catalog, tmp_path / "arrays", names, side=8).rows
    assert rows["label"].tolist() == catalog["label"].tolist() == sorted(names)
    assert rows["view"].isna().all()
