"""Filmes cuja faixa não é a do tipo: o valor certo é o do mesmo filme sem o problema."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from tiny_dicom import dicom

from covidcam.datasets import read, read_image

RAMP = np.linspace(300, 4095, 600).astype(np.uint16).reshape(20, 30)  # 12 bits em 16
GREY = np.rint((RAMP - 300.0) * 255 / 3795).astype(np.uint8)  # o menor em 0, o maior em 255


def png(samples, colour):
    """Um PNG de 16 bits de qualquer tipo de cor, escrito pela especificação."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width = samples.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def tiff(samples):
    return cv2.imencode(".tif", samples[..., ::-1])[1].tobytes()


def opaque(*channels):
    return np.dstack([*channels, np.full(RAMP.shape, 65535, np.uint16)])


@pytest.mark.parametrize("value", [65535, 0])
@pytest.mark.parametrize("kind", ["dcm", "png", "tif"])
def test_a_burnt_pixel_changes_only_itself(tmp_path, kind, value):
    film = RAMP + np.uint16(0 if value else 20_000)  # um pixel morto, longe de um filme claro
    film[3, 4] = value
    path = tmp_path / f"film.{kind}"
    if kind == "dcm":
        path.write_bytes(dicom(film))
    else:
        Image.fromarray(film).save(path)
    reading = read(path)
    expected = GREY.copy()
    expected[3, 4] = 255 if value else 0
    np.testing.assert_array_equal(reading.image[..., 1], expected)
    assert any("1 pixel foi cortado" in note and str(value) in note for note in reading.notes)


def test_a_burnt_pixel_does_not_spread_when_a_large_dicom_is_reduced(tmp_path):
    film = np.kron(RAMP, np.ones((20, 20), np.uint16))
    (tmp_path / "a.dcm").write_bytes(dicom(film))
    film[100, 100] = 65535
    (tmp_path / "b.dcm").write_bytes(dicom(film))
    clean, burnt_one = (
        read_image(tmp_path / name, longest=60).astype(int) for name in ("a.dcm", "b.dcm")
    )
    assert np.abs(clean - burnt_one).max() <= 4


def test_a_long_tail_without_a_gap_is_film(tmp_path):
    """Um quadro escuro com um brilho que cresce aos poucos: nada é cortado."""
    film = np.full((40, 50), 100, np.uint16) + np.arange(2000, dtype=np.uint16).reshape(40, 50) % 40
    film[0, :15] = np.arange(160, 460, 20)
    Image.fromarray(film).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")[..., 0]
    assert image[0, 14] == 255 and image[0, 13] == round((420 - 100) * 255 / (440 - 100))


COLOURS = {
    "RGB.png": png(np.dstack([RAMP] * 3), 2),
    "LA.png": png(opaque(RAMP), 4),
    "RGBA.png": png(opaque(RAMP, RAMP, RAMP), 6),
    "RGB.tif": tiff(np.dstack([RAMP] * 3)),
}


@pytest.mark.parametrize("name", COLOURS)
def test_twelve_bits_in_colours_of_sixteen_are_as_bright_as_in_grey(tmp_path, name):
    (tmp_path / name).write_bytes(COLOURS[name])
    reading = read(tmp_path / name)
    for channel in range(3):
        np.testing.assert_array_equal(reading.image[..., channel], GREY)
    assert reading.notes == ("os valores vão de 300 a 4095, menos do que cabe em 16 bits",)


def test_colours_of_sixteen_bits_keep_their_proportions_and_their_orientation(tmp_path):
    colours = np.zeros((1, 2, 3), np.uint16)
    colours[0, 0], colours[0, 1] = (0, 13107, 65535), (26214, 0, 39321)  # fatias de 51
    (tmp_path / "a.png").write_bytes(png(colours, 2))
    reading = read(tmp_path / "a.png")
    assert reading.image.tolist() == [[[0, 51, 255], [102, 0, 153]]] and reading.notes == ()
    # sobre preto: metade opaco, metade da luz
    half = np.dstack([colours, np.full((1, 2), 32768, np.uint16)])
    half[0, 1, 3] = 65535
    (tmp_path / "b.png").write_bytes(png(half, 6))
    assert read_image(tmp_path / "b.png")[0, 0].tolist() == [0, 43, 213]  # 32768 de 39321


def test_a_tiff_whose_least_value_is_white_is_inverted(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.tif", tiffinfo={262: 0})
    reading = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(reading.image[..., 0], 255 - GREY.astype(int))
    assert "no arquivo, o menor valor é o branco" in reading.notes


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["grey.png", "grey.tif", "colours.png", "shallow.tif"])
def test_films_are_turned_whatever_their_format_and_depth(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    film = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
    Image.fromarray(film).save(tmp_path / "oito bits.png", exif=exif)
    deep = film.astype(np.uint16) * 257
    if kind == "colours.png":
        plain, whole = exif.tobytes().removeprefix(b"Exif\0\0"), png(np.dstack([deep] * 3), 2)
        named = b"eXIf" + plain
        chunk = struct.pack(">I", len(plain)) + named + struct.pack(">I", zlib.crc32(named))
        (tmp_path / kind).write_bytes(whole[:33] + chunk + whole[33:])
    else:
        Image.fromarray(film if kind == "shallow.tif" else deep).save(tmp_path / kind, exif=exif)
    expected = read_image(tmp_path / "oito bits.png")
    np.testing.assert_array_equal(read_image(tmp_path / kind), expected)


def test_usual_films_have_no_notes(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray((GREY * np.uint16(257)).astype(np.uint16)).save(tmp_path / "b.png")
    (tmp_path / "c.dcm").write_bytes(dicom(RAMP))
    for name in ("a.png", "b.png", "c.dcm"):
        assert read(tmp_path / name).notes == ()
        np.testing.assert_allclose(read_image(tmp_path / name)[..., 0], GREY, atol=1)
