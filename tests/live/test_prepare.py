"""O preparo de um filme na página, byte por byte o do pacote, e o que ela recusa."""

import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Error

from covidcam import datasets, novelty, phantom
from covidcam.live import score_script

SIDE = 237
RANDOM = np.random.default_rng(0)


def photograph(height, width, channels=3):
    """Manchas, bordas e ruído, em cores."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (7 + 5 * c)) + np.cos(y / (11 + 3 * c)) for c in range(channels)]
    noise = RANDOM.normal(0, 0.2, (height, width, channels))
    values = np.stack(waves, axis=-1) * 60 + 128 + 40 * noise
    values[height // 3 : height // 2, width // 4 : width // 2] += 90
    return np.clip(values, 0, 255).astype(np.uint8)


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[274] = orientation
    return tags


def alpha():
    """Todos os níveis sob todas as transparências."""
    level, opacity = np.meshgrid(np.arange(256), np.arange(256))
    return np.stack([level, 255 - level, level, opacity], axis=-1).astype(np.uint8)


def with_gamma(png):
    """O mesmo PNG com um trecho gAMA de 1 / 1,8, que mudaria os cinzas."""
    body = b"gAMA" + (55556).to_bytes(4, "big")
    chunk = (4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


COLOURS = Image.fromarray(photograph(301, 413))
GREY = COLOURS.convert("L")
FILES = {
    "cinza": saved(GREY, "PNG"),
    "cores": saved(COLOURS, "PNG"),
    "um-lado-so": saved(COLOURS.resize((237, 100)), "PNG"),
    "ampliada": saved(COLOURS.resize((61, 43)), "PNG"),
    "um-pixel": saved(COLOURS.resize((1, 1)), "PNG"),
    "larga": saved(COLOURS.resize((1501, 7)), "PNG"),
    # os dois lados da regra do Pillow: 2 × (largura - 237) + 237 é a altura em que a ordem muda
    "alta": saved(COLOURS.resize((301, 366)), "PNG"),
    "menos-alta": saved(COLOURS.resize((301, 365)), "PNG"),
    "alta-e-estreita": saved(COLOURS.resize((90, 700)), "PNG"),
    "paleta": saved(COLOURS.quantize(40), "PNG"),
    "um-bit": saved(GREY.convert("1"), "PNG"),
    "transparente": saved(Image.fromarray(alpha()), "PNG"),
    "gama": with_gamma(saved(GREY, "PNG")),
    "jpeg": saved(GREY, "JPEG", quality=90),
    "jpeg-cores": saved(COLOURS, "JPEG", quality=85),
    "jpeg-progressivo": saved(COLOURS, "JPEG", quality=70, progressive=True),
    **{f"exif-{k}": saved(COLOURS, "JPEG", quality=95, exif=exif(k)) for k in (2, 3, 5, 6, 8)},
    "webp": saved(COLOURS, "WEBP", quality=80),
    "webp-sem-perda": saved(COLOURS, "WEBP", lossless=True),
    "bmp": saved(COLOURS, "BMP"),
    "bmp-cinza": saved(GREY, "BMP"),
}


def dicom(values, syntax=None, pixels=None, **elements):
    """Um DICOM de uma imagem em cinzas."""
    from pydicom import dataset, uid

    header = dataset.FileMetaDataset()
    header.TransferSyntaxUID = syntax or uid.ExplicitVRLittleEndian
    header.MediaStorageSOPClassUID, header.MediaStorageSOPInstanceUID = "1.2", "1.3"
    film = dataset.Dataset()
    film.file_meta = header
    film.Rows, film.Columns = values.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated = 8 * values.dtype.itemsize
    film.BitsStored, film.HighBit = film.BitsAllocated, film.BitsAllocated - 1
    film.PixelRepresentation = int(values.dtype.kind == "i")
    film.PatientName = "Ninguém^Nunca"
    for name, value in elements.items():
        setattr(film, name, value)
    film.PixelData = pixels or values.tobytes()
    buffer = io.BytesIO()
    film.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def depths(low, high, kind):
    grey = np.asarray(GREY, float) / 255
    return (low + grey * (high - low)).astype(kind)


BURNT = depths(0, 3000, np.uint16)
BURNT[5, 7] = 60000
FILES |= {
    "dicom": dicom(depths(0, 255, np.uint8)),
    "dicom-16": dicom(depths(100, 4000, np.uint16)),
    "dicom-implícito": dicom(depths(100, 4000, np.uint16), "1.2.840.10008.1.2"),
    "dicom-12-de-16": dicom(depths(0, 4095, np.uint16), BitsStored=12, HighBit=11),
    "dicom-com-sinal": dicom(depths(-900, 800, np.int16)),
    "dicom-janela": dicom(
        depths(0, 4095, np.uint16), BitsStored=12, HighBit=11, WindowCenter=1800, WindowWidth=1500
    ),
    "dicom-reescalonado": dicom(
        depths(0, 3000, np.uint16),
        RescaleSlope="0.5",
        RescaleIntercept="-200",
        WindowCenter=300,
        WindowWidth=900,
    ),
    "dicom-invertido": dicom(depths(0, 4000, np.uint16), PhotometricInterpretation="MONOCHROME1"),
    "dicom-queimado": dicom(BURNT),
    "dicom-enchimento": dicom(
        np.where(np.arange(413) < 40, 0, depths(900, 3000, np.uint16)).astype(np.uint16),
        PixelPaddingValue=0,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_film_is_that_of_the_package_to_the_byte(browser, tmp_path, name):
    (tmp_path / "filme").write_bytes(FILES[name])
    expected = datasets.read_image(tmp_path / "filme", side=SIDE)
    browser.start()
    found = browser.ask("read", file=FILES[name], side=SIDE)["film"].reshape(expected.shape)
    assert (found == expected).all(), abs(found.astype(int) - expected).max()


def test_strangeness_is_that_of_the_package(browser):
    film = phantom.radiograph(3, "COVID-19", SIDE).image
    random = np.random.default_rng(0)
    around = random.normal(0, 0.1, (288, 288))
    usual = novelty.UsualFilms(random.random(288) / 8, np.eye(288) + around @ around.T, 50.0)
    described = json.loads(score_script("x", usual).split(", ", 1)[1].removesuffix(");\n"))
    browser.start()
    browser.tab.evaluate(
        "(described) => worker.ask('score', { described }).then(() => null)", described
    )
    for each in (film, np.rot90(film)):
        colours = np.stack([each, each // 2, 255 - each], axis=-1)
        (expected,) = usual.strangeness(colours[None])
        found = browser.ask("strangeness", film=colours, side=SIDE)["value"]
        assert found == pytest.approx(expected, rel=0.01, abs=0.01)


BROKEN = {
    "dicom comprimido": (
        dicom(depths(0, 255, np.uint8), "1.2.840.10008.1.2.4.70", b"\xfe\xff\x00\xe0" + bytes(60)),
        r"está comprimido \(1.2.840.10008.1.2.4.70\); aceita-se um sem compressão",
    ),
    "dicom em cores": (
        dicom(depths(0, 255, np.uint8), PhotometricInterpretation="PALETTE COLOR"),
        "é PALETTE COLOR",
    ),
    "dicom de muitos quadros": (
        dicom(depths(0, 255, np.uint8), NumberOfFrames=3),
        "traz 3 quadros",
    ),
    "dicom cortado": (dicom(depths(0, 255, np.uint8))[:9000], "está cortado"),
    "dicom sem imagem": (dicom(depths(0, 255, np.uint8))[:300], "não traz uma imagem"),
    "lixo": (b"isto nao e uma imagem" * 40, "não é uma imagem que a página leia"),
    "vazio": (b"", "não é uma imagem que a página leia"),
    "16 bits": (
        saved(Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)), "PNG"),
        "tem 16 bits",
    ),
    "cortado": (FILES["cores"][:3000], "está cortado ou estragado"),
    "cortado no começo": (FILES["cores"][:20], "está cortado"),
    "jpeg cortado no começo": (FILES["jpeg"][:12], "está cortado"),
    "impressão": (saved(COLOURS.convert("CMYK"), "JPEG"), "tem cores de impressão"),
    "enorme": (
        saved(Image.new("L", (8000, 5000)), "PNG"),
        "tem 8000 × 5000 pixels; aceitam-se até 24 milhões",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_refused_in_one_sentence(browser, name):
    content, said = BROKEN[name]
    browser.start()
    with pytest.raises(Error, match=said):
        browser.ask("read", file=content, side=SIDE)
