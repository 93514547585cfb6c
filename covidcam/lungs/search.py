"""De um filme às caixas e à máscara dos pulmões."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from covidcam import settings as choices
from covidcam.errors import InputError
from covidcam.lungs.finder import finder
from covidcam.lungs.network import SIDE, prepare
from covidcam.settings import Settings

BATCH = 32
# A máscara é o pulmão que se vê; a caixa desenhada à mão vai até a linha média, atrás do
# mediastino, e deixa uma folga dos outros lados. Frações da imagem: medial, lateral, vertical.
MEDIAL, LATERAL, VERTICAL = 0.04, 0.01, 0.005
SMALLEST = 0.01  # da imagem: menos que isso não é um pulmão
DOUBTFUL = 0.75  # abaixo desta confiança não se diz que é um pulmão


@dataclass(frozen=True)
class Lungs:
    """Os pulmões de um filme.

    Attributes
    ----------
    mask : ndarray, bool (H, W)
        O pulmão que se vê: sem o que está atrás do coração e do diafragma.
    boxes : ndarray, float (2, 4)
        x0, y0, x1, y1 em frações da largura e da altura, o pulmão à esquerda na imagem primeiro;
        NaN no que não foi achado. Como as caixas desenhadas à mão, vão além da máscara: 4 % da
        imagem para o lado do mediastino, 1 % para fora e 0,5 % acima e abaixo.
    confidence : float
        De 0 a 1: o índice de Dice que a máscara teria se as probabilidades da rede fossem certas,
        em média dos dois pulmões; 0 no que não foi achado.
    """

    mask: np.ndarray
    boxes: np.ndarray
    confidence: float


def find(image: np.ndarray, settings: Settings | None = None) -> Lungs:
    """Acha os pulmões de um filme frontal.

    Na primeira vez a rede é treinada (cerca de um minuto) e fica no depósito.

    Parameters
    ----------
    image : ndarray, uint8 (H, W) ou (H, W, 3)
        De qualquer tamanho e proporção; osso claro.
    settings : Settings, optional
        Por padrão, as do ambiente.

    Returns
    -------
    Lungs

    Raises
    ------
    InputError
        Se a imagem não é uint8, está vazia ou não tem um ou três canais.

    Examples
    --------
    >>> find(np.zeros((128, 128)))
    Traceback (most recent call last):
    covidcam.errors.InputError: A imagem é float64 (128, 128); aceita-se uint8 (H, W) ou (H, W, 3).
    """
    _check(image)  # antes de treinar a rede
    return Finder(settings or choices.read())(image)


class Finder:
    """Quem acha os pulmões, com a rede aberta uma vez só.

    Parameters
    ----------
    settings : Settings
        Na primeira vez a rede é treinada (cerca de um minuto) e fica no depósito delas.
    """

    def __init__(self, settings: Settings):
        self._forward = finder(settings)

    def __call__(self, image: np.ndarray) -> Lungs:
        """Acha os pulmões de um filme frontal.

        Parameters
        ----------
        image : ndarray, uint8 (H, W) ou (H, W, 3)

        Returns
        -------
        Lungs
            Sempre os mesmos para a mesma imagem, até o último bit: ela passa pela rede sozinha.

        Raises
        ------
        InputError
            Como `find`.
        """
        logits = self._forward(prepare(_check(image))[None])
        return locate(logits[0], np.shape(image)[:2])


def find_many(images: Iterable[np.ndarray], settings: Settings | None = None) -> Iterator[Lungs]:
    """Acha os pulmões de muitos filmes, em lotes, sem guardá-los todos.

    Parameters
    ----------
    images : iterable of ndarray
        Cada uma como a de `find`; os tamanhos podem variar.
    settings : Settings, optional
        Por padrão, as do ambiente.

    Yields
    ------
    Lungs
        Na ordem das imagens.

    Raises
    ------
    InputError
        Como `find`, quando chega a vez da imagem.
    """
    images, forward = iter(images), None
    while batch := list(islice(images, BATCH)):
        small = np.stack([prepare(_check(image)) for image in batch])
        forward = forward or finder(settings or choices.read())
        for image, each in zip(batch, forward(small), strict=True):
            yield locate(each, image.shape[:2])


def locate(logits: np.ndarray, shape: tuple[int, int]) -> Lungs:
    """Da saída da rede para um filme às caixas e à máscara.

    De cada lado fica o maior pedaço em que a probabilidade passa de metade.

    Parameters
    ----------
    logits : ndarray, float (h, w, 2)
        O pulmão à esquerda e o à direita na imagem.
    shape : tuple of int
        Altura e largura do filme.

    Returns
    -------
    Lungs
    """
    fine = cv2.resize(np.float32(logits), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    probabilities = 1 / (1 + cv2.exp(-fine))
    mask = np.zeros((SIDE, SIDE), np.float32)
    boxes, confidences = np.full((2, 4), np.nan), np.zeros(2)
    for side in range(2):
        piece = _largest_piece(probabilities[..., side] > 0.5)
        common = probabilities[..., side][piece].sum()
        confidence = 2 * common / (probabilities[..., side].sum() + piece.sum())
        if piece.mean() >= SMALLEST and confidence >= DOUBTFUL:
            mask[piece] = 1
            confidences[side] = confidence
            boxes[side] = _box(piece, side)
    whole = cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    return Lungs(whole, boxes, float(confidences.mean()))


def _largest_piece(mask):
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count == 1:
        return np.zeros_like(mask)
    return pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()


def _box(piece, side):
    x, y, w, h = cv2.boundingRect(piece.astype(np.uint8))
    left, right = (LATERAL, MEDIAL) if side == 0 else (MEDIAL, LATERAL)
    box = np.array([x, y, x + w, y + h]) / SIDE + (-left, -VERTICAL, right, VERTICAL)
    return np.clip(box, 0, 1)


def _check(image):
    array = np.asarray(image)
    three = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not three or array.size == 0:
        raise InputError(
            f"A imagem é {array.dtype} {array.shape}; aceita-se uint8 (H, W) ou (H, W, 3)."
        )
    return array
