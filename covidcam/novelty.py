"""Quanto uma imagem se afasta das radiografias frontais: um aviso para o que a rede nunca viu.

A imagem é reduzida a 48 × 48 e dividida em 6 × 6 células; em cada uma contam-se as direções em que
o cinza muda, como no HOG: mexer no contraste não muda nada, e virar, girar ou inverter a imagem
muda tudo. A estranheza é o quadrado da distância de Mahalanobis dessas contagens às dos fantomas
frontais, variados em posição, tamanho, giro e contraste, dividido pelo limite: o que 99 % dos
fantomas de uma classe não passam quando a distância só conhece as outras. Assim o limite tolera o
que uma doença nunca vista muda num filme.
"""

import os
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from covidcam.errors import InputError

SIDE, CELLS, DIRECTIONS = 48, 6, 8
VARIATIONS = 6  # variações de cada fantoma
ACCEPTED = 0.99


@dataclass(frozen=True)
class UsualFilms:
    """As radiografias frontais conhecidas, resumidas.

    Attributes
    ----------
    mean : ndarray, float (288,)
    precision : ndarray, float (288, 288)
        O inverso da covariância.
    limit : float
        A distância ao quadrado que vale 1 de estranheza.
    """

    mean: np.ndarray
    precision: np.ndarray
    limit: float

    def strangeness(self, images: np.ndarray) -> np.ndarray:
        """A estranheza de cada imagem: até 1 ela se parece com as conhecidas; acima, não.

        Parameters
        ----------
        images : ndarray, uint8 (N, H, W) ou (N, H, W, 3)

        Returns
        -------
        ndarray, float64 (N,)
            De 0 para cima.

        Raises
        ------
        InputError
            Se a forma ou o tipo é outro.
        """
        return _squared_distance(directions(images) - self.mean, self.precision) / self.limit

    def save(self, path: str | os.PathLike) -> None:
        """Guarda num arquivo ``.npz``.

        Parameters
        ----------
        path : path-like
        """
        np.savez(path, **asdict(self))


def load(path: str | os.PathLike) -> UsualFilms:
    """Abre o que `UsualFilms.save` guardou.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    UsualFilms
    """
    with np.load(path) as arrays:
        return UsualFilms(arrays["mean"], arrays["precision"], float(arrays["limit"]))


def fit(images: np.ndarray, labels: np.ndarray, seed: int = 0) -> UsualFilms:
    """Resume radiografias frontais e escolhe o limite da estranheza.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W) ou (N, H, W, 3)
        Todas frontais, direitas e não invertidas.
    labels : array-like (N,)
        A classe de cada uma. O limite é o maior dos que cada classe dá quando fica de fora do
        ajuste; a distância final conhece todas.
    seed : int
        Decide as variações.

    Returns
    -------
    UsualFilms

    Raises
    ------
    InputError
        Se há menos de duas classes ou de dez imagens fora de uma delas, ou se a forma ou o tipo é
        outro.

    References
    ----------
    Dalal e Triggs, 2005, 10.1109/CVPR.2005.177 (HOG); Ledoit e Wolf, 2004,
    10.1016/S0047-259X(03)00096-4 (covariância); Lee et al., 2018, arXiv:1807.03888 (Mahalanobis).
    """
    from sklearn.covariance import LedoitWolf

    grey, labels = _grey(images), np.asarray(labels)
    if labels.shape != (len(grey),):
        raise InputError(f"Há {len(grey)} imagens e classes de forma {labels.shape}.")
    classes = np.unique(labels)
    if len(classes) < 2 or min((labels != name).sum() for name in classes) < 10:
        raise InputError(
            f"Há {len(grey)} imagens em {len(classes)} classes; são precisas duas classes ou mais,"
            " e dez imagens fora de cada uma."
        )
    random = np.random.default_rng(seed)
    varied = np.stack(
        [directions(np.stack([_vary(image, random) for image in grey])) for _ in range(VARIATIONS)]
    )

    def learn(rows):
        return LedoitWolf().fit(varied[:, rows].reshape(-1, varied.shape[2]))

    def tolerated(label):
        known, new = learn(labels != label), varied[:, labels == label].reshape(-1, varied.shape[2])
        return np.quantile(_squared_distance(new - known.location_, known.precision_), ACCEPTED)

    model = learn(np.ones(len(grey), bool))
    return UsualFilms(model.location_, model.precision_, float(max(map(tolerated, classes))))


def directions(images: np.ndarray) -> np.ndarray:
    """Em que direções o cinza muda em cada célula de cada imagem.

    Parameters
    ----------
    images : ndarray, uint8 (N, H, W) ou (N, H, W, 3)

    Returns
    -------
    ndarray, float64 (N, 288)
        De 0 a 1: por célula, oito direções, na proporção da soma delas mais a da célula média.

    Raises
    ------
    InputError
        Se a forma ou o tipo é outro.

    Examples
    --------
    >>> ramp = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))[None]
    >>> directions(ramp).reshape(6, 6, 8)[2, 2].round(2).tolist()
    [0.51, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    small = np.stack([_small(image) for image in _grey(images)]).astype(np.float32)
    across = np.stack([cv2.Sobel(image, cv2.CV_32F, 1, 0) for image in small])
    down = np.stack([cv2.Sobel(image, cv2.CV_32F, 0, 1) for image in small])
    strength = np.hypot(across, down)
    angle = np.arctan2(down, across) / (2 * np.pi) + 0.5 / DIRECTIONS  # a direção no meio da fatia
    which = np.floor((angle % 1) * DIRECTIONS).astype(int) % DIRECTIONS
    cells = (len(small), CELLS, SIDE // CELLS, CELLS, SIDE // CELLS)
    sums = [
        (strength * (which == direction)).reshape(cells).sum(axis=(2, 4), dtype=np.float64)
        for direction in range(DIRECTIONS)
    ]
    counts = np.stack(sums, axis=-1)
    totals = counts.sum(axis=-1, keepdims=True)
    scale = totals + totals.mean(axis=(1, 2), keepdims=True)
    return np.divide(counts, scale, out=np.zeros_like(counts), where=scale > 0).reshape(
        len(small), -1
    )


def _grey(images):
    images = np.asarray(images)
    colours = images.ndim == 4 and images.shape[3] == 3
    if images.dtype != np.uint8 or not (images.ndim == 3 or colours) or 0 in images.shape:
        raise InputError(
            f"As imagens têm forma {images.shape} e tipo {images.dtype}; aceita-se uint8 (N, H, W)"
            " ou (N, H, W, 3), sem eixo vazio."
        )
    if not colours:
        return images
    red, green, blue = np.moveaxis(images, 3, 0).astype(np.uint16)
    return ((red + green + blue) // 3).astype(np.uint8)


def _small(image):
    blur = max(image.shape) / SIDE / 2.5
    return cv2.resize(
        cv2.GaussianBlur(image, (0, 0), blur), (SIDE, SIDE), interpolation=cv2.INTER_AREA
    )


def _vary(image, random):
    """Gira, aproxima, desloca e muda o contraste, como as radiografias variam entre si."""
    height, width = image.shape
    zoom = np.exp(random.uniform(-0.25, 0.3))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-6, 6), zoom)
    matrix[:, 2] += random.uniform(-0.075, 0.075, 2) * (width, height)
    border = random.choice([cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT], p=[0.6, 0.4])
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=int(border))
    return (255 * (moved / 255) ** np.exp(random.uniform(-0.6, 0.6))).astype(np.uint8)


def _squared_distance(difference, precision):
    # sem optimize, que chamaria o BLAS e as suas threads para uma conta que cabe numa só
    return np.einsum("ni,ij,nj->n", difference, precision, difference)
