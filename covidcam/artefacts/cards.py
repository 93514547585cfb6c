"""O que as fichas dizem: as tabelas dos dados e da rede, tiradas do catálogo e da execução."""

import inspect
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam import datasets, evaluation, models
from covidcam.artefacts.data import arrays, raw_data
from covidcam.artefacts.trained import Trained
from covidcam.figures.text import listing, thousands
from covidcam.settings import Settings

if TYPE_CHECKING:
    import keras

UNKNOWN = "não informado"
AGES = ([0, 18, 40, 60, 80, np.inf], ["0 a 17", "18 a 39", "40 a 59", "60 a 79", "80 ou mais"])
VIEWS = {"AP Supine": "AP, deitado", "AP Erect": "AP, em pé"}
SEXES = {"F": "feminino", "M": "masculino"}
HEADS = {
    "pooled": "média global e uma camada densa",
    "2020-modelo-1": "a de 2020, com um neurônio na saída",
    "2020-modelo-2": "a de 2020, com um neurônio por classe",
}
LAYERS = {
    "BatchNormalization": "normalização",
    "Conv2D": "convolução",
    "Dense": "densa",
    "SeparableConv2D": "convolução separável",
}


def people(settings: Settings) -> pd.DataFrame:
    """As imagens do livro com o que se sabe de cada paciente.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        As linhas dos arrays do Modelo 2, com a incidência (view) e o sexo (sex) em português e a
        idade (age) em faixas; “não informado” onde o acervo não diz.
    """
    rows = arrays(settings).rows
    ages = pd.cut(rows["age"], AGES[0], right=False, labels=AGES[1])
    return rows.assign(
        view=rows["view"].replace(VIEWS),
        sex=rows["sex"].map(SEXES).astype(object).fillna(UNKNOWN),
        age=ages.astype(object).fillna(UNKNOWN),
    )


def count(rows: pd.DataFrame, by: str, across: str = "label") -> pd.DataFrame:
    """Quantas imagens e pacientes há de cada valor de uma coluna, por classe ou por outra coluna.

    Parameters
    ----------
    rows : DataFrame
        O que `people` devolve.
    by : str
        ``"source"``, ``"view"``, ``"sex"``, ``"age"``, ``"licence"`` …
    across : str
        A coluna cujos valores são as colunas da tabela.

    Returns
    -------
    DataFrame
        Um valor por linha: imagens de cada classe, e no fim pacientes.
    """
    values = rows[by].astype(object).fillna(UNKNOWN).replace("", UNKNOWN).rename("")
    table = pd.crosstab(values, rows[across])
    table.columns = list(table.columns)
    return table.assign(pacientes=rows.groupby(values)["patient"].nunique())


def by_group(settings: Settings, trained: Trained) -> pd.DataFrame:
    """A acurácia no teste de cada grupo, com o intervalo de 95 % por paciente.

    Parameters
    ----------
    settings : Settings
    trained : Trained
        Uma rede das três classes.

    Returns
    -------
    DataFrame
        Uma linha por grupo (classe, acervo, incidência, modo, sexo, idade): imagens, pacientes,
        acurácia, de, a (`covidcam.evaluation.interval`).
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
            people_here = trained.patients[index]
            interval = evaluation.interval(trained.right[index], people_here, "proportion")
            records[name, value] = (len(index), len(set(people_here)), *interval)
    columns = ["imagens", "pacientes", "acurácia", "de", "a"]
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


def annotated(notes: models.Notes) -> pd.DataFrame:
    """O que está anotado numa rede, para ler.

    Parameters
    ----------
    notes : covidcam.models.Notes

    Returns
    -------
    DataFrame of str
        Uma linha por anotação.
    """
    told = {
        "rede": notes.name,
        "classes, na ordem das saídas": listing(list(notes.classes)),
        "altura, largura e canais da entrada": " × ".join(map(str, notes.input_shape)),
        "valores de um pixel": f"de {notes.range[0]} a {notes.range[1]}",
        "imagens do treino": {"fantoma": "fantomas", "real": "radiografias reais"}[notes.source],
    } | {f"versão de {name}": version for name, version in notes.versions.items()}
    return pd.Series(told).to_frame("anotado")


def recipe(trained: Trained, model: str = "modelo-2") -> pd.Series:
    """Como uma rede foi treinada, tirado dela e da sua receita.

    Parameters
    ----------
    trained : Trained
    model : str
        ``"modelo-1"`` ou ``"modelo-2"``.

    Returns
    -------
    Series of str
        Em português, com o nome de cada item no índice.
    """
    architecture = models.ARCHITECTURES[trained.name]
    options = {
        name: each.default for name, each in inspect.signature(models.train).parameters.items()
    } | dict(trained.recipe)
    frozen, learnt = models.cut(trained.model)
    price = options["sparsity"]
    return pd.Series(
        {
            "cabeça": HEADS[architecture.head(model)],
            "camadas com pesos": str(len(layers(trained.model))),
            "parâmetros, parte congelada": thousands(frozen.count_params()),
            "parâmetros, parte treinada": thousands(learnt.count_params()),
            "perda": "entropia cruzada",
            "otimizador": "Adam",
            "passo": f"{_plain(options['learning_rate'])}, que cai em cosseno até zero",
            "imagens por lote": str(options["batch_size"]),
            "épocas": str(len(trained.history)),
            "as imagens variam no treino": "sim" if options["augment"] else "não",
            "penalidade L1 no último mapa": _plain(price) if price else "não",
            "semente": str(options["seed"]),
        },
        name=trained.name,
    )


def layers(model: "keras.Model") -> pd.DataFrame:
    """As camadas de uma rede que têm pesos, na ordem.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    DataFrame of str
        O nome de cada camada no índice: tipo, saída (o tamanho do que ela devolve) e parâmetros.
    """
    found = [layer for layer in model.layers if layer.count_params()]
    return pd.DataFrame(
        {
            "tipo": [_kind(each) for each in found],
            "saída": [" × ".join(map(str, each.output.shape[1:])) for each in found],
            "parâmetros": [thousands(each.count_params()) for each in found],
        },
        index=[each.name for each in found],
    )


def _kind(layer):
    name = LAYERS.get(type(layer).__name__, type(layer).__name__)
    return f"{name} {' × '.join(map(str, getattr(layer, 'kernel_size', ())))}".strip()


def _plain(value):
    return np.format_float_positional(value, trim="-").replace(".", ",")
