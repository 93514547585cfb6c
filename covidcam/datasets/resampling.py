"""Um filme, uma máscara e um cinza no tamanho e na forma em que as redes os recebem."""

import cv2
import numpy as np
from PIL import Image


def resample(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Uma imagem em outro tamanho, sem manter a proporção, como em 2020.

    Parameters
    ----------
    image : ndarray, uint8 (H, W) ou (H, W, 3)
    size : tuple of int
        Largura e altura.

    Returns
    -------
    ndarray, uint8 (height, width) ou (height, width, 3)

    Examples
    --------
    >>> resample(np.full((4, 6), 9, np.uint8), (3, 2)).tolist()
    [[9, 9, 9], [9, 9, 9]]
    """
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def resample_mask(mask: np.ndarray, side: int) -> np.ndarray:
    """Uma máscara em outro lado: fica o ponto de que mais da metade estava nela.

    Parameters
    ----------
    mask : ndarray, bool (H, W), ou uint8 (H, W), de 0 a 255
    side : int

    Returns
    -------
    ndarray, bool (side, side)

    Examples
    --------
    >>> resample_mask(np.array([[1, 1, 0, 0]] * 4, bool), 2).tolist()
    [[True, False], [True, False]]
    """
    grey = 255 * mask.astype(np.uint8) if mask.dtype == bool else mask
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA) > 127


def three_channels(greys: np.ndarray) -> np.ndarray:
    """Os mesmos cinzas em três canais iguais.

    Parameters
    ----------
    greys : ndarray (…)

    Returns
    -------
    ndarray (…, 3)

    Examples
    --------
    >>> three_channels(np.zeros((2, 4, 5), np.uint8)).shape
    (2, 4, 5, 3)
    """
    return np.repeat(greys[..., None], 3, axis=-1)
