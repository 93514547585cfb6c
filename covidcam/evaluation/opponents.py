"""Mapas que não olham para a rede: o que um mapa de verdade precisa superar."""

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_masks


def random(images: np.ndarray, lungs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Ruído uniforme numa grade de 14 × 14, ampliado como um mapa de verdade.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)
        Não é usado: todos os oponentes têm a mesma face.
    seed : int

    Returns
    -------
    ndarray, float32 (N, H, W), de 0 a 1
    """
    noise = np.random.default_rng(seed).random((len(images), 14, 14), np.float32)
    size = images.shape[2], images.shape[1]
    return np.array([cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR) for grid in noise])


def constant(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """O mesmo valor em toda parte: não dizer nada.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)
        Não é usado.

    Returns
    -------
    ndarray, float32 (N, H, W)
    """
    return np.ones(images.shape[:3], np.float32)


def centre(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """Uma gaussiana no centro da imagem, com desvio de um quarto do lado.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)
        Não é usado.

    Returns
    -------
    ndarray, float32 (N, H, W), de 0 a 1
    """
    count, height, width = images.shape[:3]
    y, x = np.linspace(-2, 2, height)[:, None], np.linspace(-2, 2, width)
    return np.tile(np.exp(-(x**2 + y**2) / 2).astype(np.float32), (count, 1, 1))


def sobel(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """A força das bordas da imagem.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)
        Não é usado.

    Returns
    -------
    ndarray, float32 (N, H, W)
    """
    grey = _grey(images)
    edges = [np.hypot(cv2.Sobel(g, cv2.CV_32F, 1, 0), cv2.Sobel(g, cv2.CV_32F, 0, 1)) for g in grey]
    return np.array(edges, np.float32)


def lung_mask(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """O pulmão inteiro, por igual: onde qualquer médico olharia antes de ver o filme.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
        Não é usado.
    lungs : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float32 (N, H, W)
    """
    return lungs.astype(np.float32)


def brightest_spot(images: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """A imagem borrada, dentro dos pulmões: onde há mais branco do que deveria haver ar.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float32 (N, H, W)
        Onde a imagem tem valores negativos, contados a partir do menor.
    """
    sigma = images.shape[2] / 30
    blurred = np.array([cv2.GaussianBlur(grey, (0, 0), sigma) for grey in _grey(images)])
    blurred -= np.minimum(blurred.min(axis=(1, 2), keepdims=True), 0)
    return blurred * lungs


OPPONENTS = {
    "ao acaso": random,
    "constante": constant,
    "centro": centre,
    "bordas": sobel,
    "pulmões": lung_mask,
    "ponto mais claro": brightest_spot,
}


def opponents(images: np.ndarray, lungs: np.ndarray) -> dict[str, np.ndarray]:
    """Todos os oponentes para as mesmas imagens.

    Parameters
    ----------
    images : ndarray (N, H, W, C)
    lungs : ndarray, bool (N, H, W)

    Returns
    -------
    dict of str to ndarray, float32 (N, H, W), de 0 a 1
        Cada mapa dividido pelo seu máximo, como os de `covidcam.cam.explain`.

    Raises
    ------
    InputError
        Se as formas não combinam.
    """
    lungs = check_masks(lungs)
    if images.ndim != 4 or images.shape[:3] != lungs.shape:
        raise InputError(f"As imagens têm a forma {images.shape} e os pulmões, {lungs.shape}.")
    return {name: _by_own_maximum(draw(images, lungs)) for name, draw in OPPONENTS.items()}


def _by_own_maximum(maps):
    top = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, top, out=np.zeros_like(maps), where=top > 0)


def _grey(images):
    return np.asarray(images, np.float32).mean(axis=-1)
