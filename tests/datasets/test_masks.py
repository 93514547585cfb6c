"""As máscaras desenhadas e as caixas, no lado dos arrays."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covidcam.datasets import read_masks
from covidcam.errors import DataError, InputError


@pytest.fixture
def rows(tmp_path):
    drawn = np.zeros((40, 60), np.uint8)
    drawn[10:20, 30:60] = 255
    Image.fromarray(drawn).save(tmp_path / "mask.png")
    boxes = [[0.1, 0.2, 0.3, 0.7], [0.5, 0.0, 1.0, 0.5]]
    return pd.DataFrame(
        {
            "lesions": [str(tmp_path / "mask.png"), None],
            "lungs": [None, None],
            "lung_boxes": [None, boxes],
        }
    )


def test_a_drawn_mask_is_shrunk_to_the_side(rows):
    masks = read_masks(rows, "lesions", side=20)
    expected = np.zeros((2, 20, 20), bool)
    expected[0, 5:10, 10:] = True  # 40 × 60 -> 20 × 20
    np.testing.assert_array_equal(masks, expected)


def test_boxes_are_filled(rows):
    masks = read_masks(rows, "lung_boxes", side=10)
    expected = np.zeros((2, 10, 10), bool)
    expected[1, 2:7, 1:3] = expected[1, 0:5, 5:10] = True
    np.testing.assert_array_equal(masks, expected)


def test_a_film_without_a_mask_has_an_empty_one(rows):
    assert not read_masks(rows, "lungs").any()
    assert read_masks(rows, "lungs").shape == (2, 237, 237)


def test_refusals(rows, tmp_path):
    with pytest.raises(InputError, match="'heart'; há lungs, lesions e lung_boxes"):
        read_masks(rows, "heart")
    (tmp_path / "mask.png").unlink()
    with pytest.raises(DataError, match=str(tmp_path / "mask.png")):
        read_masks(rows, "lesions")
