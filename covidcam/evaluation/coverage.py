"""O intervalo cobre? Sorteia provas de uma população conhecida e conta quantas vezes acerta."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from covidcam.errors import InputError
from covidcam.evaluation.intervals import Interval, wilson


class Coverage(NamedTuple):
    """O que se conta em muitas provas.

    Attributes
    ----------
    covered : Interval
        A parte das provas cujo intervalo contém a verdade, com o erro do sorteio (Wilson, 95 %).
    below : float
        A parte das provas em que a verdade ficou abaixo do intervalo inteiro.
    above : float
        A parte das provas em que ela ficou acima dele.
    width : float
        A largura média dos intervalos.
    collapsed : float
        A parte dos intervalos sem largura nenhuma.
    """

    covered: Interval
    below: float
    above: float
    width: float
    collapsed: float


def best_interval(table: pd.DataFrame, least: float = 0.93) -> tuple[str, bool]:
    """De vários intervalos, o mais curto que cobre o bastante em todas as provas.

    Parameters
    ----------
    table : DataFrame
        Uma linha por intervalo e prova: interval, covered e width; as mesmas provas para todos.
    least : float
        Que cobertura basta.

    Returns
    -------
    name : str
        Se nenhum basta, o que cobre mais na prova em que cobre menos.
    enough : bool
        Se ele basta.

    Examples
    --------
    >>> rows = {"interval": ["a", "b"], "covered": [0.94, 0.97], "width": [1.0, 2.0]}
    >>> best_interval(pd.DataFrame(rows)), best_interval(pd.DataFrame(rows), 0.99)
    (('a', True), ('b', False))
    """
    each = table.groupby("interval", sort=False)
    worst = each["covered"].min()
    enough = worst[worst >= least].index
    if len(enough):
        # a largura de uma prova não se soma à de outra em escala diferente: comparam-se as razões
        widths = np.log(table["width"]).groupby(table["interval"]).mean()
        return str(widths[enough].idxmin()), True
    return str(worst.idxmax()), False


def redraw(
    values: np.ndarray,
    groups: Sequence,
    interval: Callable[[np.ndarray, np.ndarray], Interval],
    size: int,
    tests: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Muitas provas do mesmo tamanho, de pacientes sorteados com reposição, e o intervalo de cada.

    Os pacientes dados são a população: a verdade é a média de todas as imagens deles, e um paciente
    que sai duas vezes conta como dois, como se a população tivesse muitos iguais a ele.

    Parameters
    ----------
    values : ndarray, float (N,)
        Um número por imagem; NaN não entra, nem os pacientes que só os têm.
    groups : sequence (N,)
        O paciente de cada imagem.
    interval : callable
        De valores e pacientes a um `Interval`, como `covidcam.evaluation.bootstrap`.
    size : int
        Quantos pacientes tem cada prova.
    tests : int
        Quantas provas.
    seed : int

    Returns
    -------
    DataFrame
        Uma linha por prova: mean, low e high.

    Raises
    ------
    InputError
        Se não há valores, ou a prova tem menos de dois pacientes.

    Examples
    --------
    >>> always = lambda values, groups: Interval(values.mean(), 0.0, 1.0)
    >>> redraw(np.array([0.0, 1.0]), [1, 2], always, size=2, tests=5)["high"].tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    values, groups = np.asarray(values, float), np.asarray(groups)
    present = np.isfinite(values)
    if not present.any() or size < 2:
        raise InputError(
            f"Há {present.sum()} valores e provas de {size} pacientes; é preciso ao menos um valor"
            " e dois pacientes."
        )
    patients = [values[present & (groups == name)] for name in np.unique(groups[present])]
    counts = np.array([len(each) for each in patients])
    generator = np.random.default_rng(seed)
    rows = []
    for drawn in generator.integers(len(patients), size=(tests, size)):
        sample = np.concatenate([patients[each] for each in drawn])
        rows.append(interval(sample, np.repeat(np.arange(size), counts[drawn])))
    return pd.DataFrame(rows, columns=Interval._fields)


def coverage(drawn: pd.DataFrame, truth: float) -> Coverage:
    """Quantas das provas contêm a verdade, e de que lado erram as outras.

    Parameters
    ----------
    drawn : DataFrame
        O que `redraw` devolve.
    truth : float
        O valor na população inteira.

    Returns
    -------
    Coverage

    Examples
    --------
    >>> drawn = pd.DataFrame({"mean": [1, 1], "low": [0, 1], "high": [2, 1]})
    >>> found = coverage(drawn, 0.5)
    >>> found.covered.mean, found.below, found.collapsed
    (0.5, 0.5, 0.5)
    """
    below, above = truth < drawn["low"], truth > drawn["high"]
    inside = int((~below & ~above).sum())
    width = drawn["high"] - drawn["low"]
    return Coverage(
        covered=wilson(inside, len(drawn)),
        below=float(below.mean()),
        above=float(above.mean()),
        width=float(width.mean()),
        collapsed=float((width == 0).mean()),
    )
