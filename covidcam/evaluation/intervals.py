"""Intervalos de confiança por reamostragem de pacientes."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from covidcam.errors import InputError

UNLIKELY = 0.05  # a chance abaixo da qual se afirma uma diferença


class Interval(NamedTuple):
    """Uma média e os limites do seu intervalo de confiança."""

    mean: float
    low: float
    high: float


def verdict(interval: Interval, against: float = 0.0) -> str:
    """O que um intervalo permite afirmar: só se separa de um valor o que não o contém.

    Parameters
    ----------
    interval : Interval
        De uma medida ou, melhor, da diferença de duas nos mesmos filmes: intervalos que se tocam
        não provam que duas medidas sejam iguais.
    against : float
        O valor a que se compara: 0 para uma diferença, ou o acaso.

    Returns
    -------
    str
        ``"above"``, ``"below"`` ou ``"undecided"``.

    Raises
    ------
    InputError
        Se o intervalo não tem números: de uma medida que faltou nada se afirma.

    Examples
    --------
    >>> verdict(Interval(0.6, 0.55, 0.65), 0.5), verdict(Interval(0.1, -0.1, 0.3))
    ('above', 'undecided')
    """
    if np.isnan([interval.low, interval.high]).any():
        raise InputError(f"O intervalo é {interval}; aceita-se um de números, sem NaN.")
    if interval.low > against:
        return "above"
    return "below" if interval.high < against else "undecided"


def against_chance(value: float, null: Interval) -> str:
    """O lugar de uma medida diante da faixa em que ela cairia se nada houvesse para achar.

    Parameters
    ----------
    value : float
    null : Interval
        A média e a faixa de 95 % da mesma medida quando só o acaso a decide.

    Returns
    -------
    str
        ``"above"``, ``"below"`` ou ``"undecided"``; na borda da faixa, nada se afirma.

    Examples
    --------
    >>> against_chance(0.7, Interval(0.5, 0.4, 0.6)), against_chance(0.6, Interval(0.5, 0.4, 0.6))
    ('above', 'undecided')
    """
    return verdict(Interval(value - null.mean, value - null.high, value - null.low))


def sign_flip(differences: np.ndarray, groups: np.ndarray) -> float:
    """A chance de uma diferença tão grande, de um lado ou do outro, se as duas medidas se igualam.

    Se nada distingue as duas, cada paciente poderia ter favorecido uma ou outra: contam-se todas as
    trocas de sinal. Com uma imagem por paciente é o teste exato de McNemar. Ao contrário de um
    sorteio de pacientes, não se engana quando todas as discordâncias são do mesmo lado.

    Parameters
    ----------
    differences : ndarray, int (N,)
        Os acertos de uma menos os da outra em cada imagem: −1, 0 ou 1.
    groups : ndarray (N,)
        O paciente de cada imagem.

    Returns
    -------
    float
        De 0 a 1; 1 se elas nunca discordam.

    Raises
    ------
    InputError
        Se as formas diferem, falta um paciente, ou uma diferença não é inteira.

    References
    ----------
    McNemar, Psychometrika 12 (1947). 10.1007/BF02295996.

    Examples
    --------
    >>> sign_flip(np.array([1, 1, 1, 1, 1, 1, 0]), np.arange(7))
    0.03125
    """
    differences, groups = np.asarray(differences, float), np.asarray(groups)
    _check(differences, groups)
    if (differences != np.rint(differences)).any():
        raise InputError("As diferenças devem ser inteiras: os acertos de uma menos os da outra.")
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], differences).astype(int)
    chances = np.ones(1)
    for size in np.abs(sums[sums != 0]):
        chances = np.convolve(chances, [0.5, *[0] * (2 * size - 1), 0.5])
    totals = np.abs(np.arange(len(chances)) - len(chances) // 2)
    return float(chances[totals >= abs(sums.sum())].sum())


def spread(first: np.ndarray, last: np.ndarray) -> Interval:
    """A diferença entre dois grupos de treinos, do menor ao maior par que se pode formar.

    Parameters
    ----------
    first, last : ndarray, float (T,)
        Uma medida por treino; NaN não entra.

    Returns
    -------
    Interval
        A média de ``last - first`` e os extremos; não contém zero só onde os grupos se separam.

    Raises
    ------
    InputError
        Se de um dos grupos não sobra nenhum treino.

    Examples
    --------
    >>> spread(np.array([0.5, 0.6]), np.array([0.7, 1.0])).low.round(2)
    np.float64(0.1)
    """
    first, last = (np.asarray(group, float) for group in (first, last))
    first, last = first[~np.isnan(first)], last[~np.isnan(last)]
    if not (len(first) and len(last)):
        raise InputError(
            "Um dos grupos não tem nenhum treino com a medida; aceita-se de um em diante."
        )
    return Interval(last.mean() - first.mean(), last.min() - first.max(), last.max() - first.min())


def bootstrap(
    values: np.ndarray,
    groups: np.ndarray,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A média e o seu intervalo, sorteando pacientes inteiros com reposição.

    Imagens do mesmo paciente se parecem; sortear imagens soltas daria um intervalo mais estreito
    do que deve.

    Parameters
    ----------
    values : ndarray, float (N,)
        Um número por imagem; NaN não entra.
    groups : ndarray (N,)
        O paciente de cada imagem.
    level : float
        A confiança, entre 0 e 1.
    samples : int
        Quantos sorteios.
    seed : int

    Returns
    -------
    Interval
        NaN se não há nenhum valor.

    Raises
    ------
    InputError
        Se falta um paciente ou há um só, que não permite dizer quanto os pacientes variam.

    References
    ----------
    Efron e Tibshirani, An Introduction to the Bootstrap, 1993. 10.1201/9780429246593.

    Examples
    --------
    >>> bootstrap(np.array([1.0, 1.0, 1.0]), np.array(["a", "b", "c"]))
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    values, groups = np.asarray(values, float), np.asarray(groups)
    _check(values, groups)
    present = np.isfinite(values)
    if not present.any():
        return Interval(np.nan, np.nan, np.nan)
    index, draws = _draw_patients(groups[present], samples, seed)
    sums = np.bincount(index, values[present])
    counts = np.bincount(index)
    means = (draws @ sums) / (draws @ counts)
    return _interval(values[present].mean(), means, level)


def bootstrap_t(
    values: np.ndarray,
    groups: np.ndarray,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A média e o seu intervalo quando os pacientes são poucos: o *bootstrap* de Student.

    Com uma dúzia de pacientes, os quantis de `bootstrap` dão intervalos estreitos demais. Aqui cada
    sorteio mede também o seu próprio erro-padrão, e são os quantis da razão entre os dois que vão
    ao intervalo, que se inclina para o lado em que a amostra é mais comprida. Não serve a
    proporções: com todos os doze iguais, não tem largura.

    Parameters
    ----------
    values, groups, level, samples, seed
        Como em `bootstrap`.

    Returns
    -------
    Interval
        NaN se não há nenhum valor. Pode sair da faixa da medida, de tão larga a incerteza.

    Raises
    ------
    InputError
        Como em `bootstrap`.

    References
    ----------
    Efron e Tibshirani, An Introduction to the Bootstrap, 1993, capítulo 12.
    10.1201/9780429246593.

    Examples
    --------
    >>> bootstrap_t(np.array([1.0, 1.0, 1.0]), np.array(["a", "b", "c"]))
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    values, groups = np.asarray(values, float), np.asarray(groups)
    _check(values, groups)
    present = np.isfinite(values)
    if not present.any():
        return Interval(np.nan, np.nan, np.nan)
    index, draws = _draw_patients(groups[present], samples, seed)
    mean, counts = values[present].mean(), np.bincount(index)
    beyond = np.bincount(index, values[present] - mean)  # o que cada paciente passa da média

    def estimate(weights):
        """Quanto a média muda, e o seu erro-padrão; o que só depende de N some na razão."""
        moments = np.stack([counts, beyond, beyond**2, beyond * counts, counts**2], axis=1)
        total, first, second, mixed, squares = (weights @ moments).T
        shift = first / total
        spread = np.maximum(second - 2 * shift * mixed + shift**2 * squares, 0)
        return shift, np.sqrt(spread) / total

    (_,), (error,) = estimate(np.ones((1, len(counts))))
    shifts, errors = estimate(draws)
    kept = errors > 1e-6 * max(error, 1e-300)  # um sorteio só de pacientes iguais nada diz do erro
    if error <= 1e-12 * np.abs(values[present]).max() or not kept.any():
        return Interval(float(mean), float(mean), float(mean))
    ratios = shifts[kept] / errors[kept]
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(mean - high * error), float(mean - low * error))


def balanced_accuracy(
    right: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A média, entre as classes, da parte de cada uma que foi acertada, e o seu intervalo.

    Parameters
    ----------
    right : ndarray, bool or float (N,)
        Se cada imagem foi acertada; ou, para comparar, quanto a mais do que noutra medida.
    labels : ndarray (N,)
        A classe verdadeira.
    groups, level, samples, seed
        Como em `bootstrap`.

    Returns
    -------
    Interval
        Responder sempre o mesmo dá um sobre o número de classes, por mais comum que uma seja.

    Raises
    ------
    InputError
        Como `bootstrap`, ou se não há um rótulo por valor.

    Examples
    --------
    >>> right = np.array([True, True, True, False])
    >>> balanced_accuracy(right, np.array(list("aaab")), np.arange(4)).mean
    0.5
    """
    right, groups = np.asarray(right, float), np.asarray(groups)
    _check(right, groups)
    if len(labels) != len(right):
        raise InputError(f"Há {len(right)} acertos e {len(labels)} rótulos; um para cada um.")
    index, draws = _draw_patients(groups, samples, seed)
    classes, column = np.unique(labels, return_inverse=True)
    counts, hits = np.zeros((2, draws.shape[1], len(classes)))
    np.add.at(counts, (index, column), 1)
    np.add.at(hits, (index, column), right)
    with np.errstate(invalid="ignore"):  # um sorteio pode não ter nenhum paciente de uma classe
        means = np.nanmean((draws @ hits) / (draws @ counts), axis=1)
    return _interval((hits.sum(axis=0) / counts.sum(axis=0)).mean(), means, level)


def _check(values, groups):
    if values.ndim != 1 or groups.shape != values.shape:
        raise InputError(
            f"Há {values.shape} valores e {groups.shape} pacientes; deve haver um por valor."
        )
    if missing := int(pd.isna(groups).sum()):
        raise InputError(f"{missing} de {len(groups)} imagens não dizem de que paciente são.")


def _draw_patients(groups, samples, seed):
    """O paciente de cada valor, e quantas vezes cada um entra em cada sorteio."""
    patients, index = np.unique(groups, return_inverse=True)
    if len(patients) < 2:
        raise InputError(f"Só há o paciente {str(patients[0])!r}; um intervalo pede ao menos dois.")
    return index, _draws(len(patients), samples, seed)


@functools.lru_cache(maxsize=8)
def _draws(count, samples, seed):
    """Quantas vezes cada paciente entra em cada sorteio; os mesmos para provas do mesmo tamanho."""
    chances = np.full(count, 1 / count)
    draws = np.random.default_rng(seed).multinomial(count, chances, size=samples).astype(float)
    draws.setflags(write=False)
    return draws


def _interval(mean, means, level):
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high))


def wilson(successes: int, total: int, level: float = 0.95) -> Interval:
    """O intervalo de Wilson para uma proporção.

    Parameters
    ----------
    successes, total : int
    level : float

    Returns
    -------
    Interval

    Raises
    ------
    InputError
        Se o total não é positivo ou os acertos não cabem nele.

    References
    ----------
    Wilson, JASA 22 (1927). 10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> [round(x, 4) for x in wilson(73, 75)]
    [0.9733, 0.9079, 0.9927]
    """
    if not 0 <= successes <= total or total == 0:
        raise InputError(f"{successes} acertos em {total} não fazem uma proporção.")
    return _wilson(successes / total, total, level)


def wilson_by_image(right: np.ndarray, groups: np.ndarray, level: float = 0.95) -> Interval:
    """O intervalo de Wilson como se cada imagem fosse de um paciente diferente.

    Parameters
    ----------
    right : ndarray, bool (N,)
        Se cada imagem foi acertada.
    groups : ndarray (N,)
        O paciente de cada imagem, que aqui não conta.
    level : float

    Returns
    -------
    Interval

    Raises
    ------
    InputError
        Se as formas diferem, não há imagem, ou falta um paciente.

    Examples
    --------
    >>> alone = wilson_by_image(np.array([True] * 4), np.array(list("aabb")))
    >>> alone == wilson(4, 4)
    True
    """
    right, groups = _answers(right, groups)
    return _wilson(right.mean(), len(right), level)


def wilson_by_patient(right: np.ndarray, groups: np.ndarray, level: float = 0.95) -> Interval:
    """O intervalo de Wilson com o número de imagens que as imagens dos pacientes de fato valem.

    Duas imagens do mesmo paciente valem menos que duas de pacientes diferentes; quanto menos, diz a
    variância entre os pacientes. Não se fecha quando tudo está certo, e serve em grupos pequenos.

    Parameters
    ----------
    right : ndarray, bool (N,)
        Se cada imagem foi acertada.
    groups : ndarray (N,)
        O paciente de cada imagem.
    level : float

    Returns
    -------
    Interval
        Com uma imagem por paciente, o de `wilson`; se todas as imagens concordam, o de tantas
        provas quantos são os pacientes.

    Raises
    ------
    InputError
        Se as formas diferem, não há imagem, ou falta um paciente.

    References
    ----------
    O número efetivo de imagens: Korn e Graubard, Survey Methodology 24 (1998); com Wilson: Dean e
    Pagano, Journal of Survey Statistics and Methodology 3 (2015). 10.1093/jssam/smv024.

    Examples
    --------
    >>> [round(x, 4) for x in wilson_by_patient(np.array([True] * 4), np.array(list("aabb")))]
    [1.0, 0.3424, 1.0]
    """
    right, groups = _answers(right, groups)
    patients, index = np.unique(groups, return_inverse=True)
    share, count = right.mean(), len(patients)
    alone = share * (1 - share) / len(right)  # a variância, se cada imagem fosse uma prova
    worth = float(count)
    if alone > 0 and count > 1:
        together = (np.bincount(index, right - share) ** 2).sum() / len(right) ** 2
        worth = len(right) / max(together / alone, 1)
    return _wilson(share, worth, level)


def _answers(right, groups):
    """Os acertos e os pacientes como matrizes; ao menos uma imagem."""
    right, groups = np.asarray(right, float), np.asarray(groups)
    _check(right, groups)
    if not len(right):
        raise InputError("Não há imagem nenhuma; é precisa ao menos uma.")
    return right, groups


def _wilson(share, total, level):
    from scipy.stats import norm

    z = norm.ppf((1 + level) / 2)
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    low, high = max(centre - half, 0), min(centre + half, 1)
    # nos extremos o limite é exato; o arredondamento o deixaria um nada aquém dele
    return Interval(
        float(share), float(low) if share > 0 else 0.0, float(high) if share < 1 else 1.0
    )


# O intervalo que o livro usa para cada espécie de número; a página “Os nossos intervalos cobrem?”
# mede quantas vezes cada candidato contém a verdade, e é dela a escolha.
KINDS: Mapping[str, Callable[[np.ndarray, np.ndarray], Interval]] = MappingProxyType(
    {"proportion": wilson_by_patient, "mean": bootstrap_t, "ratio": bootstrap_t}
)


def interval(values: np.ndarray, groups: np.ndarray, kind: str = "mean") -> Interval:
    """A média de uma medida, com o intervalo de 95 % que o livro usa para a espécie dela.

    Parameters
    ----------
    values : ndarray, float (N,)
        Um número por imagem; NaN não entra.
    groups : ndarray (N,)
        O paciente de cada imagem.
    kind : str
        ``"proportion"``, de acertos e erros; ``"mean"``, de outra nota ou de uma diferença entre
        duas; ``"ratio"``, de um quociente, como a energia em múltiplos do acaso.

    Returns
    -------
    Interval
        NaN se não há nenhum valor.

    Raises
    ------
    InputError
        Se a espécie não existe, as formas diferem ou falta um paciente.

    Examples
    --------
    >>> round(interval(np.ones(4), np.arange(4), "proportion").low, 2)
    0.51
    """
    if kind not in KINDS:
        raise InputError(f"Não há a espécie {kind!r} de número; há {list(KINDS)}.")
    values, groups = np.asarray(values, float), np.asarray(groups)
    _check(values, groups)
    present = np.isfinite(values)
    if not present.any():
        return Interval(np.nan, np.nan, np.nan)
    return KINDS[kind](values[present], groups[present])
