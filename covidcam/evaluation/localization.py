"""O mapa acerta? Medidas de um mapa contra uma máscara da verdade."""

import numpy as np

from covidcam.errors import InputError


def pointing_game(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Se o ponto mais quente do mapa cai dentro da máscara.

    Com empate no máximo, vale a parte dos pontos empatados que cai dentro; assim um mapa chato
    conta como o acaso, a parte da imagem que a máscara cobre.

    Parameters
    ----------
    maps : ndarray, float (N, H, W), de 0 a 1
    masks : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float (N,)
        De 0 a 1; NaN onde a máscara está vazia.

    Raises
    ------
    InputError
        Se as formas diferem, a máscara não é de 0 e 1, ou um mapa tem NaN.

    References
    ----------
    Zhang et al., ECCV 2016. arXiv:1608.00507.

    Examples
    --------
    >>> heat = np.array([[[0.0, 1.0], [0.2, 0.0]]])
    >>> pointing_game(heat, heat > 0.5).tolist()
    [1.0]
    """
    maps, masks = _check(maps, masks)
    hottest = maps == maps.max(axis=(1, 2), keepdims=True)
    return _without_empty((hottest & masks).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2)), masks)


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """A parte da soma do mapa que está dentro da máscara.

    Um mapa todo zero conta como o acaso: a parte da imagem que a máscara cobre.

    Parameters
    ----------
    maps : ndarray, float (N, H, W), de 0 a 1
    masks : ndarray, bool (N, H, W)

    Returns
    -------
    ndarray, float (N,)
        De 0 a 1; NaN onde a máscara está vazia.

    Raises
    ------
    InputError
        Como em `pointing_game`.

    References
    ----------
    Wang et al., CVPRW 2020. 10.1109/CVPRW50498.2020.00020.

    Examples
    --------
    >>> heat = np.array([[[0.0, 0.9], [0.1, 0.0]]])
    >>> energy_inside(heat, heat > 0.5).tolist()
    [0.9]
    """
    maps, masks = _check(maps, masks)
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = (maps * masks).sum(axis=(1, 2), dtype=np.float64)
    share = np.divide(inside, total, out=masks.mean(axis=(1, 2)), where=total > 0)
    return _without_empty(share, masks)


def _without_empty(scores: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.where(masks.any(axis=(1, 2)), scores, np.nan)


def _check(maps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    maps, masks = np.asarray(maps), np.asarray(masks)
    if maps.ndim != 3 or maps.shape != masks.shape:
        raise InputError(
            f"Mapas {maps.shape} e máscaras {masks.shape} devem ter a mesma forma (N, H, W)."
        )
    if not np.isin(masks, (0, 1)).all():
        raise InputError("A máscara deve ter só 0 e 1 (ou falso e verdadeiro).")
    if not np.isfinite(maps).all() or (maps < 0).any():
        raise InputError("Um mapa tem valores negativos, infinitos ou que não são números (NaN).")
    return maps, masks.astype(bool)
