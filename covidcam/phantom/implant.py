"""Uma lesão de fantoma num filme que não tem nenhuma: o lugar se conhece, a anatomia é a do filme.

Do filme só se conhece o que a revelação fez do expoente. Por isso a escala vem dele mesmo: pulmão
cheio de tecido sem ar chega ao cinza do mediastino, que tem a mesma espessura e não tem ar.
"""

from dataclasses import dataclass
from numbers import Real

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.phantom.anatomy import SIDES, stream
from covidcam.phantom.film import LABELS, arrange
from covidcam.phantom.projection import smooth
from covidcam.phantom.scene import AIRLESS, truth

SICK = tuple(label for label in LABELS if label != "NORMAL")
FAINT = 0.03
"""Menor parte do ar trocada por tecido que conta como lesão."""


@dataclass(frozen=True)
class Implant:
    """O que uma lesão mudaria num filme.

    Attributes
    ----------
    exponent : array float32 (H, W)
        O expoente aparente do filme, com o ruído que a lesão traria e sem a lesão.
    added : array float32 (H, W)
        O que a lesão acrescenta a ele.
    filled : array float32 (H, W)
        Que parte do ar de cada raio ela troca por tecido, de 0 a 1.
    vessels : array float32 (H, W)
        O que os vasos acrescentam ao expoente, e que some onde o ar em volta some.
    """

    exponent: np.ndarray
    added: np.ndarray
    filled: np.ndarray
    vessels: np.ndarray

    def change(self, scale=1.0):
        """A mudança do expoente, float32 (H, W), com a espessura da lesão vezes `scale`."""
        scale = np.float32(scale)
        faded = np.minimum(scale * self.filled, 1) * self.vessels
        return scale * self.added - np.minimum(faded, scale * self.added / 2)

    def film(self, scale=1.0):
        """O filme, uint8 (H, W)."""
        return grey(self.exponent + self.change(scale))


def implant(film, lungs, label, seed, *, scale=1.0):
    """Põe num filme sem doença a lesão que um fantoma teria.

    A lesão é a que `radiograph` desenha com a mesma classe e semente, levada de um pulmão ao outro
    linha a linha: toma o tamanho dos pulmões do filme. O contraste é o dele, entre pulmão e
    mediastino; a nitidez e o ruído, também; os vasos somem onde o ar some. Não é uma doença: é uma
    sombra que se sabe onde está.

    Parameters
    ----------
    film : array uint8 (H, W)
        Frontal; osso claro.
    lungs : array bool (H, W)
        Os dois pulmões que se veem, separados.
    label : str
        "COVID-19" ou "OUTRAS"; com "NORMAL" o filme passa por tudo, no lugar de uma das duas, e não
        ganha lesão: é o placebo (*sham*) com que se comparam os outros.
    seed : int
    scale : float
        Quantas vezes a espessura da lesão, de 0 (o placebo) em diante.

    Returns
    -------
    film : array uint8 (H, W)
    mask : array bool (H, W)
        Onde a lesão mudou o filme: onde ele difere do seu placebo.

    Raises
    ------
    InputError
        Filme, pulmões, classe, semente ou espessura que não é aceita; pulmões que não são dois, ou
        que não são mais escuros que o mediastino; semente cuja lesão fica toda fora dos pulmões que
        se veem, ou é tênue demais para se ver.

    Examples
    --------
    >>> from covidcam.phantom import radiograph
    >>> healthy = radiograph(3, "NORMAL", 128)
    >>> film, mask = implant(healthy.image, healthy.lungs, "OUTRAS", 5)
    >>> film.shape, bool(mask.any()), bool(film[mask].mean() > healthy.image[mask].mean())
    ((128, 128), True, True)
    """
    number = isinstance(scale, Real) and not isinstance(scale, bool)
    if not number or not 0 <= scale < np.inf:
        raise InputError(f"scale é {scale!r}; aceita-se um número de 0 em diante.")
    made = plan(film, lungs, label, seed)
    sham = made.film(0)
    film = sham if label == "NORMAL" else made.film(scale)
    return film, film != sham


def plan(film, lungs, label, seed):
    """O que a lesão de `implant` mudaria no filme.

    Parameters
    ----------
    film, lungs, label, seed
        Os de `implant`.

    Returns
    -------
    Implant

    Raises
    ------
    InputError
        Como `implant`.
    """
    _check(film, lungs)
    scene = arrange(seed, label)
    if label == "NORMAL":
        scene = arrange(seed, SICK[stream(seed, "sham").integers(len(SICK))])
    exponent, sides = apparent(film), halves(lungs)
    lungs = sides.any(axis=0)
    size = float(np.ptp(np.flatnonzero(lungs.any(axis=0))) + 1)  # de uma ponta à outra, em pixels
    full = contrast(exponent, sides, 0.08 * size)
    grain, blur = noise(exponent, lungs)
    edge = cv2.distanceTransform(np.uint8(lungs), cv2.DIST_L2, 5) / (0.008 * size)
    filled = cv2.GaussianBlur(cast(scene, sides) * np.minimum(edge, 1), (0, 0), blur)
    filled = np.where((filled > FAINT) & lungs, filled, 0)
    if label != "NORMAL" and not filled.any():
        raise InputError(
            f"A lesão de {label} com a semente {seed} não aparece nos pulmões do filme; aceita-se"
            " uma semente com que ela apareça."
        )
    added = filled * full
    # menos fótons, mais ruído: a variância do logaritmo cresce com o que se perde do feixe
    draw = stream(seed, "implant").standard_normal(film.shape).astype(np.float32)
    draw = cv2.GaussianBlur(draw, (0, 0), blur)
    exponent = exponent + grain / draw.std() * draw * np.sqrt(np.expm1(added))
    fine, coarse = (cv2.GaussianBlur(exponent, (0, 0), share * size) for share in (0.004, 0.03))
    vessels = np.maximum(fine - coarse, 0)
    return Implant(*(np.float32(part) for part in (exponent, added, filled, vessels)))


def apparent(film):
    """O expoente que um filme de 8 bits mostra: a resposta satura no branco, como a de um filme."""
    return -np.log1p(-(np.float32(film) + 0.5) / 256)


def grey(exponent):
    """O filme de um expoente aparente, uint8; desfaz `apparent`."""
    return np.uint8(np.clip(np.round(-256 * np.expm1(-exponent) - 0.5), 0, 255))


def halves(lungs):
    """Os dois maiores pedaços da máscara, o da esquerda na imagem primeiro: bool (2, H, W)."""
    count, pieces, stats, centres = cv2.connectedComponentsWithStats(np.uint8(lungs))
    largest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:2]
    if count < 3 or stats[largest, cv2.CC_STAT_AREA].min() < 0.005 * lungs.size:
        raise InputError(
            "Os pulmões não são dois pedaços separados; aceita-se uma máscara com dois."
        )
    return np.stack([pieces == k for k in sorted(largest, key=lambda k: centres[k, 0])])


def contrast(exponent, sides, reach):
    """O que cada ponto do pulmão ganha ao perder o ar: o que lhe falta para o mediastino."""
    columns, lungs = np.arange(sides.shape[2]), sides.any(axis=0)
    inner = columns[-1] - sides[0][:, ::-1].argmax(axis=1), sides[1].argmax(axis=1)
    both = sides.any(axis=2).all(axis=0)[:, None]
    between = both & (columns > inner[0][:, None]) & (columns < inner[1][:, None])
    if not between.any():
        raise InputError("Entre os pulmões não há mediastino; aceita-se uma máscara em que haja.")
    white, dark = np.median(exponent[between]), np.median(exponent[lungs])
    if white <= dark:
        raise InputError("Os pulmões não são mais escuros que o mediastino; aceita-se osso claro.")
    weight = np.maximum(smooth(np.float32(lungs), reach), 1e-3)
    return np.maximum(white - smooth(exponent * lungs, reach) / weight, (white - dark) / 4)


def noise(exponent, lungs):
    """O desvio do ruído do expoente nos pulmões, e o desfoque, em pixels, que o correlaciona."""
    rest = exponent - cv2.GaussianBlur(exponent, (0, 0), 1.0)
    pairs = lungs[:, 1:] & lungs[:, :-1]
    likeness = np.corrcoef(rest[:, 1:][pairs], rest[:, :-1][pairs])[0, 1]
    # vizinhos de um ruído desfocado com desvio b têm correlação exp(−1 / 4b²)
    blur = 0.5 / np.sqrt(-np.log(np.clip(likeness, 0.1, 0.9)))
    return 1.4826 * float(np.median(np.abs(rest[lungs]))), float(blur)


def cast(scene, sides):
    """Que parte do ar de cada raio a lesão do fantoma troca por tecido, nos pulmões do filme."""
    visible, _ = truth(scene.patient, scene.camera, scene.acquisition.inspiration, scene.lungs)
    filled = np.minimum(scene.shadow().excess / np.maximum(AIRLESS * scene.air, 1e-3), 1)
    x, _ = scene.camera.grid()
    return sum(
        each * carry(filled, visible & (x * side > 0), each)
        for side, each in zip(SIDES, sides, strict=True)
    )


def carry(values, source, target):
    """Leva uma imagem de um pulmão a outro: a altura e, em cada linha, a largura, em frações."""
    (top, *edges), (first, *wanted) = outline(source), outline(target)
    y, x = np.indices(target.shape, np.float32)
    down = np.clip((y[:, 0] - first) / (len(wanted[0]) - 1), 0, 1)
    left, right, start, end = (
        np.interp(down, np.linspace(0, 1, len(edge)), edge)[:, None] for edge in (*edges, *wanted)
    )
    column = left + np.clip((x - start) / (end - start), 0, 1) * (right - left)
    row = top + down[:, None] * (len(edges[0]) - 1) + 0 * column
    return cv2.remap(values, np.float32(column), np.float32(row), cv2.INTER_LINEAR)


def outline(mask):
    """A primeira linha de um pulmão, e onde ele começa e acaba em cada linha, sem serrilhado."""
    rows = np.flatnonzero(mask.any(axis=1))
    edges = np.float32([mask.argmax(axis=1), mask.shape[1] - mask[:, ::-1].argmax(axis=1)])[:, rows]
    return rows[0], *cv2.GaussianBlur(edges, (0, 0), sigmaX=0.02 * len(rows), sigmaY=0.01)


def _check(film, lungs):
    if film.dtype != np.uint8 or film.ndim != 2:
        raise InputError(f"O filme é {film.dtype} {film.shape}; aceita-se uint8 (H, W).")
    if lungs.dtype != bool or lungs.shape != film.shape:
        raise InputError(
            f"Os pulmões são {lungs.dtype} {lungs.shape}; o filme pede bool {film.shape}."
        )
