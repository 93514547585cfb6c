"""As três famílias lado a lado, e o que a divisão ao acaso esconde."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from covidcam import datasets, evaluation, models, store
from covidcam.artefacts.data import arrays
from covidcam.artefacts.features import frozen_features
from covidcam.artefacts.networks import SPLIT_SEED, choose, missing_weights, trained
from covidcam.artefacts.trained import Trained
from covidcam.figures.text import number, percent
from covidcam.settings import Settings

SEEDS = 10


@dataclass(frozen=True)
class Families:
    """As redes que se comparam e as que ficaram de fora.

    Attributes
    ----------
    trained : dict of str to Trained
        Nome e rede, todas com a mesma divisão.
    missing : dict of str to str
        Nome e arquivo de pesos que faltou.
    """

    trained: dict[str, Trained]
    missing: dict[str, str]


def families(settings: Settings, recipes: Mapping[str, Mapping] | None = None) -> Families:
    """O Modelo 2 com cada família que a fonte permite.

    Nos fantomas, as minis; nas radiografias reais, as congeladas cujos pesos existem — e, se não
    existe nenhum, as minis.

    Parameters
    ----------
    settings : Settings
    recipes : mapping of str to mapping, optional
        A receita das redes que não se treinam com a do livro, pelo nome delas.

    Returns
    -------
    Families
    """
    recipes = recipes or {}
    minis, full = (
        [name for name, each in models.ARCHITECTURES.items() if each.frozen == frozen]
        for frozen in (False, True)
    )
    full = full if settings.source == "real" else []
    missing = {name: file for name in full if (file := missing_weights(settings, name))}
    names = [name for name in full if name not in missing] or minis
    found = {name: trained(settings, name, recipe=recipes.get(name)) for name in names}
    return Families(found, missing)


def pairs(found: Families) -> pd.DataFrame:
    """A diferença de acurácia entre cada par de redes, imagem a imagem.

    Com poucas discordâncias o intervalo de um sorteio de pacientes não é de fiar; por isso o que
    decide é a chance de discordâncias assim, vezes o número de pares que se olham.

    Parameters
    ----------
    found : Families

    Returns
    -------
    DataFrame
        Uma linha por par: first, second, mean (o que a primeira acerta a mais), low e high (o
        intervalo de 95 %, por paciente), only_first e only_second (as imagens que só uma
        acerta), chance (a de `covidcam.evaluation.sign_flip`, vezes o número de pares, até 1).
    """
    records = []
    for (one, first), (other, second) in itertools.combinations(found.trained.items(), 2):
        gained = first.right - 1.0 * second.right
        record = {"first": one, "second": other}
        record |= evaluation.interval(gained, first.patients)._asdict()
        record |= {"only_first": (gained > 0).sum(), "only_second": (gained < 0).sum()}
        records.append({**record, "chance": evaluation.sign_flip(gained, first.patients)})
    columns = ["first", "second", *evaluation.Interval._fields, "only_first", "only_second"]
    table = pd.DataFrame(records, columns=[*columns, "chance"])
    return table.assign(chance=np.minimum(table["chance"].astype(float) * len(table), 1))


def plain_features(settings: Settings) -> tuple[np.ndarray, str]:
    """Características que nenhuma imagem do livro ensinou, para comparar divisões.

    Uma rede treinada numa parte das imagens já teria visto parte do teste de outra divisão. A
    congelada só viu a ImageNet; sem ela, ficam os cinzas da imagem reduzida a 16 × 16.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    features : ndarray, float32 (N, F)
    description : str
        O que são, em português.
    """
    data, name = arrays(settings), choose(settings)
    architecture = models.ARCHITECTURES[name]
    if not architecture.frozen:
        size = {"dsize": (16, 16), "interpolation": cv2.INTER_AREA}
        pixels = np.array([cv2.resize(image[..., 0], **size).ravel() for image in data.X])
        return pixels.astype("float32"), "os 256 cinzas da imagem reduzida a 16 × 16, sem rede"
    features = frozen_features(settings, name, architecture.head("modelo-2"), data.X)
    pooled = features.reshape(len(features), -1, architecture.channels).mean(axis=1)
    return pooled, f"as {architecture.channels} características médias da {name} congelada"


def split_comparison(settings: Settings) -> pd.DataFrame:
    """As divisões ao acaso e por paciente, com as mesmas características e várias sementes.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    DataFrame
        O que `covidcam.evaluation.split_gap` devolve, e o paciente de cada imagem.
    """
    data = arrays(settings)
    features, _ = plain_features(settings)

    def make(target: Path) -> None:
        gap = evaluation.split_gap(features, data.labels, data.patients, range(SEEDS))
        gap.to_csv(target / "gap.csv", index=False)

    parameters = {"arrays": data.key, "features": store.content(features), "seeds": SEEDS}
    code = ["datasets", "evaluation/intervals", "evaluation/leakage"]
    target = store.keep(settings.cache, "divisoes", parameters, code, make)
    return pd.read_csv(target / "gap.csv").assign(patient=data.patients)


def near_duplicates(settings: Settings) -> dict[str, pd.DataFrame]:
    """A imagem de treino mais parecida com cada uma de teste, na divisão de 2020 e por paciente.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    dict of str to DataFrame
        ``"como em 2020"`` e ``"por paciente"``; o que `covidcam.evaluation.nearest` devolve.
    """
    data = arrays(settings)
    features, _ = plain_features(settings)
    splits = {
        "como em 2020": datasets.split_2020(len(data.rows)),
        "por paciente": datasets.split_by_patient(data.rows, seed=SPLIT_SEED),
    }
    return {
        name: evaluation.nearest(features, data.patients, *split) for name, split in splits.items()
    }


def part_of(trained: Trained) -> pd.Categorical:
    """A parte da divisão de uma rede em que está cada imagem dos arrays.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    Categorical (N,)
        ``"treino"``, ``"validação"`` ou ``"teste"``, nesta ordem.
    """
    parts = np.full(len(trained.data.rows), 2)
    parts[trained.train], parts[trained.validation] = 0, 1
    return pd.Categorical.from_codes(parts, ["treino", "validação", "teste"])


def partition(trained: Trained) -> pd.DataFrame:
    """Quantas imagens e pacientes de cada classe há em cada parte da divisão de uma rede.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    DataFrame
        Uma linha por parte.
    """
    parts = {"treino": trained.train, "validação": trained.validation, "teste": trained.test}
    rows = trained.data.rows
    records = {
        part: {
            "imagens": len(index),
            "pacientes": rows["patient"].iloc[index].nunique(),
            **{label: int((rows["label"].iloc[index] == label).sum()) for label in trained.classes},
        }
        for part, index in parts.items()
    }
    return pd.DataFrame.from_dict(records, orient="index")


def beside_2020(
    settings: Settings, found: Mapping[str, Trained], model: str = "modelo-2"
) -> pd.DataFrame:
    """Os números de 2020 ao lado dos desta execução, com o intervalo de 95 % de cada um.

    Parameters
    ----------
    settings : Settings
    found : mapping of str to Trained
        As redes desta execução.
    model : str
        ``"modelo-1"`` ou ``"modelo-2"``.

    Returns
    -------
    DataFrame
        Uma linha por rede de 2020: acurácia, intervalo e perda. Com as redes de tamanho inteiro há
        também a divisão de 2020, com os mesmos pacientes dos dois lados.
    """
    minis = {each.miniature_of: name for name, each in models.ARCHITECTURES.items()}
    records = {}
    for name, architecture in models.ARCHITECTURES.items():
        if model not in architecture.published:
            continue
        record = {"2020": _result(*architecture.published[model])}
        ours = name if name in found else minis[name]
        if ours in found:
            record["rede desta execução"] = ours
            record["divisão por paciente"] = _measured(found[ours])
        if name in found:
            record["divisão de 2020"] = _measured(trained(settings, name, model, split="2020"))
        records[name] = record
    return pd.DataFrame.from_dict(records, orient="index").fillna("—")


def _measured(found):
    given = found.probabilities[np.arange(len(found.truth)), found.truth]
    loss = -np.log(np.maximum(given, 1e-7)).mean()
    return _result(int(found.right.sum()), len(found.right), loss)


def _result(right, total, loss):
    share, low, high = evaluation.wilson(right, total)
    return (
        f"{percent(share, 1)} ({right} de {total}; de\u00a0{percent(low)} a\u00a0{percent(high)}),"
        f" perda\u00a0{number(loss)}"
    )
