"""O que uma divisão ao acaso esconde: o mesmo paciente, ou quase a mesma imagem, dos dois lados."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from covidcam.errors import InputError

FOLDS = 5
BY_CHANCE = 0.01  # a parte das imagens sem cópia que ainda assim passa por quase igual


def split_gap(
    features: np.ndarray,
    labels: np.ndarray,
    patients: np.ndarray,
    seeds: Iterable[int] = range(10),
) -> pd.DataFrame:
    """A mesma regressão logística, testada em divisões ao acaso e em divisões por paciente.

    Para cada semente, cinco pedaços de cada tipo, com as classes na mesma proporção; cada imagem é
    testada uma vez por semente em cada tipo, de modo que os dois se comparam imagem a imagem.

    Parameters
    ----------
    features : ndarray, float (N, F)
    labels, patients : ndarray (N,)
    seeds : iterable of int

    Returns
    -------
    DataFrame
        N linhas: random e by_patient, a parte das sementes em que a imagem foi acertada.

    Raises
    ------
    InputError
        Se as formas diferem, ou se uma classe tem menos de cinco pacientes.

    Examples
    --------
    >>> x = np.repeat([[0.0], [1.0]], 10, axis=0)
    >>> gap = split_gap(x, x[:, 0] > 0.5, np.arange(20), seeds=[0])
    >>> gap.mean().tolist()
    [1.0, 1.0]
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # vem com o scikit-learn

    labels, patients = np.asarray(labels), np.asarray(patients)
    if features.ndim != 2 or not len(features) == len(labels) == len(patients):
        raise InputError(
            f"Há {features.shape} características, {len(labels)} rótulos e {len(patients)}"
            " pacientes; deve haver uma linha, um rótulo e um paciente por imagem."
        )
    for label in np.unique(labels):
        count = len(np.unique(patients[labels == label]))
        if count < FOLDS:
            raise InputError(f"A classe {label} tem {count} pacientes; são precisos {FOLDS}.")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=300))
    right = {"random": [], "by_patient": []}
    with threadpool_limits(1):  # em contas tão pequenas os fios mais se esperam do que ajudam
        for seed in seeds:
            for name, splitter, groups in (
                ("random", StratifiedKFold(FOLDS, shuffle=True, random_state=seed), None),
                (
                    "by_patient",
                    StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed),
                    patients,
                ),
            ):
                said = cross_val_predict(classifier, features, labels, groups=groups, cv=splitter)
                right[name].append(said == labels)
    return pd.DataFrame({name: np.mean(rows, axis=0) for name, rows in right.items()})


def nearest(
    features: np.ndarray, patients: np.ndarray, train: Sequence[int], test: Sequence[int]
) -> pd.DataFrame:
    """Para cada imagem de teste, a mais parecida do treino, pelo cosseno das características.

    As características são centradas e postas na mesma escala. Quem procura entre muitas sempre acha
    uma bem parecida; por isso a vizinha de cada imagem de teste se compara com outras vizinhas: as
    de cada imagem do treino entre as dos outros pacientes, que cópias não são. “Quase igual” é mais
    parecida do que 99 em cada 100 destas.

    Parameters
    ----------
    features : ndarray, float (N, F)
    patients : ndarray (N,)
    train, test : sequence of int
        Linhas de cada lado.

    Returns
    -------
    DataFrame
        Uma linha por imagem de teste: test, train (as linhas do par), similarity (−1 a 1),
        same_patient e near_duplicate.

    Raises
    ------
    InputError
        Se o treino é de um só paciente: não há vizinhas de pacientes diferentes com que comparar.

    Examples
    --------
    >>> x = np.array([[0.0, 1], [0, 2], [3, 0], [0, 1.1]])
    >>> nearest(x, np.array(["a", "b", "c", "a"]), [0, 1, 2], [3])[["train", "same_patient"]]
       train  same_patient
    0      0          True
    """
    patients = np.unique(patients, return_inverse=True)[1]
    train, test = np.asarray(train), np.asarray(test)
    if len(np.unique(patients[train])) < 2:
        raise InputError("O treino é de um só paciente; são precisos ao menos dois.")
    spread = features.std(axis=0)
    z = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    similarity = z @ z.T
    same = patients[:, None] == patients
    others = np.where(same, -np.inf, similarity)[np.ix_(train, train)]
    limit = np.quantile(others.max(axis=1), 1 - BY_CHANCE)
    closest = train[similarity[np.ix_(test, train)].argmax(axis=1)]
    return pd.DataFrame(
        {
            "test": test,
            "train": closest,
            "similarity": similarity[test, closest],
            "same_patient": same[test, closest].astype(bool),
            "near_duplicate": similarity[test, closest] > limit,
        }
    )
