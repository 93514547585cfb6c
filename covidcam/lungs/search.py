"""De um filme às caixas e à máscara dos pulmões."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np

from covidcam import settings as choices
from covidcam.errors import InputError
from covidcam.lungs.finder import finder
from covidcam.lungs.network import SIDE, prepare
from covidcam.settings import Settings

BATCH = 32
SMALLEST = 0.01  # da imagem: menos que isso não é um pulmão
DOUBTFUL = 0.8  # índice de Dice prometido, abaixo do qual não se diz que é um pulmão
CLOSER = 1.25  # quantas vezes o tórax achado é o que se olha de mais perto
# A máscara é o pulmão que se vê; a caixa desenhada à mão vai até perto da linha média, atrás do
# mediastino, e deixa uma folga dos outros lados. Em frações do lado da caixa da máscara.
LATERAL, MEDIAL, ABOVE, BELOW = 0.04, 0.14, 0.025, 0.045
# Do índice de Dice prometido à chance de que o IoU das caixas passe de 0,7: uma logística.
PROMISED, STEEP = 0.86, 50.0


@dataclass(frozen=True)
class Lungs:
    """Os pulmões de um filme.

    Attributes
    ----------
    mask : ndarray, bool (H, W)
        O pulmão que se vê: sem o que está atrás do coração e do diafragma.
    boxes : ndarray, float (2, 4)
        x0, y0, x1, y1 em frações da largura e da altura, o pulmão à esquerda na imagem primeiro;
        NaN nas duas onde não há tórax. Como as desenhadas à mão, vão além do pulmão que se vê.
    confidence : float
        De 0 a 1: a chance de que as caixas tenham, com as de quem as desenhasse à mão, IoU médio
        acima de 0,7; 0 onde não há tórax.
    """

    mask: np.ndarray
    boxes: np.ndarray
    confidence: float


def find(image: np.ndarray, settings: Settings | None = None) -> Lungs:
    """Acha os pulmões de um filme frontal.

    Na primeira vez a rede é treinada (um ou dois minutos) e fica no depósito.

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
        Na primeira vez a rede é treinada (um ou dois minutos) e fica no depósito delas.
    closer : bool
        Se olha uma segunda vez, de mais perto, o tórax que achou. Só as caixas mudam: a máscara e a
        confiança são as mesmas sem isso.
    """

    def __init__(self, settings: Settings, closer: bool = True):
        self._forward, self._closer = finder(settings), closer

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
        return _look(self._forward, [_check(image)], self._closer)[0]


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
    while batch := [_check(image) for image in islice(images, BATCH)]:
        forward = forward or finder(settings or choices.read())
        yield from _look(forward, batch)


def _look(forward, images, closer=True):
    """Cada filme duas vezes: inteiro e, de mais perto, só o tórax que se achou dentro dele."""
    first = _locate_all(forward, images)
    if not closer:
        return first
    windows = [_window(each.boxes) for each in first]
    second = _locate_all(forward, [_cut(*each) for each in zip(images, windows, strict=True)])
    found = zip(first, second, windows, strict=True)
    return [replace(one, boxes=_mean(one.boxes, other.boxes, w)) for one, other, w in found]


def _locate_all(forward, images):
    seen = both_ways(forward, np.stack([prepare(image) for image in images]))
    return [locate(each, image.shape[:2]) for each, image in zip(seen, images, strict=True)]


def _window(boxes):
    """O tórax com uma folga, x0, y0, x1, y1 em frações do filme; o filme inteiro, se não há."""
    if np.isnan(boxes).any():
        return np.array([0, 0, 1, 1.0])
    start, end = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    margin = (CLOSER - 1) / 2 * (end - start)
    return np.clip(np.concatenate([start - margin, end + margin]), 0, 1)


def _cut(image, window):
    size = np.tile(image.shape[1::-1], 2)
    x0, y0 = np.floor(window * size)[:2].astype(int)
    x1, y1 = np.ceil(window * size)[2:].astype(int)
    return np.ascontiguousarray(image[y0:y1, x0:x1])


def _mean(boxes, closer, window):
    """A média das caixas do filme inteiro e das de mais perto, se as duas vezes se achou tórax."""
    if np.isnan(closer).any():
        return boxes
    start, size = np.tile(window[:2], 2), np.tile(window[2:] - window[:2], 2)
    return (boxes + start + closer * size) / 2


def both_ways(forward: Callable[[np.ndarray], np.ndarray], small: np.ndarray) -> np.ndarray:
    """A média do que a rede diz de cada filme e do seu reflexo, que erram em lugares diferentes.

    Parameters
    ----------
    forward : callable
        O que `covidcam.lungs.finder.finder` devolve.
    small : ndarray, uint8 (N, 128, 128)

    Returns
    -------
    ndarray, float32 (N, 64, 64, 2)
    """
    straight, reflected = np.split(forward(np.concatenate([small, small[:, :, ::-1]])), 2)
    return (straight + reflected[:, :, ::-1, ::-1]) / 2


def locate(logits: np.ndarray, shape: tuple[int, int]) -> Lungs:
    """Da saída da rede para um filme às caixas e à máscara.

    De cada lado fica o maior pedaço em que a probabilidade passa de metade. Se um dos pulmões é
    certo há um tórax, e os dois têm caixa: a do que não se vê é a do outro, refletida na linha
    média.

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
    pieces = [_largest_piece(probabilities[..., side] > 0.5) for side in range(2)]
    sides = zip(np.moveaxis(probabilities, 2, 0), pieces, strict=True)
    promised = [2 * own[piece].sum() / (own.sum() + piece.sum()) for own, piece in sides]
    large = np.array([piece.mean() >= SMALLEST for piece in pieces])
    sure = large & (np.array(promised) >= DOUBTFUL)
    if not sure.any():
        return Lungs(np.zeros(shape, bool), np.full((2, 4), np.nan), 0.0)
    mask = np.any([piece & known for piece, known in zip(pieces, sure, strict=True)], axis=0)
    whole = cv2.resize(np.float32(mask), shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    boxes = np.array(
        [_box(pieces[side], side) if large[side] else [np.nan] * 4 for side in range(2)]
    )
    for side in np.flatnonzero(~large):
        boxes[side] = _reflected(boxes[1 - side], 1 - side)
    return Lungs(whole, boxes, _chance(np.mean(promised * sure)))


def _box(piece, side):
    x, y, w, h = np.array(cv2.boundingRect(piece.astype(np.uint8))) / SIDE
    left, right = (LATERAL, MEDIAL) if side == 0 else (MEDIAL, LATERAL)
    box = x - left * w, y - ABOVE * h, x + (1 + right) * w, y + (1 + BELOW) * h
    return np.clip(box, 0, 1)


def _reflected(box, side):
    """A caixa do outro pulmão, do outro lado de onde a deste acaba."""
    left, top, right, bottom = box
    wide = right - left
    start = right if side == 0 else left - wide
    return np.clip([start, top, start + wide, bottom], 0, 1)


def _chance(promised):
    return float(1 / (1 + np.exp(-STEEP * (promised - PROMISED))))


def _largest_piece(mask):
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count == 1:
        return np.zeros_like(mask)
    return pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()


def _check(image):
    array = np.asarray(image)
    three = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not three or array.size == 0:
        raise InputError(
            f"A imagem é {array.dtype} {array.shape}; aceita-se uint8 (H, W) ou (H, W, 3)."
        )
    return array
