"""Figuras de mérito de um classificador: o que ele separa e quanto vale a probabilidade que dá."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from covidcam.errors import InputError
from covidcam.evaluation.intervals import Interval, interval, wilson

BINS = 10
TINY = 1e-300  # o logaritmo de zero não existe
DRAWS = 1000  # sorteios do que uma rede de probabilidades exatas acertaria


class OneVsRest(NamedTuple):
    """Uma classe contra as outras, para todos os limiares que se queira.

    Attributes
    ----------
    false_positive_rate : ndarray (T,)
        A curva ROC, num eixo.
    sensitivity : ndarray (T,)
        A curva ROC, no outro.
    auc : float
        A área sob ela; 0,5 é o acaso.
    recall : ndarray (P,)
        A curva de precisão e revocação, num eixo.
    precision : ndarray (P,)
        A curva de precisão e revocação, no outro.
    average_precision : float
        A área sob ela; `prevalence` é o acaso.
    prevalence : float
        A parte das imagens que é da classe.
    """

    false_positive_rate: np.ndarray
    sensitivity: np.ndarray
    auc: float
    recall: np.ndarray
    precision: np.ndarray
    average_precision: float
    prevalence: float


def accuracy(truth: np.ndarray, probabilities: np.ndarray, patients: np.ndarray) -> pd.Series:
    """A acurácia e os seus dois intervalos de 95 %.

    O de Wilson trata cada imagem como independente; o que conta pacientes, o das proporções em
    `covidcam.evaluation.KINDS`, não, e por isso costuma ser mais largo.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)
    patients : ndarray (N,)

    Returns
    -------
    Series
        images, patients, right, accuracy, wilson_low, wilson_high, patients_low, patients_high.

    Examples
    --------
    >>> said = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> accuracy(np.array([0, 1, 1]), said, np.array(["a", "b", "c"]))["accuracy"].round(2)
    np.float64(0.67)
    """
    truth, probabilities = _checked(truth, probabilities)
    right = probabilities.argmax(axis=1) == truth
    alone = wilson(int(right.sum()), len(right))
    grouped = interval(right, patients, "proportion")
    return pd.Series(
        {
            "images": len(right),
            "patients": len(np.unique(patients)),
            "right": int(right.sum()),
            "accuracy": alone.mean,
            "wilson_low": alone.low,
            "wilson_high": alone.high,
            "patients_low": grouped.low,
            "patients_high": grouped.high,
        }
    )


def one_vs_rest(truth: np.ndarray, probabilities: np.ndarray) -> list[OneVsRest]:
    """As curvas ROC e de precisão e revocação de cada classe contra as outras.

    Parameters
    ----------
    truth : ndarray, int (N,)
        Cada classe aparece, e nenhuma é a única.
    probabilities : ndarray, float (N, classes)

    Returns
    -------
    list of OneVsRest
        Uma por classe, na ordem das colunas.

    Raises
    ------
    InputError
        Se uma classe não aparece em ``truth``: as suas curvas não existem.

    References
    ----------
    Fawcett, Pattern Recognition Letters 27 (2006). 10.1016/j.patrec.2005.10.010.
    Saito e Rehmsmeier, PLoS ONE 10 (2015). 10.1371/journal.pone.0118432.

    Examples
    --------
    >>> said = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> [float(curve.auc) for curve in one_vs_rest(np.array([0, 1, 1]), said)]
    [1.0, 1.0]
    """
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    truth, probabilities = _checked(truth, probabilities)
    counts = np.bincount(truth, minlength=probabilities.shape[1])
    if not counts.all():
        raise InputError(
            f"As classes têm {counts.tolist()} imagens; para as curvas, cada uma precisa de ao"
            " menos uma."
        )
    curves = []
    for label, score in enumerate(probabilities.T):
        is_label = truth == label
        false_positive_rate, sensitivity, _ = roc_curve(is_label, score)
        precision, recall, _ = precision_recall_curve(is_label, score)
        curves.append(
            OneVsRest(
                false_positive_rate,
                sensitivity,
                roc_auc_score(is_label, score),
                recall,
                precision,
                average_precision_score(is_label, score),
                is_label.mean(),
            )
        )
    return curves


def reliability(
    truth: np.ndarray, probabilities: np.ndarray, bins: int = BINS, seed: int = 0
) -> pd.DataFrame:
    """Das vezes em que a rede disse “80 %”, em quantas acertou?

    As imagens são repartidas pela probabilidade da classe escolhida, em faixas de igual largura.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)
    bins : int
    seed : int
        Dos sorteios que dizem quanto uma faixa se afasta por acaso.

    Returns
    -------
    DataFrame
        Uma linha por faixa que tem imagens: low, high, images, confidence (a probabilidade média),
        accuracy (a parte certa), noise_low e noise_high (onde cairia, em 95 % dos sorteios, a parte
        certa de uma rede de probabilidades exatas).

    References
    ----------
    Guo, Pleiss, Sun e Weinberger, ICML 2017. arXiv:1706.04599.

    Examples
    --------
    >>> said = np.array([[0.9, 0.1], [0.85, 0.15], [0.4, 0.6]])
    >>> reliability(np.array([0, 1, 1]), said)["accuracy"].tolist()
    [1.0, 0.5]
    """
    truth, probabilities = _checked(truth, probabilities)
    confidence = probabilities.max(axis=1)
    edges, place = _bins(confidence, bins)
    table = pd.DataFrame(
        {
            "low": edges[place],
            "high": edges[place + 1],
            "images": 1,
            "confidence": confidence,
            "accuracy": probabilities.argmax(axis=1) == truth,
        }
    )
    table = table.groupby(["low", "high"], as_index=False).agg(
        images=("images", "size"),
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
    )
    sums = _drawn(confidence, seed) @ np.eye(bins)[place]
    shares = sums[:, np.unique(place)] / table["images"].to_numpy()
    table[["noise_low", "noise_high"]] = np.quantile(shares, [0.025, 0.975], axis=0).T
    return table


def calibration_error(truth: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """O erro de calibração esperado (ECE): a distância média entre o que se diz e o que se acerta.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)
    bins : int
        Como em `reliability`.

    Returns
    -------
    float
        De 0 a 1; 0 é o melhor. Com poucas imagens nem uma rede perfeitamente calibrada tem 0: veja
        `calibration_noise`.

    References
    ----------
    Guo, Pleiss, Sun e Weinberger, ICML 2017. arXiv:1706.04599.

    Examples
    --------
    >>> float(calibration_error(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]])))
    0.5
    """
    table = reliability(truth, probabilities, bins)
    gaps = (table["confidence"] - table["accuracy"]).abs()
    return float(np.average(gaps, weights=table["images"]))


def calibration_noise(probabilities: np.ndarray, bins: int = BINS, seed: int = 0) -> Interval:
    """O erro de calibração que uma rede perfeitamente calibrada teria nestas mesmas imagens.

    Sorteia a verdade de cada imagem com as probabilidades que a rede deu e mede o ECE outra vez.

    Parameters
    ----------
    probabilities : ndarray, float (N, classes)
    bins : int
    seed : int

    Returns
    -------
    Interval
        A média e onde caem 95 % dos sorteios.

    Examples
    --------
    >>> calibration_noise(np.array([[1.0, 0.0]] * 9))
    Interval(mean=0.0, low=0.0, high=0.0)
    """
    _, probabilities = _checked(np.zeros(len(probabilities), int), probabilities)
    confidence = probabilities.max(axis=1)
    _, place = _bins(confidence, bins)
    excess = confidence - _drawn(confidence, seed)
    sums = excess @ np.eye(bins)[place]  # o excesso de confiança somado em cada faixa
    errors = np.abs(sums).sum(axis=1) / len(confidence)
    low, high = np.quantile(errors, [0.025, 0.975])
    return Interval(float(errors.mean()), float(low), float(high))


def losses(truth: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Duas perdas que só as probabilidades exatas minimizam, imagem a imagem.

    O ECE olha só a classe escolhida e depende das faixas; estas olham o que se deu a cada classe, e
    é por elas que se diz se uma temperatura melhora a rede.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)

    Returns
    -------
    DataFrame
        N linhas: nll, menos o logaritmo da probabilidade dada à classe certa; brier, a soma dos
        quadrados do que falta ou sobra a cada classe, de 0 a 2.

    References
    ----------
    Gneiting e Raftery, JASA 102 (2007). 10.1198/016214506000001437.

    Examples
    --------
    >>> losses(np.array([0]), np.array([[0.8, 0.2]])).round(3).iloc[0].tolist()
    [0.223, 0.08]
    """
    truth, probabilities = _checked(truth, probabilities)
    right = np.eye(probabilities.shape[1])[truth]
    given = (probabilities * right).sum(axis=1)
    missed = ((probabilities - right) ** 2).sum(axis=1)
    return pd.DataFrame({"nll": -np.log(np.maximum(given, TINY)), "brier": missed})


def calibration(truth: np.ndarray, probabilities: np.ndarray) -> pd.Series:
    """Quanto valem as probabilidades de uma rede, com o que o acaso faria ao lado.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)

    Returns
    -------
    Series
        nll e brier (as médias de `losses`), ece (`calibration_error`), noise e noise_high (a média
        e o limite de cima de `calibration_noise` destas mesmas probabilidades).

    Examples
    --------
    >>> calibration(np.array([0, 1]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    noise = calibration_noise(probabilities)
    found = losses(truth, probabilities).mean() + 0.0  # menos zero seria estranho de ler
    error = calibration_error(truth, probabilities)
    return pd.Series({**found, "ece": error, "noise": noise.mean, "noise_high": noise.high})


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray, patients: np.ndarray) -> float:
    """A temperatura que melhor calibra uma rede, ajustada nos pacientes de validação.

    Cada paciente pesa o mesmo, por mais imagens que tenha. Antes de ver a validação supõe-se que o
    logaritmo da temperatura é uma gaussiana de média 0 e desvio 1, o que pesa tanto como um
    paciente: sem isso, numa validação pequena e toda certa, a melhor temperatura seria zero, a da
    certeza absoluta.

    Parameters
    ----------
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)
    patients : ndarray (N,)

    Returns
    -------
    float
        Acima de 1 quando a rede tem certeza demais; entre 0,05 e 20.

    Raises
    ------
    InputError
        Se não há um paciente por imagem.

    References
    ----------
    Guo, Pleiss, Sun e Weinberger, ICML 2017. arXiv:1706.04599.

    Examples
    --------
    >>> sure = np.array([[0.99, 0.01]] * 4)
    >>> fit_temperature(np.array([0, 0, 0, 1]), sure, np.arange(4)) > 1
    True
    """
    from scipy.optimize import minimize_scalar

    truth, probabilities = _checked(truth, probabilities)
    if len(patients) != len(truth):
        raise InputError(f"Há {len(truth)} imagens e {len(patients)} pacientes; um para cada uma.")
    _, index, counts = np.unique(patients, return_inverse=True, return_counts=True)
    weights = 1 / counts[index]

    def loss(log_temperature):
        tempered = temper(probabilities, np.exp(log_temperature))
        return weights @ losses(truth, tempered)["nll"] + log_temperature**2 / 2

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(20), np.log(20))).x))


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide os *logits* pela temperatura: a classe escolhida não muda, a certeza sim.

    Parameters
    ----------
    probabilities : ndarray, float (N, classes)
    temperature : float
        Positiva; 1 não muda nada.

    Returns
    -------
    ndarray, float (N, classes)

    Raises
    ------
    InputError
        Se a temperatura não é positiva.

    Examples
    --------
    >>> temper(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    if not temperature > 0:
        raise InputError(f"A temperatura é {temperature}; deve ser positiva.")
    from scipy.special import softmax

    floor = np.finfo(np.float32).tiny
    logits = np.log(np.maximum(np.asarray(probabilities, float), floor))
    return softmax(logits / temperature, axis=1)


def _drawn(confidence, seed):
    """Os acertos que se sorteiam quando cada probabilidade é exata: bool (DRAWS, N)."""
    return np.random.default_rng(seed).random((DRAWS, len(confidence))) < confidence


def _bins(confidence, bins):
    """Os limites das faixas e a faixa de cada imagem; o limite de cima pertence à faixa."""
    edges = np.linspace(0, 1, bins + 1)
    return edges, np.digitize(confidence, edges[1:-1], right=True)


def _checked(truth, probabilities):
    truth, probabilities = np.asarray(truth), np.asarray(probabilities, float)
    if probabilities.ndim != 2 or truth.shape != probabilities.shape[:1] or not len(truth):
        raise InputError(
            f"Há {truth.shape} classes verdadeiras e {probabilities.shape} probabilidades; deve"
            " haver uma linha de probabilidades para cada imagem, e ao menos uma imagem."
        )
    if not (np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) and probabilities.min() >= 0):
        raise InputError("As probabilidades de cada imagem devem ser positivas e somar 1.")
    if not set(np.unique(truth)) <= set(range(probabilities.shape[1])):
        raise InputError(
            f"As classes verdadeiras vão de {truth.min()} a {truth.max()}; com"
            f" {probabilities.shape[1]} colunas, devem ir de 0 a {probabilities.shape[1] - 1}."
        )
    return truth, probabilities
