"""Os filmes do laboratório: como vão à página, e o que nela se faz com eles."""

import base64
import io

import cv2
import numpy as np
from PIL import Image

STEP = 4  # pixels entre os lugares que se tentam
APART = 9  # pixels entre uma forma e a mesma, em outro lugar
LETTER = "R"
BORDER = 0.05  # da largura


def picture(values: np.ndarray) -> str:
    """Um filme ou uma máscara como um endereço que a página mostra, sem perder nada.

    Parameters
    ----------
    values : ndarray, uint8 (H, W) ou (H, W, 3), ou bool (H, W)

    Returns
    -------
    str
        ``data:image/webp;base64,…``

    Examples
    --------
    >>> picture(np.zeros((2, 3), np.uint8))[:23]
    'data:image/webp;base64,'
    """
    grey = 255 * values.astype(np.uint8) if values.dtype == bool else values
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "WEBP", lossless=True, quality=40, method=3)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def elsewhere(shape: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """A mesma forma em outro lugar: o que mais cai nos pulmões sem tocar o primeiro.

    Parameters
    ----------
    shape, lungs : ndarray, bool (H, W)

    Returns
    -------
    ndarray, bool (H, W)
        Toda falsa se não cabe em outro lugar.

    Examples
    --------
    >>> shape, lungs = np.zeros((2, 40, 40), bool)
    >>> shape[4:8, 4:8] = lungs[:, 20:] = True
    >>> moved = elsewhere(shape, lungs)
    >>> int(moved.sum()), bool((moved & lungs).sum() == moved.sum())
    (16, True)
    """
    rows, columns = np.nonzero(shape)
    if not len(rows):
        return np.zeros_like(shape)
    near = cv2.dilate(shape.astype(np.uint8), np.ones((2 * APART + 1,) * 2, np.uint8)) > 0
    best, most = np.zeros_like(shape), -1
    height, width = shape.shape
    for down in range(-rows.min(), height - rows.max(), STEP):
        for across in range(-columns.min(), width - columns.max(), STEP):
            place = rows + down, columns + across
            if not near[place].any() and lungs[place].sum() > most:
                most, best = lungs[place].sum(), np.zeros_like(shape)
                best[place] = True
    return best


def letter(side: int) -> np.ndarray:
    """A letra de lado das coleções de crianças, onde elas a põem: à esquerda, a meia altura.

    Parameters
    ----------
    side : int
        O lado do filme, em pixels.

    Returns
    -------
    ndarray, uint8 (side, side)
        Quanto da letra há em cada pixel, de 0 a 255; o branco dela entra no lugar do filme.
    """
    place, scale = (int(0.035 * side), int(0.37 * side)), 1.05 * side / 480
    ink = np.zeros((side, side), np.uint8)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(side / 200))
    return cv2.putText(ink, LETTER, place, font, scale, 255, thick, cv2.LINE_AA)


def border(side: int) -> np.ndarray:
    """A margem branca das figuras publicadas.

    Parameters
    ----------
    side : int

    Returns
    -------
    ndarray, uint8 (side, side)
        Como em `letter`.
    """
    ink = np.full((side, side), 255, np.uint8)
    cut = round(BORDER * side)
    ink[cut : side - cut, cut : side - cut] = 0
    return ink


def stamp(film: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Um filme com uma marca branca por cima.

    Parameters
    ----------
    film : ndarray, uint8 (H, W, 3)
    ink : ndarray, uint8 (H, W)
        O que `letter` ou `border` devolve.

    Returns
    -------
    ndarray, uint8 (H, W, 3)
    """
    return np.maximum(film, ink[..., None])
