"""Reparos: tirar da imagem o que não é pulmão e igualar o modo de radiografar."""

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_masks
from covidcam.evaluation.controls import boxes, only

MARGIN = 0.03  # o que se deixa em volta dos pulmões, em parte do lado


def crop(pictures: np.ndarray, lungs: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Recorta a caixa dos pulmões e a leva ao tamanho da imagem inteira.

    Parameters
    ----------
    pictures : ndarray, uint8 (N, H, W, C) ou bool (N, H, W)
        Imagens, ou máscaras que as acompanham.
    lungs : ndarray, bool (N, H, W)
        Onde uma está vazia, nada é recortado.
    margin : float
        O que se deixa em volta, em parte dos lados da imagem.

    Returns
    -------
    ndarray
        Com a forma e o tipo de `pictures`; a proporção entre os lados não é mantida.

    Raises
    ------
    InputError
        Se as formas não combinam.
    """
    if pictures.shape[:3] != lungs.shape:
        raise InputError(f"As imagens têm a forma {pictures.shape} e os pulmões, {lungs.shape}.")
    size = pictures.shape[2], pictures.shape[1]
    cut = [
        cv2.resize(
            picture[top:bottom, left:right].astype(np.uint8), size, interpolation=cv2.INTER_LINEAR
        )
        for picture, (top, bottom, left, right) in zip(pictures, boxes(lungs, margin), strict=True)
    ]
    return np.array(cut, pictures.dtype).reshape(pictures.shape)


def equalise(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """Apaga o que está fora dos pulmões e deixa os cinzas de dentro igualmente frequentes.

    Cada cinza passa a valer a parte do pulmão que é mais escura do que ele: claro e escuro,
    contraste e filme gasto deixam de distinguir um acervo do outro. O que some junto é a brancura
    absoluta, que também é sinal de doença.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W, C)
    lungs : ndarray, bool (N, H, W)
        Onde uma está vazia, a imagem fica preta.

    Returns
    -------
    ndarray, uint8 (N, H, W, C)
        Preto fora dos pulmões; dentro, de 1 a 255.

    Raises
    ------
    InputError
        Se as formas não combinam.
    """
    even = only(images, lungs)
    for image, mask in zip(even, check_masks(lungs), strict=True):
        for channel in np.moveaxis(image, -1, 0):
            counts = np.bincount(channel[mask], minlength=256)
            below = np.cumsum(counts) - counts / 2  # metade dos empates conta
            channel[mask] = np.round(1 + 254 * below / max(mask.sum(), 1))[channel[mask]]
    return even
