"""Um arquivo DICOM de uma só imagem -> os seus cinzas, claros onde o filme é claro."""

import io
import logging
import os
import re
import warnings
import zlib
from contextlib import suppress

import cv2
import numpy as np
from PIL import Image

from covidcam.datasets.frames import check_frame
from covidcam.datasets.greys import cut_outliers, stretch
from covidcam.errors import DataError

# Só estes elementos são lidos: o nome e os identificadores do paciente nem chegam à memória.
TAGS = [
    "BitsAllocated",
    "BitsStored",
    "BluePaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor",
    "Columns",
    "GreenPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor",
    "HighBit",
    "ImagerPixelSpacing",
    "ModalityLUTSequence",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelAspectRatio",
    "PixelData",
    "PixelPaddingRangeLimit",
    "PixelPaddingValue",
    "PixelRepresentation",
    "PixelSpacing",
    "PlanarConfiguration",
    "RedPaletteColorLookupTableData",
    "RedPaletteColorLookupTableDescriptor",
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
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
MOST_BYTES = 8  # por pixel; um arquivo maior do que isso traz mais do que uma imagem
MOST_STRETCH = 10  # um pixel mais comprido do que isso é um engano do cabeçalho
# sem o preâmbulo, um DICOM começa pelo primeiro elemento do grupo 2 ou do 8, explícito ou implícito
BARE = re.compile(rb"[\x02\x08]\0[\0-\x1f]\0(?:[A-Z]{2}|[\0-\x7f]\0\0\0)", re.DOTALL)


def is_dicom(path: str | os.PathLike) -> bool:
    """Se o arquivo começa como um DICOM, com ou sem preâmbulo, qualquer que seja o seu nome.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
    """
    with open(path, "rb") as file:
        start = file.read(132)
    return start[128:] == b"DICM" or BARE.match(start) is not None


def read_dicom(
    path: str | os.PathLike, most_pixels: int, longest: int | None
) -> tuple[Image.Image, tuple[str, ...], tuple[int, int]]:
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
    image : PIL.Image.Image
        Modo ``L`` (o menor valor em 0 e o maior em 255; MONOCHROME1 é invertido) ou ``RGB``.
    notes : tuple of str
        O que foi preciso decidir: valores cortados, pixels que não são quadrados.
    size : tuple of int
        Colunas e linhas do arquivo.

    Raises
    ------
    DataError
        Se o arquivo traz vários quadros, nenhuma imagem, uma compressão que aqui não se lê ou
        menos pixels do que diz; ou se, inflado, passa do que uma imagem ocupa.

    References
    ----------
    DICOM PS3.3, C.7.6.3 (pixels), C.7.5.1.1.2 (enchimento), C.11.1 (modality LUT) e C.11.2 (VOI
    LUT).
    """
    dataset = _read(path, most_pixels)
    size = (int(dataset.Columns), int(dataset.Rows))
    array = _pixels(dataset)
    if array.ndim == 3:
        colours, *notes = (array, "") if array.dtype == np.uint8 else stretch(array)
    else:
        colours, *notes = _greys(array, dataset, longest)
    image, aspect = _square(Image.fromarray(colours), dataset, most_pixels)
    return image, tuple(filter(None, (*notes, aspect))), size


def header(path: str | os.PathLike, names: list[str]) -> dict[str, str]:
    """Alguns elementos do cabeçalho de um DICOM, como texto.

    Parameters
    ----------
    path : path-like
    names : list of str
        Como o padrão os chama: ``["PatientSex"]``.

    Returns
    -------
    dict
        De cada nome ao seu texto, vazio onde o arquivo não o traz ou não se lê.
    """
    try:
        found = _pydicom().dcmread(path, stop_before_pixels=True, specific_tags=names, force=True)
        return {name: str(found.get(name) or "").strip() for name in names}
    except Exception:  # o que não se lê aqui será dito quando a imagem for lida
        return dict.fromkeys(names, "")


def _read(path, most_pixels):
    """O que interessa do arquivo, depois de conferir que cabe na memória."""
    most_bytes = MOST_BYTES * most_pixels
    if os.path.getsize(path) > most_bytes:
        raise DataError(f"o DICOM passa de {most_bytes / 1e6:.0f} MB")
    dataset = _pydicom().dcmread(_inflated(path, most_bytes), specific_tags=TAGS, force=True)
    for keyword in [element.keyword for element in dataset if element.is_empty]:
        delattr(dataset, keyword)  # um elemento vazio é como nenhum
    if ("RescaleSlope" in dataset) != ("RescaleIntercept" in dataset):
        dataset.RescaleSlope = dataset.get("RescaleSlope", 1)
        dataset.RescaleIntercept = dataset.get("RescaleIntercept", 0)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _uncompressed(*dataset.original_encoding)
    _check(dataset, most_pixels)
    return dataset


def _pydicom():
    """A biblioteca, calada: o que estranha num cabeçalho, diria em inglês, e citando-o."""
    import pydicom

    logging.getLogger("pydicom").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pydicom")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    return pydicom


def _inflated(path, most_bytes):
    """O arquivo; ou, se ele está comprimido por inteiro (Deflated), o que há nele, até o limite."""
    from pydicom import filereader, uid

    with open(path, "rb") as file:
        filereader.read_preamble(file, force=True)
        meta = filereader.read_dataset(
            file, is_implicit_VR=False, is_little_endian=True, stop_when=_after_the_meta
        )
        if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
            return path
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(file.read(), most_bytes)
    if inflater.unconsumed_tail:
        raise DataError(f"o DICOM, inflado, passa de {most_bytes / 1e6:.0f} MB")
    if not inflater.eof:
        raise DataError("o DICOM está cortado")
    return io.BytesIO(content)


def _after_the_meta(tag, representation, length):
    return tag >> 16 != 2


def _uncompressed(implicit, little_endian):
    """A sintaxe de um arquivo que não diz qual é; o leitor descobriu estas duas coisas."""
    from pydicom import uid

    if not little_endian:
        return uid.ExplicitVRBigEndian
    return uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian


def _check(dataset, most_pixels):
    if "Rows" not in dataset or "Columns" not in dataset:
        raise DataError("o DICOM não traz uma imagem")
    frames = int(dataset.get("NumberOfFrames", 1))
    if frames > 1:
        raise DataError(f"o DICOM traz {frames} quadros; aceita-se um só")
    if int(dataset.Rows) * int(dataset.Columns) > most_pixels:
        raise DataError(
            f"o DICOM diz ter {dataset.Columns} × {dataset.Rows} pixels; aceitam-se até"
            f" {most_pixels / 1e6:.0f} milhões"
        )
    kind = dataset.get("PhotometricInterpretation", "que não se diz")
    if kind not in (*GREYS, *COLOURS):
        raise DataError(f"o DICOM é do tipo {kind}; aceitam-se {', '.join((*GREYS, *COLOURS))}")
    if kind.startswith("YBR") and dataset.BitsAllocated != 8:
        raise DataError(f"o DICOM tem cores {kind} de {dataset.BitsAllocated} bits; aceitam-se 8")


def _pixels(dataset):
    """Os valores guardados, (H, W) ou (H, W, 3)."""
    from pydicom.pixels import apply_color_lut, pixel_array

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        if syntax.is_encapsulated:
            check_frame(dataset)
        array = pixel_array(dataset, decoding_plugin=_decoder(dataset))
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            array = apply_color_lut(array, dataset)
            array = (array >> 8 if array.max() > 255 else array).astype(np.uint8)
    except DataError:
        raise
    except Exception as error:  # cada decodificador levanta os seus próprios erros
        raise DataError(_why(syntax)) from error
    return array.astype(np.uint8) if array.ndim == 3 and dataset.BitsStored <= 8 else array


def _decoder(dataset):
    """O Pillow onde ele sabe, porque recusa o que está cortado; senão, o que souber."""
    from pydicom import uid

    syntax = dataset.file_meta.TransferSyntaxUID
    narrow = dataset.BitsStored <= 8
    if syntax in (uid.JPEG2000, uid.JPEG2000Lossless):
        return "pillow" if narrow or dataset.SamplesPerPixel == 1 else ""
    return "pillow" if syntax in (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit) and narrow else ""


def _why(syntax):
    if syntax.is_encapsulated:
        return (
            f"os pixels do DICOM, comprimidos ({syntax.name}), estão estragados ou de um modo que"
            " aqui não se lê"
        )
    return "os pixels do DICOM faltam ou não são os que o cabeçalho promete"


def _greys(array, dataset, longest):
    """Os cinzas de 8 bits, e o que se cortou."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    padding = _padding(array, dataset)
    film, note = cut_outliers(array[~padding])
    if note:
        array = array.clip(film.min(), film.max())  # antes da média, que espalharia um pixel
    array, padding = _shrink(array, longest), _shrink(padding.astype(np.uint8), longest) > 0
    values = apply_modality_lut(array, dataset)
    with suppress(ValueError, LookupError, TypeError):  # uma janela sem sentido é como nenhuma
        values = apply_voi_lut(values, dataset)
    values = np.asarray(values, np.float32)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        values = -values
    if padding.any() and not padding.all():
        values[padding] = values[~padding].min()
    return *stretch(values), note


def _padding(array, dataset):
    """Onde há enchimento, e não filme."""
    one = dataset.get("PixelPaddingValue")
    if one is None:
        return np.zeros(array.shape, bool)
    low, high = sorted((one, dataset.get("PixelPaddingRangeLimit", one)))
    padding = (array >= low) & (array <= high)
    return padding & ~padding.all()


def _shrink(array, longest):
    """Reduz à média de blocos o que passa do dobro de ``longest``, para caber na memória."""
    factor = max(array.shape) // (2 * longest) if longest else 0
    if factor < 2 or array.dtype not in (np.uint8, np.uint16, np.int16):
        return array
    size = (max(array.shape[1] // factor, 1), max(array.shape[0] // factor, 1))
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)


def _square(image, dataset, most_pixels):
    """A imagem com pixels quadrados, e uma palavra se não o eram."""
    ratio = _aspect(dataset)
    if not MOST_STRETCH > ratio > 1 / MOST_STRETCH or abs(ratio - 1) < 0.01:
        return image, ""
    size = np.array(image.size) * (max(1 / ratio, 1), max(ratio, 1))
    size *= min(1, (most_pixels / size.prod()) ** 0.5)
    note = f"os pixels não são quadrados: a proporção foi corrigida ({ratio:.3g} de alto para 1)"
    return image.resize(size.round().astype(int).tolist(), Image.Resampling.BICUBIC), note


def _aspect(dataset):
    """A altura de um pixel dividida pela sua largura."""
    for name in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        with suppress(ValueError, TypeError, ZeroDivisionError):
            height, width = map(float, dataset.get(name))
            return height / width
    return 1.0
