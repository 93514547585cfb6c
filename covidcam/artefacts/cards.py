"""O que as fichas dizem: as tabelas dos dados e da rede, tiradas do catálogo e da execução."""

from pathlib import Path

import numpy as np
import pandas as pd

from covidcam import datasets, evaluation
from covidcam.artefacts.data import arrays, raw_data
from covidcam.artefacts.trained import Trained
from covidcam.settings import Settings

UNKNOWN = "não informado"
AGES = ([0, 18, 40, 60, 80, np.inf], ["0 a 17", "18 a 39", "40 a 59", "60 a 79", "80 ou mais"])


def people(settings: Settings) -> pd.DataFrame:
    """As imagens do livro com o que se sabe de cada paciente.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        As linhas dos arrays do Modelo 2 e mais: sex, age (a faixa), com «não informado» onde o
        acervo não diz.
    """
    rows = arrays(settings).rows
    table = raw_data(settings) / "covid-chestxray-dataset" / "metadata.csv"
    if not table.is_file():
        return rows.assign(sex=UNKNOWN, age=UNKNOWN)
    known = pd.read_csv(table, dtype=str).drop_duplicates("filename").set_index("filename")
    file = rows["path"].map(lambda path: Path(path).name).where(rows["source"] == "cohen")
    age = pd.to_numeric(file.map(known["age"]), errors="coerce")
    return rows.assign(
        sex=file.map(known["sex"]).astype(object).fillna(UNKNOWN),
        age=pd.cut(age, AGES[0], right=False, labels=AGES[1]).astype(object).fillna(UNKNOWN),
    )


def count(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Quantas imagens e pacientes há de cada valor de uma coluna, por classe.

    Parameters
    ----------
    rows : DataFrame
        O que `people` devolve.
    by : str
        ``"source"``, ``"view"``, ``"sex"``, ``"age"``, ``"licence"`` …

    Returns
    -------
    DataFrame
        Um valor por linha: imagens de cada classe, e no fim pacientes.
    """
    values = rows[by].astype(object).fillna(UNKNOWN).replace("", UNKNOWN).rename("")
    table = pd.crosstab(values, rows["label"])
    table.columns.name = None
    return table.assign(pacientes=rows.groupby(values)["patient"].nunique())


def by_group(settings: Settings, trained: Trained) -> pd.DataFrame:
    """A acurácia no teste de cada grupo de pacientes, com o intervalo de Wilson.

    Parameters
    ----------
    settings : Settings
    trained : Trained
        Uma rede das três classes.

    Returns
    -------
    DataFrame
        Uma linha por grupo (classe, acervo, incidência, modo, sexo, idade): imagens, acurácia,
        de, a.
    """
    rows = people(settings).iloc[trained.test].reset_index(drop=True)
    names = {
        "label": "classe",
        "source": "acervo",
        "view": "incidência",
        "look": "modo",
        "sex": "sexo",
        "age": "idade",
    }
    records = {}
    for column, name in names.items():
        for value, index in rows.groupby(column).indices.items():
            interval = evaluation.wilson(int(trained.right[index].sum()), len(index))
            records[name, value] = (len(index), *interval)
    columns = ["imagens", "acurácia", "de", "a"]
    index = pd.MultiIndex.from_tuples(records)
    return pd.DataFrame(list(records.values()), index, columns)


def left_out(settings: Settings) -> pd.DataFrame:
    """O que os acervos têm e o livro não usa, por motivo.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
    """
    return datasets.left_out(datasets.survey(raw_data(settings))).to_frame()
