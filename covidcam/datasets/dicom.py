"""Um arquivo DICOM de uma só imagem -> os seus cinzas, claros onde o filme é claro."""

import os
from contextlib import suppress

import cv2
import numpy as np
from PIL import Image

from covidcam.errors import DataError

# Só estes elementos são lidos: o nome e os identificadores do paciente nem chegam à memória.
TAGS = [
    "BitsAllocated",
    "BitsStored",
    "Columns",
    "HighBit",
    "ModalityLUTSequence",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelData",
    "PixelPaddingValue",
    "PixelRepresentation",
    "PlanarConfiguration",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "Rows",
    "SamplesPerPixel",
    "VOILUTFunction",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
]
GREYS = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422")
MOST_BYTES = 8  # por pixel; um arquivo maior do que isso traz mais do que uma imagem


def is_dicom(path: str | os.PathLike) -> bool:
    """Se o arquivo tem a marca dos DICOM, qualquer que seja o seu nome.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
    """
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_dicom(path: str | os.PathLike, most_pixels: int, longest: int | None) -> Image.Image:
    """Lê a imagem de um arquivo DICOM, com o reescalonamento e a janela que ele traz.

    Parameters
    ----------
    path : path-like
    most_pixels : int
        O maior número de pixels que se aceita.
    longest : int or None
        Se dado, uma imagem bem maior do que isso é reduzida antes das contas.

    Returns
    -------
    PIL.Image.Image
        Modo ``F`` (cinzas na escala do arquivo; MONOCHROME1 é invertido) ou ``RGB``.

    Raises
    ------
    DataError
        Se o arquivo traz vários quadros, nenhuma imagem, uma compressão que aqui não se lê ou
        menos pixels do que diz.

    References
    ----------
    DICOM PS3.3, C.7.6.3 (pixels), C.11.1 (modality LUT) e C.11.2 (VOI LUT).
    """
    import pydicom
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array

    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
    _check(header, path, most_pixels)
    dataset = pydicom.dcmread(path, specific_tags=TAGS)
    try:
        array = pixel_array(dataset)
    except Exception as error:  # cada decodificador levanta os seus próprios erros
        raise DataError(_why(dataset)) from error
    if array.ndim == 3:
        return Image.fromarray(array.astype(np.uint8))
    array = _shrink(array, longest)
    padding = array == dataset.get("PixelPaddingValue")
    values = apply_modality_lut(array, dataset)
    with suppress(ValueError):  # uma janela sem sentido (de largura zero) é como nenhuma
        values = apply_voi_lut(values, dataset)
    values = np.asarray(values, np.float32)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        values = -values
    if padding.any() and not padding.all():
        values[padding] = values[~padding].min()
    return Image.fromarray(values)


def _check(header, path, most_pixels):
    if "Rows" not in header or "Columns" not in header:
        raise DataError("o DICOM não traz uma imagem")
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise DataError(f"o DICOM traz {frames} quadros; aceita-se um só")
    pixels = int(header.Rows) * int(header.Columns)
    if pixels > most_pixels or os.path.getsize(path) > MOST_BYTES * most_pixels:
        raise DataError(
            f"o DICOM diz ter {header.Columns} × {header.Rows} pixels em"
            f" {os.path.getsize(path) / 1e6:.0f} MB; aceitam-se até {most_pixels / 1e6:.0f} milhões"
            f" de pixels e {MOST_BYTES * most_pixels / 1e6:.0f} MB"
        )
    kind = header.get("PhotometricInterpretation")
    if kind not in (*GREYS, *COLOURS) or (kind in COLOURS and header.BitsAllocated != 8):
        raise DataError(f"o DICOM é do tipo {kind}; aceitam-se {', '.join((*GREYS, *COLOURS))}")


def _why(dataset):
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_compressed:
        return (
            f"o DICOM está comprimido ({syntax.name}) de um modo que aqui não se lê; converta-o"
            " para um sem compressão"
        )
    return "os pixels do DICOM faltam ou não são os que o cabeçalho promete"


def _shrink(array, longest):
    """Reduz à média de blocos o que passa do dobro de ``longest``, para caber na memória."""
    factor = max(array.shape) // (2 * longest) if longest else 0
    if factor < 2 or array.dtype not in (np.uint8, np.uint16, np.int16):
        return array
    size = (max(array.shape[1] // factor, 1), max(array.shape[0] // factor, 1))
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)
