"""As redes treinadas nas imagens do livro, guardadas no depósito."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from covidcam import datasets, models, store
from covidcam.artefacts.data import arrays, raw_data, weights_identity
from covidcam.artefacts.features import frozen_features
from covidcam.artefacts.trained import Trained
from covidcam.errors import ModelError
from covidcam.settings import Settings

SPLIT_SEED = 40
CLASSES = {"modelo-1": ("NORMAL", "COVID-19"), "modelo-2": datasets.CLASSES}


def choose(settings: Settings) -> str:
    """A rede que cada fonte usa no lugar da VGG16 de 2020.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        Um nome de `covidcam.models.ARCHITECTURES`. Sem os pesos da VGG16 as radiografias reais
        ficam com a mini, que não precisa deles.
    """
    if settings.source == "real" and not missing_weights(settings, "vgg16"):
        return "vgg16"
    return "mini-vgg"


def missing_weights(settings: Settings, name: str) -> str:
    """O nome do arquivo de pesos que falta a uma rede de tamanho inteiro, ou vazio.

    Parameters
    ----------
    settings : Settings
    name : str

    Returns
    -------
    str
    """
    try:
        models.weights_file(name, settings.weights)
    except ModelError:
        return models.PRETRAINED[name]
    return ""


def trained(
    settings: Settings,
    name: str,
    model: str = "modelo-2",
    recipe: Mapping | None = None,
    split: str = "patient",
    split_seed: int = SPLIT_SEED,
    shuffle: int | None = None,
) -> Trained:
    """Uma rede treinada nas imagens do livro, com os pacientes divididos em três partes.

    Parameters
    ----------
    settings : Settings
    name : str
        Um nome de `covidcam.models.ARCHITECTURES`.
    model : str
        ``"modelo-1"`` (normal ou COVID-19) ou ``"modelo-2"`` (as três classes).
    recipe : mapping, optional
        Como se treina; por padrão, a receita do livro para esta rede e este modelo.
    split : str
        ``"patient"``, ou ``"2020"`` para a divisão ao acaso de 2020, só para a comparar.
    split_seed : int
        Da divisão por paciente; as páginas usam sempre a mesma.
    shuffle : int, optional
        Embaralha, com esta semente, os rótulos das imagens de treino, e só os delas: nada resta a
        aprender, só a decorar. Os arrays do que volta trazem os rótulos que a rede viu.

    Returns
    -------
    Trained
    """
    architecture, data = models.ARCHITECTURES[name], arrays(settings, CLASSES[model])
    train, validation, test = _parts(data.rows, split, split_seed)
    recipe, head = dict(recipe or architecture.recipes[model]), architecture.head(model)
    if shuffle is not None:
        data = replace(data, Y=_shuffled(data.Y, train, shuffle))

    def make(folder: Path) -> None:
        frozen = architecture.frozen
        fitted = models.fit(
            name,
            data.classes,
            data.X,
            data.Y,
            (train, validation),
            recipe,
            settings.source,
            weights=settings.weights,
            head=head,
            features=frozen_features(settings, name, head, data.X) if frozen else None,
        )
        fitted.history.to_csv(folder / "history.csv", index=False)
        models.save(fitted.model, folder / "model.keras")
        np.save(folder / "probabilities.npy", fitted.predict(test))
        np.save(folder / "held.npy", fitted.predict(validation))

    # A receita e a divisão entram como parâmetros: mudar outra coisa neste arquivo não retreina.
    parameters = {
        "arrays": data.key,
        "source": settings.source,
        "name": name,
        "head": head,
        "recipe": recipe,
        "parts": [part.tolist() for part in (train, validation, test)],
        "weights": weights_identity(settings) if architecture.frozen else "",
        "labels": store.content(data.Y[train]),
    }
    code = ["models", "seeding", "artefacts/features", "artefacts/data", "datasets"]
    folder = store.keep(settings.cache, "modelos", parameters, code, make)
    return Trained(
        name=name,
        data=data,
        recipe=recipe,
        history=pd.read_csv(folder / "history.csv"),
        train=train,
        validation=validation,
        test=test,
        probabilities=np.load(folder / "probabilities.npy"),
        held=np.load(folder / "held.npy"),
        file=folder / "model.keras",
    )


def _shuffled(Y, rows, seed):
    Y = Y.copy()
    Y[rows] = np.random.default_rng(seed).permutation(Y[rows])
    return Y


def _parts(rows, split, seed):
    if split == "2020":
        rest, test = datasets.split_2020(len(rows))
        held = len(rest) // 10  # o Keras toma o fim do treino para validação
        return rest[:-held], rest[-held:], test
    return datasets.three_parts(rows, seed=seed)


def model_1(settings: Settings) -> Trained:
    """O Modelo 1: COVID-19 ou normal, com a receita que a fonte pede.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Trained
        As classes são NORMAL e COVID-19, nesta ordem.
    """
    return trained(settings, choose(settings), "modelo-1")


def model_2(settings: Settings) -> Trained:
    """O Modelo 2: COVID-19, normal ou outra infecção, com a receita que a fonte pede.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Trained
        As classes são COVID-19, NORMAL e OUTRAS.
    """
    return trained(settings, choose(settings), "modelo-2")


def phantom_mistakes(settings: Settings, trained: Trained) -> tuple[pd.DataFrame, float]:
    """Os fantomas de teste que a rede errou, com o que foi desenhado em cada um.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    wrong : DataFrame
        Uma linha por erro, com a classe, o que a rede disse e os fatos do filme.
    ceiling : float
        A parte dos filmes de teste que são normais ou têm a lesão acima do limiar de visibilidade.
    """
    folder = raw_data(settings)
    drawn = pd.read_csv(folder / "phantom.csv").set_index("path")
    facts = drawn.loc[[Path(path).relative_to(folder).as_posix() for path in trained.rows["path"]]]
    sick = facts["lesion_area"] > 0
    table = pd.DataFrame(
        {
            "era": facts["label"],
            "a rede disse": np.array(trained.classes)[trained.said],
            "padrão": facts["pattern"],
            "modo": facts["look"],
            "lesão, % da imagem": (100 * facts["lesion_area"]).round(1).where(sick),
            "contraste": facts["contrast"].round(2).where(sick),
            "visível": facts["visible"].map({True: "sim", False: "não"}).where(sick),
        }
    ).reset_index(drop=True)
    return table[table["era"] != table["a rede disse"]], float(facts["visible"].mean())


def memorizer(settings: Settings) -> Trained:
    """Uma rede treinada com os rótulos do treino embaralhados: só pode decorar.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Trained
    """
    return _twin(settings, shuffle=SPLIT_SEED)


def honest_twin(settings: Settings) -> Trained:
    """A gêmea de `memorizer`: a mesma rede, receita e semente, com os rótulos certos.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Trained
    """
    return _twin(settings, shuffle=None)


def learned(trained: Trained) -> float:
    """A parte dos rótulos de treino que uma rede repete, como ela os viu.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    float
        De 0 a 1.
    """
    said = models.predict(trained.model, trained.data.X[trained.train]).argmax(axis=1)
    return float((said == trained.data.labels[trained.train]).mean())


def _twin(settings, shuffle):
    name = choose(settings)
    recipe = models.ARCHITECTURES[name].recipes["decorar"]
    return trained(settings, name, "modelo-2", recipe, shuffle=shuffle)
