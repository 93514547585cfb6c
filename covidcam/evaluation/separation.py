"""Quanto uma medida separa dois grupos de redes, com um intervalo que não se fecha no 1."""

import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.intervals import Interval


def separation(low: np.ndarray, high: np.ndarray, level: float = 0.95) -> Interval:
    """A chance de um elemento do primeiro grupo ficar abaixo de um do segundo: a AUC.

    O intervalo é o de Newcombe: os limites são as áreas de que a medida distaria um quantil da
    normal, com o desvio que a área **suposta** teria. Com os grupos inteiramente separados o
    intervalo ainda diz quanto tão poucos elementos permitem saber.

    Parameters
    ----------
    low, high : ndarray, float (M,), (N,)
        Um número por rede; a alternativa é que os de `low` sejam menores.
    level : float

    Returns
    -------
    Interval
        De 0 a 1; 0,5 se nada os separa, e um empate conta meio.

    Raises
    ------
    InputError
        Se um grupo tem menos de dois números, ou um deles não é finito.

    References
    ----------
    Newcombe, Statistics in Medicine 25 (2006), método 5. 10.1002/sim.2324. A variância:
    Hanley e McNeil, Radiology 143 (1982). 10.1148/radiology.143.1.7063747.

    Examples
    --------
    >>> found = separation(np.arange(10), np.arange(10) + 10)
    >>> found.mean, round(found.low, 2), found.high
    (1.0, 0.8, 1.0)
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    if min(len(low), len(high)) < 2 or not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError(
            f"Os grupos têm {len(low)} e {len(high)} números; são precisos dois ou mais em cada um,"
            " todos finitos."
        )
    below = (low[:, None] < high).mean() + (low[:, None] == high).mean() / 2
    return Interval(float(below), *_limits(float(below), len(low), len(high), level))


def _limits(area, first, second, level):
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, pairs, more = norm.ppf((1 + level) / 2), first * second, (first + second) / 2 - 1

    def beyond(supposed):
        """Quanto a área medida passa da faixa em que cairia se a verdadeira fosse a suposta."""
        rest = 1 - supposed
        scale = 1 + more * (rest / (2 - supposed) + supposed / (1 + supposed))
        return (area - supposed) ** 2 - z**2 * supposed * rest * scale / pairs

    # nos extremos a própria área medida é uma raiz, que não se quer: começa-se ao lado dela
    low = brentq(beyond, 0, area - 1e-12) if area > 0 else 0.0
    high = brentq(beyond, area + 1e-12, 1) if area < 1 else 1.0
    return low, high
