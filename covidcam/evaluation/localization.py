"""O mapa acerta? Medidas de um mapa contra a máscara da verdade, uma por imagem.

Convenções, as mesmas em todas: NaN onde a máscara está vazia; um mapa plano (todo igual, ou todo
zero) conta como o acaso, de modo que não dizer nada nunca é vantagem; empates são desfeitos pelo
valor esperado de um sorteio, nunca pela ordem dos pixels.
"""

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_maps, check_masks


def pointing_game(maps: np.ndarray, masks: np.ndarray, tolerance: int = 0) -> np.ndarray:
    """Se o ponto mais quente do mapa cai dentro da máscara.

    Parameters
    ----------
    maps : ndarray, float (N, H, W)
        De 0 para cima.
    masks : ndarray, bool (N, H, W)
    tolerance : int
        Quantos pixels fora da máscara ainda contam como dentro.

    Returns
    -------
    ndarray, float64 (N,)
        De 0 a 1; com empate no máximo, a parte dos pontos empatados que cai dentro.

    Raises
    ------
    InputError
        Se as formas diferem, a máscara não é de 0 e 1, um mapa tem NaN ou valor negativo, ou a
        tolerância é negativa.

    References
    ----------
    Zhang et al., ECCV 2016. arXiv:1608.00507.

    Examples
    --------
    >>> heat = np.array([[[0.0, 1.0], [0.2, 0.0]]])
    >>> pointing_game(heat, heat > 0.5).tolist()
    [1.0]
    """
    maps, masks = _pair(maps, masks)
    if tolerance < 0:
        raise InputError(f"A tolerância é {tolerance}; deve ser de 0 pixel para cima.")
    reach = _dilate(masks, tolerance) if tolerance else masks
    hottest = maps == maps.max(axis=(1, 2), keepdims=True)
    return _defined((hottest & reach).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2)), masks)


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """A parte da soma do mapa que está dentro da máscara.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`.

    Returns
    -------
    ndarray, float64 (N,)
        De 0 a 1; um mapa todo zero vale a parte da imagem que a máscara cobre.

    Raises
    ------
    InputError
        Como em `pointing_game`.

    References
    ----------
    Wang et al., CVPRW 2020. 10.1109/CVPRW50498.2020.00020; com o nome *relevance mass accuracy*,
    Arras, Osman e Samek, Information Fusion 81 (2022), arXiv:2003.07258.

    Examples
    --------
    >>> heat = np.array([[[0.0, 0.9], [0.1, 0.0]]])
    >>> energy_inside(heat, heat > 0.5).tolist()
    [0.9]
    """
    maps, masks = _pair(maps, masks)
    total = maps.sum(axis=(1, 2))
    inside = (maps * masks).sum(axis=(1, 2))
    return _defined(np.divide(inside, total, out=prevalence(masks), where=total > 0), masks)


def energy_ratio(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Quantas vezes a energia dentro da máscara excede a parte da imagem que ela cobre.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`.

    Returns
    -------
    ndarray, float64 (N,)
        1 é o acaso.

    Raises
    ------
    InputError
        Como em `pointing_game`.

    Examples
    --------
    >>> heat = np.array([[[0.0, 0.9], [0.1, 0.0]]])
    >>> energy_ratio(heat, heat > 0.5).tolist()
    [3.6]
    """
    masks = check_masks(masks)
    share = prevalence(masks)
    return energy_inside(maps, masks) / np.where(share > 0, share, np.nan)


def rank_accuracy(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Que parte dos K pixels mais quentes está na máscara, sendo K o tamanho dela.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`.

    Returns
    -------
    ndarray, float64 (N,)
        De 0 a 1.

    Raises
    ------
    InputError
        Como em `pointing_game`.

    References
    ----------
    Arras, Osman e Samek, Information Fusion 81 (2022). arXiv:2003.07258.

    Examples
    --------
    >>> heat = np.array([[[0.3, 0.9], [0.1, 0.8]]])
    >>> rank_accuracy(heat, np.array([[[1, 1], [0, 0]]])).tolist()
    [0.5]
    """
    maps, masks = _pair(maps, masks)
    pairs = zip(maps, masks, strict=True)
    return np.array([_rank(heat.ravel(), mask.ravel()) for heat, mask in pairs])


def iou(maps: np.ndarray, masks: np.ndarray, threshold: float | str = "otsu") -> np.ndarray:
    """A interseção sobre a união entre o mapa cortado num limiar e a máscara.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`.
    threshold : float or ``"otsu"``
        A fração do máximo do mapa a partir da qual um pixel está dentro, ou o limiar de Otsu de
        cada mapa.

    Returns
    -------
    ndarray, float64 (N,)
        De 0 a 1; um mapa plano vale o mesmo que marcar a imagem inteira.

    Raises
    ------
    InputError
        Como em `pointing_game`; também se o limiar não é ``"otsu"`` nem está em (0, 1].

    References
    ----------
    Saporta et al., Nature Machine Intelligence 4 (2022). 10.1038/s42256-022-00536-x.

    Examples
    --------
    >>> heat = np.array([[[0.0, 1.0], [0.6, 0.0]]])
    >>> iou(heat, heat > 0.8, threshold=0.5).tolist()
    [0.5]
    """
    maps, masks = _pair(maps, masks)
    if threshold != "otsu" and not (isinstance(threshold, (int, float)) and 0 < threshold <= 1):
        raise InputError(f"O limiar {threshold!r} não é aceito; é 'otsu' ou um número em (0, 1].")
    regions = np.array([_region(heat, threshold) for heat in maps], bool).reshape(maps.shape)
    inside = (regions & masks).sum(axis=(1, 2))
    return _defined(inside / np.maximum((regions | masks).sum(axis=(1, 2)), 1), masks)


def tune_threshold(maps: np.ndarray, masks: np.ndarray) -> float:
    """O limiar de melhor IoU médio; escolha-o na validação, nunca no teste.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`; os da validação.

    Returns
    -------
    float
        De 0,05 a 0,95.

    Raises
    ------
    InputError
        Como em `pointing_game`; também se todas as máscaras estão vazias.
    """
    maps, masks = _pair(maps, masks)
    if not masks.any():
        raise InputError("Todas as máscaras estão vazias; não há como escolher um limiar.")
    candidates = np.linspace(0.05, 0.95, 19)
    pairs = zip(maps, masks, strict=True)
    scores = [_overlaps(*pair, candidates) for pair in pairs if pair[1].any()]
    return float(candidates[int(np.argmax(np.mean(scores, axis=0)))])


def auprc(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """A área sob a curva de precisão e revocação dos pixels; o acaso é `prevalence`.

    Parameters
    ----------
    maps, masks
        Como em `pointing_game`.

    Returns
    -------
    ndarray, float64 (N,)
        De 0 a 1.

    Raises
    ------
    InputError
        Como em `pointing_game`.

    Examples
    --------
    >>> heat = np.array([[[0.3, 0.9], [0.1, 0.8]]])
    >>> auprc(heat, heat > 0.5).tolist()
    [1.0]
    """
    maps, masks = _pair(maps, masks)
    return np.array([_average_precision(*pair) for pair in zip(maps, masks, strict=True)])


def prevalence(masks: np.ndarray) -> np.ndarray:
    """A parte da imagem que a máscara cobre: o que o acaso daria.

    Parameters
    ----------
    masks : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float64 (N,)

    Examples
    --------
    >>> prevalence(np.array([[[1, 0], [0, 0]]])).tolist()
    [0.25]
    """
    return check_masks(masks).mean(axis=(1, 2))


def _pair(maps, masks):
    masks = check_masks(masks)
    return check_maps(maps, masks.shape), masks


def _defined(scores, masks):
    return np.where(masks.any(axis=(1, 2)), scores, np.nan)


def _dilate(masks, radius):
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x**2 + y**2 <= radius**2).astype(np.uint8)
    return np.array([cv2.dilate(mask.astype(np.uint8), disk) for mask in masks], bool)


def _rank(heat, mask):
    size = mask.sum()
    if size == 0:
        return np.nan
    cut = np.partition(heat, -size)[-size]  # o K-ésimo maior valor
    above, tied = heat > cut, heat == cut
    places = size - above.sum()  # quantos dos empatados ainda cabem entre os K
    return ((above & mask).sum() + places * (tied & mask).sum() / tied.sum()) / size


def _average_precision(heat, mask):
    """A precisão média sobre os limiares; pixels empatados entram todos de uma vez."""
    if not mask.any():
        return np.nan
    order = np.argsort(-heat, axis=None)
    heat, found = heat.ravel()[order], np.cumsum(mask.ravel()[order])
    last = np.append(np.flatnonzero(np.diff(heat)), heat.size - 1)  # o fim de cada empate
    return (np.diff(found[last], prepend=0) * found[last] / (last + 1)).sum() / found[-1]


def _overlaps(heat, mask, thresholds):
    """O IoU em cada um de vários limiares crescentes, com uma só passada pelos pixels."""
    if heat.min() == heat.max():
        return np.full(len(thresholds), mask.mean())
    passed = np.searchsorted(thresholds * heat.max(), heat.ravel(), side="right")
    size = len(thresholds) + 1
    regions, inside = (
        np.bincount(passed, weights, size)[::-1].cumsum()[::-1][1:]
        for weights in (None, mask.ravel())
    )
    return inside / (regions + mask.sum() - inside)


def _region(heat, threshold):
    low, top = heat.min(), heat.max()
    if low == top:
        return np.ones(heat.shape, bool)
    if threshold == "otsu":
        grey = np.round(255 * (heat - low) / (top - low)).astype(np.uint8)
        return grey > cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[0]
    return heat >= threshold * top
