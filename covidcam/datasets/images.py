"""Um arquivo de imagem, de qualquer modo -> um array uint8 (H, W, 3)."""

import os
import stat
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageOps

from covidcam.datasets.dicom import is_dicom, read_dicom
from covidcam.datasets.greys import stretch
from covidcam.datasets.resampling import resample
from covidcam.errors import DataError, reason

DRAFT = 128  # pixels que bastam, num JPEG, para ver que ele se lê e como é
SIDE = 237  # o lado das imagens de 2020
MOST_PIXELS = 40_000_000  # as maiores radiografias digitais têm uns 20 milhões
# Os outros formatos do Pillow ficam de fora: há os que chamam programas (EPS).
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP")
# o que uma imagem costuma ter no fim do nome
EXTENSIONS = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp"),
    *(".jp2", ".dcm", ".dicom", ".ima"),
)
SIGNATURES = (  # e o que ela tem no começo, qualquer que seja o nome
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF87a", b"GIF89a"),
    *(b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51"),
)
PHOTOMETRIC, MIN_IS_WHITE = 262, 0  # a marca do TIFF e o seu valor
ORIENTATION = 274
AVERAGED = ("L", "LA", "RGB", "RGBA", "CMYK")  # os modos que o Pillow reduz como estão


@dataclass(frozen=True)
class Reading:
    """Uma imagem lida e o que foi preciso decidir para lê-la.

    Attributes
    ----------
    image : ndarray, uint8 (H, W, 3)
        Em RGB.
    notes : tuple of str
        Frases curtas, em português: pixels cortados, proporção corrigida, escala trocada. Vazio
        quando os valores do arquivo são os da imagem.
    """

    image: np.ndarray
    notes: tuple[str, ...] = ()


def read_image(
    path: str | os.PathLike, side: int | None = None, longest: int | None = None
) -> np.ndarray:
    """Lê uma imagem de qualquer modo como três canais de 8 bits.

    O formato é o do conteúdo, qualquer que seja a extensão: PNG, JPEG, JPEG 2000, TIFF, BMP, GIF,
    WebP ou DICOM. Os modos de 1 bit, L, LA, P, RGB, RGBA e CMYK são convertidos; a transparência é
    posta sobre preto. Nos de 16 e 32 bits, cinzas ou em cores, que não dizem qual é o seu branco, e
    no DICOM, depois da janela, o menor valor da imagem vira 0 e o maior, 255, sem contar os poucos
    que ficam longe da faixa do filme (`covidcam.datasets.greys.cut_outliers`). A orientação EXIF é
    aplicada.

    Parameters
    ----------
    path : path-like
        O arquivo.
    side : int, optional
        Se dado, a imagem é redimensionada para (side, side), sem manter a proporção, como em 2020.
    longest : int, optional
        Se dado, a imagem é reduzida, na mesma proporção, até que o seu maior lado caiba nele.

    Returns
    -------
    ndarray, uint8 (H, W, 3) ou (side, side, 3)
        Os três canais, em RGB.

    Raises
    ------
    DataError
        Se o arquivo não existe, não é uma imagem, está cortado, traz vários quadros ou tem mais de
        ``MOST_PIXELS`` pixels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.png"
    >>> Image.new("1", (30, 20), 1).save(path)
    >>> image = read_image(path)
    >>> image.shape, int(image.min())
    ((20, 30, 3), 255)
    """
    return read(path, side, longest).image


def read(path: str | os.PathLike, side: int | None = None, longest: int | None = None) -> Reading:
    """Como `read_image`, com uma palavra sobre o que foi preciso decidir.

    Parameters
    ----------
    path : path-like
    side, longest : int, optional
        Como em `read_image`.

    Returns
    -------
    Reading

    Raises
    ------
    DataError
        Como em `read_image`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.png"
    >>> film = np.arange(1000, dtype=np.uint16).reshape(20, 50)
    >>> film[3, 4] = 65535
    >>> Image.fromarray(film).save(path)
    >>> read(path).notes
    ('fora da faixa do filme, de 0 a 999, 1 pixel foi cortado; o mais distante vale 65535',)
    """
    try:
        image, notes = _decode(path, longest)
    except FileNotFoundError:
        raise DataError(f"A imagem {path} não existe.") from None
    except (MemoryError, Image.DecompressionBombError) as error:
        raise DataError(f"A imagem {path} não pôde ser lida: não cabe na memória.") from error
    except DataError as error:
        raise DataError(f"A imagem {path} não pôde ser lida: {error}.") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # quem falhou foi o sistema
            raise DataError(f"A imagem {path} não pôde ser lida: {reason(error)}.") from error
        # os decodificadores levantam de tudo, em inglês, e citam o que acharam no arquivo
        raise DataError(
            f"A imagem {path} não pôde ser lida; o arquivo está inteiro e é uma imagem?"
        ) from error
    if side is not None:
        return Reading(resample(np.asarray(image), (side, side)), notes)
    return Reading(np.asarray(image), notes)


def looks_like_image(path: str | os.PathLike) -> bool:
    """Se um arquivo é uma imagem, pela extensão ou, qualquer que seja o nome, pelo começo.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
        Falso também para o que não se consegue abrir.

    Examples
    --------
    >>> looks_like_image("filme.PNG"), looks_like_image("1.2.840.113619.2.5.1")
    (True, False)
    """
    if os.path.splitext(path)[1].lower() in EXTENSIONS:
        return True
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return file.read(12).startswith(SIGNATURES) or is_dicom(path)
    except (OSError, ValueError):
        return False


def check(path: str | os.PathLike) -> tuple[Image.Image, int, int, str]:
    """Uma imagem pequena, e as medidas da original, depois de verificar que ela se lê até o fim.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    image : PIL.Image.Image
        Reduzida, quando o formato o permite em menos tempo.
    width, height : int
        Em pixels.
    mode : str
        O modo do Pillow (``"L"``, ``"RGB"`` …); o de um DICOM é ``"DICOM"``.

    Raises
    ------
    Exception
        De qualquer tipo: os decodificadores levantam de tudo para arquivos estragados.
    """
    if is_dicom(path):
        film, _, (width, height) = read_dicom(path, MOST_PIXELS, longest=SIDE)
        return film, width, height, "DICOM"
    with open(path, "rb") as content, Image.open(content, formats=FORMATS) as image:
        _check(image)
        width, height = image.size
        mode = image.mode
        # num JPEG, decodifica só o necessário
        image.draft("L", (DRAFT, DRAFT))
        image.load()
        return image, width, height, mode


def _decode(path, longest):
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise DataError("não é um arquivo comum")  # ler um cano ou um dispositivo não teria fim
    if is_dicom(path):
        image, notes, _ = read_dicom(path, MOST_PIXELS, longest)
    else:
        # do caminho, o Pillow mapearia o arquivo, e um TIFF deitado sairia com as linhas trocadas
        with open(path, "rb") as content, Image.open(content, formats=FORMATS) as file:
            _check(file)
            image, notes = _open(file, path, longest)
    image = _to_rgb(image)
    if longest is not None:
        image.thumbnail((longest, longest))
    return image, notes


def _open(file, path, longest):
    """A imagem de um arquivo aberto, direita, em 8 bits; e o que foi preciso decidir."""
    if _is_deep_colour(file):
        values, white = _deep_colours(path, file.getexif().get(ORIENTATION, 1)), False
    elif file.mode.startswith(("I", "F")):
        white = file.format == "TIFF" and file.tag_v2.get(PHOTOMETRIC) == MIN_IS_WHITE
        ImageOps.exif_transpose(file, in_place=True)
        values = np.array(file)
    else:
        if longest is not None and file.mode in AVERAGED:
            # reduzir antes de converter poupa memória; num JPEG, decodifica só o necessário
            file.thumbnail((longest, longest), reducing_gap=2.0)
        ImageOps.exif_transpose(file, in_place=True)
        return file, ()
    grey, *notes = stretch(-values.astype(np.float32) if white else values)
    if white:
        notes.append("no arquivo, o menor valor é o branco")
    if values.dtype == np.uint16 and values.max() < 2**15:
        low, high = values.min(), values.max()
        notes.append(f"os valores vão de {low} a {high}, menos do que cabe em 16 bits")
    return Image.fromarray(grey), tuple(filter(None, notes))


def _check(image):
    if image.width * image.height > MOST_PIXELS:
        raise DataError(
            f"diz ter {image.width} × {image.height} pixels; aceitam-se até"
            f" {MOST_PIXELS // 1_000_000} milhões"
        )
    # num MPO, o JPEG dos celulares, o primeiro quadro é a foto
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise DataError("traz vários quadros; aceita-se um só")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert("RGB")


def _is_deep_colour(file: Image.Image) -> bool:
    """Se as cores têm 16 bits, dos quais o Pillow só leria os 8 mais altos."""
    return any(
        ";16" in (tile[3] if isinstance(tile[3], str) else tile[3][0])
        for tile in file.tile
        if file.mode in ("RGB", "RGBA", "LA") and tile[3]
    )


def _deep_colours(path, orientation: int) -> np.ndarray:
    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        raise DataError("as suas cores de 16 bits não se leem até o fim")
    colours = values[..., 2::-1]
    if values.shape[2] == 4:  # a transparência sobre preto
        colours = np.rint(colours * (values[..., 3:] / 65535)).astype(np.uint16)
    # cada orientação EXIF é a transposta, ou não, com um lado ou os dois ao contrário
    if orientation > 4:
        colours = colours.swapaxes(0, 1)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    across = -1 if orientation in (2, 3, 6, 7) else 1
    return colours[::down, ::across]
