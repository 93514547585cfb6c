"""As três famílias lado a lado, e o que a divisão ao acaso esconde."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from covidcam import datasets, store
from covidcam.artefacts.data import arrays, weights_identity
from covidcam.artefacts.networks import (
    EPOCHS,
    SPLIT_SEED,
    Trained,
    frozen_features,
    missing_weights,
    network,
    trained,
)
from covidcam.settings import Settings

SEEDS = 10
# O que os tutoriais de 2020 publicaram: imagens de teste certas e testadas, e a perda.
PUBLISHED_1 = {"vgg16": (54, 55, 0.0345)}
PUBLISHED_2 = {
    "vgg16": (73, 75, 0.0941),
    "resnet50v2": (72, 75, 0.3698),
    "xception": (71, 75, 0.2876),
}


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


def families(settings: Settings) -> Families:
    """O Modelo 2 com cada família que a fonte permite.

    Nos fantomas, as minis; nas radiografias reais, as congeladas cujos pesos existem — e, se não
    existe nenhum, as minis.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Families
    """
    from covidcam import models

    full = models.PRETRAINED if settings.source == "real" else ()
    missing = {name: file for name in full if (file := missing_weights(settings, name))}
    names = [name for name in full if name not in missing]
    head = "2020-modelo-2"
    if not names:
        names, head = [name for name in models.BACKBONES if name.startswith("mini-")], "pooled"
    return Families(
        {
            name: trained(settings, name, datasets.CLASSES, head, epochs=EPOCHS[name][1])
            for name in names
        },
        missing,
    )


def pairs(settings: Settings, found: Families) -> pd.DataFrame:
    """A diferença de acurácia entre cada par de redes, imagem a imagem, sorteando pacientes.

    Parameters
    ----------
    settings : Settings
    found : Families

    Returns
    -------
    DataFrame
        Uma linha por par, «a − b»: diferença, de, a (o intervalo de 95 %).
    """
    from covidcam import evaluation

    data, _ = arrays(settings)
    records = {}
    for (one, first), (other, second) in itertools.combinations(found.trained.items(), 2):
        truth = data.Y[first.test].argmax(axis=1)
        gained = 1.0 * (first.probabilities.argmax(axis=1) == truth)
        gained -= second.probabilities.argmax(axis=1) == truth
        patients = data.rows["patient"].to_numpy()[first.test]
        records[f"{one} − {other}"] = evaluation.bootstrap(gained, patients)
    return pd.DataFrame.from_dict(records, orient="index", columns=["diferença", "de", "a"])


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
    data, _ = arrays(settings)
    name, head = network(settings, "2020-modelo-2")
    if name.startswith("mini-"):
        import cv2

        size = {"dsize": (16, 16), "interpolation": cv2.INTER_AREA}
        pixels = np.array([cv2.resize(image[..., 0], **size).ravel() for image in data.X])
        return pixels.astype("float32"), "os 256 cinzas da imagem reduzida a 16 × 16, sem rede"
    features = frozen_features(settings, name, head)
    channels = 512
    pooled = features.reshape(len(features), -1, channels).mean(axis=1)
    return pooled, f"as {channels} características médias da {name} congelada"


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
    from covidcam import evaluation

    data, folder = arrays(settings)

    def make(target: Path) -> None:
        features, _ = plain_features(settings)
        gap = evaluation.split_gap(
            features, data.Y.argmax(axis=1), data.rows["patient"].to_numpy(), range(SEEDS)
        )
        gap.to_csv(target / "gap.csv", index=False)

    parameters = {
        "arrays": folder.name,
        "network": network(settings, ""),
        "weights": weights_identity(settings),
        "seeds": SEEDS,
    }
    code = ["evaluation/leakage", "models/architectures", "models/inference"]
    code += ["artefacts/comparison"]
    target = store.keep(settings.cache, "divisoes", parameters, code, make)
    return pd.read_csv(target / "gap.csv").assign(patient=data.rows["patient"].to_numpy())


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
    from covidcam import evaluation

    data, _ = arrays(settings)
    features, _ = plain_features(settings)
    splits = {
        "como em 2020": datasets.split_2020(len(data.rows)),
        "por paciente": datasets.split_by_patient(data.rows, seed=SPLIT_SEED),
    }
    patients = data.rows["patient"].to_numpy()
    return {name: evaluation.nearest(features, patients, *split) for name, split in splits.items()}


def partition(found: Trained, rows: pd.DataFrame) -> pd.DataFrame:
    """Quantas imagens e pacientes de cada classe há em cada parte de uma divisão.

    Parameters
    ----------
    found : Trained
    rows : DataFrame
        As linhas dos arrays da rede.

    Returns
    -------
    DataFrame
        Uma linha por parte.
    """
    parts = {"treino": found.train, "validação": found.validation, "teste": found.test}
    records = {
        part: {
            "imagens": len(index),
            "pacientes": rows["patient"].iloc[index].nunique(),
            **{label: int((rows["label"].iloc[index] == label).sum()) for label in found.classes},
        }
        for part, index in parts.items()
    }
    return pd.DataFrame.from_dict(records, orient="index")


def beside_2020(settings: Settings, found: dict[str, Trained]) -> pd.DataFrame:
    """Os números de 2020 ao lado dos desta execução, com o intervalo de 95 % de cada um.

    Parameters
    ----------
    settings : Settings
    found : dict of str to Trained
        As redes desta execução: as do Modelo 1, com duas classes, ou as do Modelo 2.

    Returns
    -------
    DataFrame
        Uma linha por rede de 2020: acurácia, intervalo e perda. Com as redes de tamanho inteiro há
        também a divisão de 2020, com os mesmos pacientes dos dois lados.
    """
    classes = next(iter(found.values())).classes
    place = 0 if len(classes) == 2 else 1
    head, published = [("2020-modelo-1", PUBLISHED_1), ("2020-modelo-2", PUBLISHED_2)][place]
    records = {}
    for name, (right, total, loss) in published.items():
        record = {"2020": _result(right, total, loss)}
        ours = name if name in found else f"mini-{name.rstrip('0123456789v')}"
        if ours in found:
            record["rede desta execução"] = ours
            record["divisão por paciente"] = _measured(settings, found[ours])
        if name in found:
            as_then = trained(
                settings, name, classes, head, epochs=EPOCHS[name][place], split="2020"
            )
            record["divisão de 2020"] = _measured(settings, as_then)
        records[name] = record
    return pd.DataFrame.from_dict(records, orient="index").fillna("—")


def _measured(settings, found):
    data, _ = arrays(settings, found.classes)
    truth = data.Y[found.test].argmax(axis=1)
    right = int((found.probabilities.argmax(axis=1) == truth).sum())
    given = found.probabilities[np.arange(len(truth)), truth]
    return _result(right, len(truth), -np.log(np.maximum(given, 1e-7)).mean())


def _result(right, total, loss):
    from covidcam import evaluation
    from covidcam.figures import number, percent

    share, low, high = evaluation.wilson(right, total)
    return (
        f"{percent(share, 1)} ({right} de {total}; de {percent(low)} a {percent(high)}),"
        f" perda {number(loss)}"
    )
