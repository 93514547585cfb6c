"""O PNG das sobreposições: dois leitores independentes devolvem os mesmos pixels."""

import io
import warnings

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from covidcam.batch import png

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.uint8, SHAPES))
def test_any_picture_comes_back_equal(picture):
    written = png.encode(picture)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # um bloco com a soma errada seria um aviso, ou um erro
        with Image.open(io.BytesIO(written)) as image:
            image.verify()
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(written))), picture)
    read = cv2.imdecode(np.frombuffer(written, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(read[..., ::-1], picture)


def test_a_view_that_is_not_contiguous_is_written_as_it_looks():
    whole = np.random.default_rng(0).integers(0, 256, (30, 20, 4), dtype=np.uint8)
    picture = whole[::-1, ::2, :3]
    read = np.asarray(Image.open(io.BytesIO(png.encode(picture))))
    assert np.array_equal(read, picture)
