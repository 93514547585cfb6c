"""Valores em qualquer escala -> cinzas de 8 bits, sem que uns poucos pixels estraguem o filme."""

import numpy as np

from covidcam.errors import DataError

TAILS = (1, 99)  # percentis entre os quais está o filme
SAMPLE = 1_000_000  # pixels que bastam para os percentis


def stretch(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Leva o menor valor a 0 e o maior a 255, depois de cortar o que está fora da faixa do filme.

    Parameters
    ----------
    values : ndarray, float (H, W) ou (H, W, 3)
        Em qualquer escala.

    Returns
    -------
    grey : ndarray, uint8, da mesma forma
    note : str
        O que foi cortado; vazio quando nada foi.

    Raises
    ------
    DataError
        Se há valores que não são números.

    Examples
    --------
    >>> stretch(np.float32([[10, 20, 60]]))[0].tolist()
    [[0, 51, 255]]
    """
    values, note = cut_outliers(np.asarray(values, np.float32))
    low, high = values.min(), values.max()
    if not np.isfinite(high - low):
        raise DataError("há pixels que não são números")
    values = values - low
    values *= 255 / (high - low) if high > low else 0
    return np.rint(values, out=values).astype(np.uint8), note


def cut_outliers(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Corta os valores separados dos do filme: pixels queimados, letras gravadas em outra escala.

    O grosso do filme vai do 1º ao 99º percentil. Para fora dele os valores continuam, mais ou
    menos espaçados; onde falta um trecho mais largo do que o próprio grosso, o filme acabou. O que
    é cortado fica com o último valor do filme: um filme com um pixel queimado é lido como sem ele.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    values : ndarray
        Os mesmos, quando nada está separado.
    note : str
        Quantos foram cortados e por quê; vazio quando nada foi.

    Examples
    --------
    >>> film = np.arange(1000).reshape(20, 50)
    >>> film[3, 4] = 65535
    >>> values, note = cut_outliers(film)
    >>> int(values.max()), note
    (999, 'fora da faixa do filme, de 0 a 999, 1 pixel foi cortado; o mais distante vale 65535')
    """
    if not values.size:
        return values, ""
    bulk = np.percentile(values.ravel()[:: values.size // SAMPLE + 1], TAILS)
    width = bulk[1] - bulk[0]
    if not width > 0:  # quase tudo de um valor só, ou há NaN: não se sabe o que é o filme
        return values, ""
    high = _end(values[values > bulk[1]].astype(float), bulk[1], width)
    low = -_end(-values[values < bulk[0]].astype(float), -bulk[0], width)
    far = values[(values < low) | (values > high)]
    if not far.size:
        return values, ""
    cut = "1 pixel foi cortado" if far.size == 1 else f"{far.size} pixels foram cortados"
    furthest = far.max() if far.max() - high > low - far.min() else far.min()
    note = (
        f"fora da faixa do filme, de {low:.6g} a {high:.6g}, {cut}; o mais distante vale"
        f" {furthest:.6g}"
    )
    return values.clip(low, high).astype(values.dtype), note


def _end(beyond, start, width):
    """O último valor acima de ``start`` antes de um vazio mais largo do que ``width``."""
    ordered = np.concatenate([[start], np.sort(beyond)])
    gaps = np.flatnonzero(np.diff(ordered) > width)
    return ordered[gaps[0]] if gaps.size else ordered[-1]
