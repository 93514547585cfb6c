"""Um arquivo de imagem, de qualquer modo -> um array uint8 (H, W, 3)."""

import os
import stat

import numpy as np
from PIL import Image, ImageOps

from covidcam.datasets.dicom import is_dicom, read_dicom
from covidcam.errors import DataError

SIDE = 237  # o lado das imagens de 2020
MOST_PIXELS = 40_000_000  # as maiores radiografias digitais têm uns 20 milhões
# Os outros formatos do Pillow ficam de fora: há os que chamam programas (EPS).
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
AVERAGED = ("L", "LA", "RGB", "RGBA", "CMYK")  # os modos que o Pillow reduz como estão


def read_image(
    path: str | os.PathLike, side: int | None = None, longest: int | None = None
) -> np.ndarray:
    """Lê uma imagem de qualquer modo como três canais de 8 bits.

    O formato é o do conteúdo, qualquer que seja a extensão: PNG, JPEG, TIFF, BMP, GIF, WebP ou
    DICOM. Os modos de 1 bit, L, LA, P, RGB, RGBA e CMYK são convertidos; a transparência é posta
    sobre preto. Nos de 16 e 32 bits (``I;16``, ``I``, ``F``), que não dizem qual é o seu branco, e
    no DICOM, depois da janela, o menor valor da imagem vira 0 e o maior, 255. A orientação EXIF é
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
    try:
        image = _decode(path, longest)
    except FileNotFoundError:
        raise DataError(f"A imagem {path} não existe.") from None
    except (MemoryError, Image.DecompressionBombError) as error:
        raise DataError(f"A imagem {path} não pôde ser lida: não cabe na memória.") from error
    except DataError as error:
        raise DataError(f"A imagem {path} não pôde ser lida: {error}.") from error
    except Exception as error:
        # os decodificadores levantam de tudo, em inglês, e citam o que acharam no arquivo
        raise DataError(
            f"A imagem {path} não pôde ser lida; o arquivo está inteiro e é uma imagem?"
        ) from error
    if side is not None:
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image)


def measure(path: str | os.PathLike) -> tuple[int, int, str]:
    """Largura, altura e modo de uma imagem, depois de verificar que ela se lê até o fim.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    width, height : int
        Em pixels; 0 quando a imagem não pôde ser lida.
    mode : str
        O modo do Pillow (``"L"``, ``"RGB"`` …); vazio quando a imagem não pôde ser lida.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check(image)
            width, height = image.size
            mode = image.mode
            # num JPEG, decodifica só o necessário
            image.draft("L", (max(width // 8, 1), max(height // 8, 1)))
            image.load()
    except Exception:  # os decodificadores levantam de tudo para arquivos estragados
        return 0, 0, ""
    return width, height, mode


def _decode(path, longest):
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise DataError("não é um arquivo comum")  # ler um cano ou um dispositivo não teria fim
    if is_dicom(path):
        image = _to_rgb(read_dicom(path, MOST_PIXELS, longest))
    else:
        with Image.open(path, formats=FORMATS) as file:
            _check(file)
            if longest is not None and file.mode in AVERAGED:
                # reduzir antes de converter poupa memória; num JPEG, decodifica só o necessário
                file.thumbnail((longest, longest), reducing_gap=2.0)
            ImageOps.exif_transpose(file, in_place=True)
            image = _to_rgb(file)
    if longest is not None:
        image.thumbnail((longest, longest))
    return image


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
    if image.mode.startswith(("I", "F")):
        image = _stretch(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert("RGB")


def _stretch(image: Image.Image) -> Image.Image:
    values = np.array(image, dtype=np.float32)
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise DataError("há pixels que não são números")
    values -= low
    values *= 255 / (high - low) if high > low else 0
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))
