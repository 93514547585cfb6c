"""O que se exige de mapas e máscaras antes de medir."""

import numpy as np

from covidcam.errors import InputError


def check_maps(maps: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Confere mapas (N, H, W), finitos e não negativos; os devolve em float64.

    Parameters
    ----------
    maps : array-like (N, H, W)
    shape : tuple of int, optional
        A forma que eles devem ter.

    Returns
    -------
    ndarray, float64 (N, H, W)

    Raises
    ------
    InputError
    """
    maps = np.asarray(maps)
    if maps.ndim != 3 or 0 in maps.shape[1:] or maps.dtype.kind not in "buif":
        raise InputError(
            f"Os mapas têm a forma {maps.shape} e o tipo {maps.dtype}; deve ser (N, H, W), com H"
            " e W a partir de 1, de números reais."
        )
    maps = maps.astype(np.float64)
    if shape is not None and maps.shape != shape:
        raise InputError(f"Os mapas têm a forma {maps.shape}; o par deles, {shape}.")
    if not np.isfinite(maps).all():
        raise InputError("Um mapa tem valores infinitos ou que não são números (NaN).")
    if (maps < 0).any():
        raise InputError(f"Um mapa tem o valor negativo {maps.min():g}; deve ir de 0 para cima.")
    return maps


def check_masks(masks: np.ndarray) -> np.ndarray:
    """Confere máscaras (N, H, W) de 0 e 1; as devolve como bool.

    Parameters
    ----------
    masks : array-like (N, H, W)

    Returns
    -------
    ndarray, bool (N, H, W)

    Raises
    ------
    InputError
    """
    masks = np.asarray(masks)
    if masks.ndim != 3 or 0 in masks.shape[1:]:
        raise InputError(
            f"As máscaras têm a forma {masks.shape}; deve ser (N, H, W), com H e W a partir de 1."
        )
    if masks.dtype != bool and not np.isin(masks, (0, 1)).all():
        found = np.unique(masks)[:5].tolist()
        raise InputError(f"As máscaras devem ter só 0 e 1 (ou falso e verdadeiro); há {found}…")
    return masks.astype(bool)
