"""As máscaras que acompanham as imagens de um catálogo."""

import numpy as np
import pandas as pd

from covidcam.datasets.images import SIDE, read_image
from covidcam.datasets.resampling import resample_mask
from covidcam.errors import InputError


def read_masks(rows: pd.DataFrame, kind: str, side: int = SIDE) -> np.ndarray:
    """Lê as máscaras de um catálogo, no lado dos arrays.

    Parameters
    ----------
    rows : DataFrame
        Linhas de um catálogo.
    kind : str
        ``"lungs"``, ``"lesions"`` ou ``"lung_boxes"``. O caminho de uma máscara desenhada pixel a
        pixel é lido; caixas são preenchidas.
    side : int
        Lado, em pixels.

    Returns
    -------
    ndarray, bool (N, side, side)
        Toda falsa onde a imagem não tem essa máscara.

    Raises
    ------
    InputError
        Se o tipo de máscara não existe.
    DataError
        Se um arquivo de máscara não pode ser lido.
    """
    if kind not in ("lungs", "lesions", "lung_boxes"):
        raise InputError(f"Não há máscaras {kind!r}; há lungs, lesions e lung_boxes.")
    masks = np.zeros((len(rows), side, side), bool)
    for mask, value in zip(masks, rows[kind], strict=True):
        if isinstance(value, str):
            mask[:] = resample_mask(read_image(value)[..., 0], side)
        elif isinstance(value, list):
            mask[:] = _draw_boxes(value, side)
    return masks


def _draw_boxes(boxes: list, side: int) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    for x0, y0, x1, y1 in np.round(np.asarray(boxes) * side).astype(int):
        mask[y0:y1, x0:x1] = True
    return mask
