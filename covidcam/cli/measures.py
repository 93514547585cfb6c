"""O que ``treinar`` e ``avaliar`` dizem de uma rede: acertos, confusões, áreas e intervalos."""

from collections.abc import Sequence

import numpy as np

from covidcam.cli.say import show, tell

SAMPLES = 500  # sorteios do intervalo da área sob a curva


def report(
    classes: Sequence[str],
    truth: np.ndarray,
    probabilities: np.ndarray,
    patients: Sequence[str] | None,
    may_name: np.ndarray,
    note: str = "",
) -> None:
    """Mostra o que a rede acerta nas imagens de que ela pode dizer a classe.

    Parameters
    ----------
    classes : sequence of str
    truth : ndarray, int (N,)
    probabilities : ndarray, float (N, classes)
    patients : sequence of str (N,) or None
        None quando não se sabe de quem é cada imagem.
    may_name : ndarray, bool (N,)
        O que `covidcam.models.Notes.names_classes` responde.
    note : str
        O que se acrescenta à primeira frase.
    """
    from covidcam.batch import DISCLAIMER

    if silent := int((~may_name).sum()):
        tell(
            f"De {silent} das {len(may_name)} imagens não digo classe, acerto nem confusão: a rede"
            " viu radiografias sintéticas, e o que ela diria de um filme real não vale nada."
        )
    if may_name.any():
        groups = np.arange(len(truth)) if patients is None else np.asarray(patients, str)
        truth, probabilities, groups = truth[may_name], probabilities[may_name], groups[may_name]
        said = probabilities.argmax(axis=1)
        tell(f"A rede {accuracy(int((said == truth).sum()), len(truth))}{note}")
        if patients is not None:
            tell(f"São {len(set(groups))} pacientes.")
        _confusion(classes, truth, said)
        _by_class(classes, truth, said, probabilities, groups)
    tell(DISCLAIMER)


def accuracy(right: int, total: int) -> str:
    """A acurácia em palavras, com o seu intervalo.

    Parameters
    ----------
    right, total : int

    Returns
    -------
    str

    Examples
    --------
    >>> accuracy(9, 10)
    'acertou 9 de 10 imagens de teste: 90 %, com intervalo de 95 % de 60 % a 98 %.'
    """
    from covidcam.evaluation import wilson
    from covidcam.figures.text import percent

    value, low, high = wilson(right, total)
    return (
        f"acertou {right} de {total} imagens de teste: {percent(value)}, com intervalo de 95 % de"
        f" {percent(low)} a {percent(high)}."
    )


def confusion(count: int, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Quantas imagens de cada classe a rede pôs em cada classe.

    Parameters
    ----------
    count : int
        Quantas classes há.
    truth, said : ndarray, int (N,)

    Returns
    -------
    ndarray, int (count, count)
        A classe verdadeira nas linhas.

    Examples
    --------
    >>> confusion(2, np.array([0, 0, 1]), np.array([0, 1, 1])).tolist()
    [[1, 1], [0, 1]]
    """
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, said), 1)
    return table


def area(
    is_class: np.ndarray, score: np.ndarray, groups: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """A área sob a curva ROC e o seu intervalo de 95 %, sorteando grupos inteiros.

    Parameters
    ----------
    is_class : ndarray, bool (N,)
    score : ndarray, float (N,)
    groups : ndarray (N,)
        De quem é cada imagem.
    seed : int

    Returns
    -------
    mean, low, high : float
        NaN quando só há imagens da classe, ou nenhuma.

    Examples
    --------
    >>> area(np.array([False, True]), np.array([0.2, 0.9]), np.arange(2))[0]
    1.0
    """
    from sklearn.metrics import roc_auc_score

    if is_class.all() or not is_class.any():
        return np.nan, np.nan, np.nan
    names, index = np.unique(groups, return_inverse=True)
    chances = np.full(len(names), 1 / len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), chances, size=SAMPLES)
    areas = [
        roc_auc_score(is_class[weights > 0], score[weights > 0], sample_weight=weights[weights > 0])
        for weights in draws[:, index]
        if len(set(is_class[weights > 0])) == 2
    ]
    low, high = np.quantile(areas, [0.025, 0.975]) if areas else (np.nan, np.nan)
    return float(roc_auc_score(is_class, score)), float(low), float(high)


def _confusion(classes, truth, said):
    rows = [
        [label, *counts]
        for label, counts in zip(classes, confusion(len(classes), truth, said), strict=True)
    ]
    show("o que era, nas linhas, e o que a rede disse", ["era", *classes], rows)


def _by_class(classes, truth, said, probabilities, groups):
    from covidcam.figures.text import between, number

    rows = []
    for k, label in enumerate(classes):
        is_class, chosen = truth == k, said == k
        both = int((is_class & chosen).sum())
        found = area(is_class, probabilities[:, k], groups)
        rows.append(
            [
                label,
                int(is_class.sum()),
                _share(both, int(is_class.sum())),
                _share(both, int(chosen.sum())),
                between(*found, number) if np.isfinite(found[0]) else "—",
            ]
        )
    columns = ["classe", "imagens", "achadas (sensibilidade)", "certas (precisão)", "área ROC"]
    show("por classe, com intervalos de 95 %", columns, rows)


def _share(part, whole):
    from covidcam.evaluation import wilson
    from covidcam.figures.text import between

    return between(*wilson(part, whole)) if whole else "—"
