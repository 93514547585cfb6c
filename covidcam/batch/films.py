"""Um filme como a rede o recebe: o mesmo caminho ao treinar, ao avaliar e ao explicar."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from covidcam import datasets
from covidcam.errors import ModelError

if TYPE_CHECKING:
    import keras

WORKERS = min(4, os.cpu_count() or 1)


def size_of(model: "keras.Model") -> tuple[int, int]:
    """O tamanho das imagens que uma rede recebe.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    width, height : int

    Raises
    ------
    ModelError
        Se a rede não diz um tamanho, ou não recebe imagens de três canais.
    """
    shape = tuple(model.input_shape[1:])
    if len(shape) != 3 or shape[2] != 3 or None in shape:
        said = " × ".join("qualquer" if side is None else str(side) for side in shape)
        raise ModelError(
            f"A rede {model.name} recebe imagens de {said}; o comando precisa de altura e largura"
            " fixas e de 3 canais."
        )
    return shape[1], shape[0]


def resampled(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Uma imagem no tamanho da rede, como `covidcam.datasets.read_image` a daria nesse lado.

    Parameters
    ----------
    image : ndarray, uint8 (H, W, 3)
        Inteira, como foi lida.
    size : tuple of int
        Largura e altura.

    Returns
    -------
    ndarray, uint8 (height, width, 3)
    """
    red, green, blue = cv2.split(image)
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    # de uma cinza basta um canal, que dá o mesmo em menos tempo
    if grey:
        return datasets.three_channels(datasets.resample(red, size))
    return datasets.resample(image, size)


def scaled(images: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Imagens de 8 bits na faixa de valores que a rede espera.

    Parameters
    ----------
    images : ndarray, uint8
    span : tuple of float
        O menor e o maior valor de um pixel, como em `covidcam.models.Notes`.

    Returns
    -------
    ndarray
        As próprias, quando a faixa é de 0 a 255.

    Examples
    --------
    >>> scaled(np.array([0, 255], np.uint8), (-1, 1)).tolist()
    [-1.0, 1.0]
    """
    low, high = span
    if (low, high) == (0, 255):
        return images
    return (low + images * ((high - low) / 255)).astype(np.float32)


def in_unnamed_file(paths: Sequence[str], side: int, folder: str | os.PathLike) -> np.ndarray:
    """As imagens de um treino, num arquivo sem nome: interrompido ou morto, o treino não as deixa.

    Parameters
    ----------
    paths : sequence of path-like
    side : int
    folder : path-like
        Em que disco; o sistema libera o espaço quando o array deixa de ser usado.

    Returns
    -------
    ndarray, uint8 (N, side, side, 3)
        Mapeado do disco: a memória não cresce com N.

    Raises
    ------
    DataError
        Se uma imagem não pode ser lida.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        array = np.memmap(file, np.uint8, "w+", shape=(len(paths), side, side, 3))

    def fill(position: int) -> None:
        array[position] = datasets.read_image(paths[position], side)

    with ThreadPoolExecutor(WORKERS) as pool:
        read = pool.map(fill, range(len(paths)))
        for _ in tqdm(read, "Lendo as imagens", len(paths), unit="imagem", disable=None):
            pass
    return array


def content_of(path: str | os.PathLike) -> str:
    """Resume o conteúdo de um arquivo comum.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str
        Vazio quando ele não pode ser lido.
    """
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return ""
