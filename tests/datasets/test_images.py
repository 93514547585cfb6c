"""Qualquer modo -> uint8 RGB, com valores feitos à mão; o que está estragado é recusado."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from covidcam.datasets import read_image
from covidcam.datasets.identity import measure
from covidcam.errors import DataError


def row(mode, *pixels):
    """Uma imagem de uma linha."""
    image = Image.new(mode, (len(pixels), 1))
    image.putdata(pixels)
    return image


def palette():
    image = row("P", 0, 1, 2)
    image.putpalette([10, 20, 30, 200, 100, 50, 0, 0, 255])
    return image


def of_dtype(dtype, *pixels):
    return Image.fromarray(np.array([pixels], dtype))


GREY = [[0] * 3, [51] * 3, [255] * 3]
MODES = {
    "1": (row("1", 0, 1, 1), "png", {}, [[0] * 3, [255] * 3, [255] * 3]),
    "L": (row("L", 0, 51, 255), "png", {}, GREY),
    # sobre preto, 200 com opacidade 51/255 é 40
    "LA": (row("LA", (200, 0), (200, 51), (200, 255)), "png", {}, [[0] * 3, [40] * 3, [200] * 3]),
    "P": (palette(), "png", {}, [[10, 20, 30], [200, 100, 50], [0, 0, 255]]),
    "P transparente": (
        palette(),
        "png",
        {"transparency": 1},
        [[10, 20, 30], [0, 0, 0], [0, 0, 255]],
    ),
    "RGB": (row("RGB", (1, 2, 3), (4, 5, 6)), "png", {}, [[1, 2, 3], [4, 5, 6]]),
    "RGBA": (
        row("RGBA", (200, 100, 50, 0), (200, 100, 50, 51), (200, 100, 50, 255)),
        "png",
        {},
        [[0, 0, 0], [40, 20, 10], [200, 100, 50]],
    ),
    # cada tinta tira a sua parte do que o preto deixou: 204 = 255 - 51; 102 = 128 - 51 * 128 / 255
    "CMYK": (
        row("CMYK", (0, 255, 0, 0), (51, 0, 0, 0), (51, 0, 0, 127), (9, 9, 9, 255)),
        "tif",
        {},
        [[255, 0, 255], [204, 255, 255], [102, 128, 128], [0, 0, 0]],
    ),
    "I;16": (of_dtype("<u2", 1000, 2000, 6000), "png", {}, GREY),
    "I;16B": (of_dtype("<u2", 1000, 2000, 6000), "tif", {"big_endian": True}, GREY),
    "I": (of_dtype("<i4", -100, 0, 400), "tif", {}, GREY),
    "F": (of_dtype("<f4", 0.5, 0.6, 1.0), "tif", {}, GREY),
    "constante": (of_dtype("<u2", 700, 700), "png", {}, [[0] * 3, [0] * 3]),
}


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_has_the_values_computed_by_hand(tmp_path, mode):
    image, extension, options, expected = MODES[mode]
    path = tmp_path / f"film.{extension}"
    image.save(path, **options)
    read = read_image(path)
    assert read.dtype == np.uint8
    assert read.tolist() == [expected]
    assert measure(path)[:2] == image.size


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # para ver direito, girar 90° no sentido do relógio: a esquerda vai para cima
    row("L", 10, 200).save(tmp_path / "film.png", exif=exif)
    assert read_image(tmp_path / "film.png")[..., 0].tolist() == [[10], [200]]


def test_side_stretches_to_a_square(tmp_path):
    step = np.zeros((40, 80), np.uint8)
    step[:, 40:] = 240
    Image.fromarray(step).save(tmp_path / "film.png")
    read = read_image(tmp_path / "film.png", side=20)
    assert read.shape == (20, 20, 3)
    assert (read[:, :8] == 0).all() and (read[:, 12:] == 240).all()


FORMATS = ["png", "jpeg", "tiff", "bmp"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_refused_by_name(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, name)
    whole = buffer.getvalue()
    path = tmp_path / f"film.{name}"
    path.write_bytes(whole)
    assert read_image(path).shape == (40, 50, 3) and measure(path)[:3] == (50, 40, "RGB")
    for length in np.linspace(0, 0.97 * len(whole), 25).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=f"A imagem {path} não pôde ser lida"):
            read_image(path)
        assert measure(path)[:3] == (0, 0, "")


def broken_in_the_middle(png):
    """Estraga o nome do segundo bloco de dados."""
    before, name, after = png.rpartition(b"IDAT")
    assert name and b"IDAT" in before
    return before + b"\0\1\2\3" + after


def lying_about_its_size(png):
    """Diz ter 60 000 × 60 000 pixels, com a soma de verificação certa."""
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.mark.parametrize("damage", [broken_in_the_middle, lying_about_its_size])
def test_a_damaged_png_is_refused_by_name(tmp_path, damage):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    path = tmp_path / "film.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=f"A imagem {path} não pôde ser lida"):
        read_image(path)
    assert measure(path)[:3] == (0, 0, "")


def test_what_is_no_image_is_refused_by_name(tmp_path):
    text, absent, undefined = (tmp_path / name for name in ("text.png", "absent.png", "nan.tif"))
    text.write_text("não sou uma imagem")
    of_dtype("<f4", 0, np.nan).save(undefined)
    for path, reason in (
        (text, "não pôde"),
        (absent, "não existe"),
        (undefined, "não são números"),
    ):
        with pytest.raises(DataError, match=reason) as error:
            read_image(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("size", [(1, 1), (5, 4), (20, 3), (3, 20)])
def test_a_jpeg_smaller_than_its_draft_is_measured(tmp_path, size):
    Image.new("L", size, 100).save(tmp_path / "film.jpg")
    assert measure(tmp_path / "film.jpg")[:3] == (*size, "L")
