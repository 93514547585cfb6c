"""Dividir as imagens em treino e teste: por paciente (o certo) e como em 2020 (ao acaso)."""

import numpy as np
import pandas as pd

from covidcam.errors import DataError


def split_by_patient(
    rows: pd.DataFrame, folds: int = 5, seed: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """Separa um de ``folds`` pedaços para teste, sem que um paciente fique dos dois lados.

    Parameters
    ----------
    rows : DataFrame
        Com as colunas label e patient; se há patient_from, os erros só falam de pacientes quando
        se sabe de todos.
    folds : int
        O teste é cerca de 1/folds das imagens, com as classes na mesma proporção.
    seed : int

    Returns
    -------
    train, test : ndarray of int
        Posições das linhas.

    Raises
    ------
    DataError
        Se não há como ter cada classe dos dois lados (uma só tem um paciente, por exemplo).

    Examples
    --------
    >>> rows = pd.DataFrame({"label": list("aabb") * 5, "patient": range(20)})
    >>> train, test = split_by_patient(rows)
    >>> len(train), len(test)
    (16, 4)
    """
    known = "patient_from" not in rows or rows["patient_from"].astype(bool).all()
    one, many, other = (
        ("paciente", "pacientes", "diferentes") if known else ("imagem", "imagens", "próprias")
    )
    patients = rows.groupby("label")["patient"].nunique()
    for label, count in patients.items():
        if count < 2:
            raise DataError(
                f"A classe {label} tem {count} {one}; são precisos ao menos 2 para que treino"
                f" e teste tenham {many} {other}."
            )
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(folds, int(patients.min()))
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    labels = rows["label"]
    for train, test in splitter.split(rows, labels, rows["patient"]):
        if set(labels.iloc[train]) == set(labels.iloc[test]) == set(labels):
            return train, test
    raise DataError(
        f"Com {rows['patient'].nunique()} {many} para as classes {list(patients.index)}, nenhuma"
        f" divisão por {one} deixa cada classe no treino e no teste."
    )


def split_2020(count: int) -> tuple[np.ndarray, np.ndarray]:
    """A divisão dos tutoriais de 2020: ao acaso por imagem, 20 % para teste, semente 40.

    Nem estratificada nem por paciente; está aqui para reproduzir aqueles números e medir o que
    ela esconde.

    Parameters
    ----------
    count : int
        Número de imagens.

    Returns
    -------
    train, test : ndarray of int
        Posições das linhas, na ordem em que o scikit-learn as sorteia.

    Examples
    --------
    >>> train, test = split_2020(375)
    >>> len(train), len(test)
    (300, 75)
    """
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(count), test_size=0.2, random_state=40)
    return train, test


def three_parts(rows: pd.DataFrame, seed: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Treino, validação e teste, sem que um paciente esteja em dois.

    Parameters
    ----------
    rows : DataFrame
        Uma linha por imagem, com as colunas label e patient.
    seed : int
        Do sorteio.

    Returns
    -------
    train, validation, test : ndarray of int
        Um quinto das imagens vai ao teste e um décimo do resto à validação, ou perto disso.
    """
    rest, test = split_by_patient(rows, seed=seed)
    inner, held = split_by_patient(rows.iloc[rest], folds=10, seed=seed)
    return rest[inner], rest[held], test


def select(
    catalog: pd.DataFrame, counts: dict[tuple[str, str], int], seed: int = 2020
) -> pd.DataFrame:
    """Sorteia imagens de cada par (acervo, classe), como o tutorial de 2020 escolheu as suas.

    Parameters
    ----------
    catalog : DataFrame
        Com as colunas source e label.
    counts : dict
        Quantas imagens de cada ``(source, label)``; onde há menos, entram todas.
    seed : int

    Returns
    -------
    DataFrame
        As linhas sorteadas, classe a classe, na ordem do catálogo.

    Raises
    ------
    DataError
        Se um par não tem imagem nenhuma.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for (source, label), count in counts.items():
        part = catalog[(catalog["source"] == source) & (catalog["label"] == label)]
        if part.empty:
            raise DataError(
                f"O catálogo não tem imagens de {label} do acervo {source}; tem:"
                f" {sorted(set(zip(catalog['source'], catalog['label'], strict=True)))}."
            )
        chosen = generator.permutation(len(part))[:count]
        parts.append(part.iloc[np.sort(chosen)])
    return pd.concat(parts, ignore_index=True)
