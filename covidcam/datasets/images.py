"""Um arquivo de imagem, de qualquer modo -> um array uint8 (H, W, 3)."""

import os

import numpy as np
from PIL import Image, ImageOps

from covidcam.errors import DataError

SIDE = 237  # o lado das imagens de 2020


def read_image(path: str | os.PathLike, side: int | None = None) -> np.ndarray:
    """Lê uma imagem de qualquer modo como três canais de 8 bits.

    Os modos de 1 bit, L, LA, P, RGB, RGBA e CMYK são convertidos; a transparência é posta sobre
    preto. Nos de 16 e 32 bits (``I;16``, ``I``, ``F``), que não dizem qual é o seu branco, o menor
    valor da imagem vira 0 e o maior, 255. A orientação EXIF é aplicada.

    Parameters
    ----------
    path : path-like
        O arquivo.
    side : int, optional
        Se dado, a imagem é redimensionada para (side, side), sem manter a proporção, como em 2020.

    Returns
    -------
    ndarray, uint8 (H, W, 3) ou (side, side, 3)
        Os três canais, em RGB.

    Raises
    ------
    DataError
        Se o arquivo não existe, não é uma imagem ou está cortado.

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
        with Image.open(path) as file:
            image = _to_rgb(ImageOps.exif_transpose(file))
    except FileNotFoundError:
        raise DataError(f"A imagem {path} não existe.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(
            f"A imagem {path} não pôde ser lida ({error}); o arquivo está inteiro e é uma imagem?"
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
        with Image.open(path) as image:
            width, height = image.size
            mode = image.mode
            # num JPEG, decodifica só o necessário
            image.draft("L", (max(width // 8, 1), max(height // 8, 1)))
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, 0, ""
    return width, height, mode


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _stretch(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    return image.convert("RGB")


def _stretch(image: Image.Image) -> Image.Image:
    values = np.asarray(image, dtype=np.float64)
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise ValueError("há pixels que não são números")
    scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.round(scaled).astype(np.uint8))
