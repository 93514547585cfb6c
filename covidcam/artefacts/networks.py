"""As redes treinadas nas imagens do livro, guardadas no depósito."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam import datasets, store
from covidcam.artefacts.data import arrays, raw_data, weights_identity
from covidcam.errors import ModelError
from covidcam.settings import Settings

if TYPE_CHECKING:
    import keras

SPLIT_SEED = 40
# escolhido em divisões dos pacientes que não são a do livro nem as de benchmarks/seeds
SPARSITY = 3e-5
# Modelo 1, Modelo 2; as das redes de tamanho inteiro são de 2020
EPOCHS = {
    "mini-vgg": (30, 100),
    "mini-resnet": (30, 100),
    "mini-xception": (30, 100),
    "vgg16": (50, 80),
    "resnet50v2": (50, 80),
    "xception": (50, 80),
}


@dataclass(frozen=True)
class Trained:
    """Uma rede treinada e o que a página quer saber dela.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Na ordem das colunas de `probabilities`.
    history : DataFrame
        Uma linha por época.
    train, validation, test : ndarray of int
        Linhas dos arrays em cada parte; por padrão nenhum paciente está em duas.
    probabilities : ndarray, float32 (len(test), classes)
        O que a rede diz de cada imagem de teste.
    held : ndarray, float32 (len(validation), classes)
        O que a rede diz de cada imagem de validação.
    file : Path
        O arquivo ``.keras``.
    """

    name: str
    classes: tuple[str, ...]
    history: pd.DataFrame
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    probabilities: np.ndarray
    held: np.ndarray
    file: Path

    @functools.cached_property
    def model(self) -> "keras.Model":
        """A rede; lida do arquivo, e o TensorFlow com ela, só quando alguém a pede."""
        from covidcam import models

        return models.load(self.file)


def trained(
    settings: Settings,
    name: str,
    classes: Sequence[str] = datasets.CLASSES,
    head: str = "pooled",
    epochs: int = 40,
    seed: int = 0,
    split: str = "patient",
    split_seed: int = SPLIT_SEED,
) -> Trained:
    """Uma rede treinada nas imagens do livro, com os pacientes divididos em três partes.

    Parameters
    ----------
    settings : Settings
    name, classes, head
        Como em `covidcam.models.build`.
    epochs : int
    seed : int
        Do treino.
    split : str
        ``"patient"``, ou ``"2020"`` para a divisão ao acaso de 2020, só para a comparar.
    split_seed : int
        Da divisão por paciente; as páginas usam sempre a mesma.

    Returns
    -------
    Trained
    """
    data, folder = arrays(settings, classes)
    train, validation, test = _parts(data.rows, split, split_seed)

    recipe = training_recipe(name, epochs, seed)

    def make(target: Path) -> None:
        from covidcam import models

        model = models.build(name, classes, settings.weights, head, seed=seed)
        if name.startswith("mini-"):
            features = models.extract(model, data.X)
        else:
            features = frozen_features(settings, name, head, classes)
        history = models.train(model, features, data.Y, train, validation, **recipe)
        history.to_csv(target / "history.csv", index=False)
        models.save(models.describe(model, classes, settings.source), target / "model.keras")
        learnt = models.split(model)[1]  # as características das imagens de teste já existem
        np.save(target / "probabilities.npy", models.predict(learnt, features[test]))
        np.save(target / "held.npy", models.predict(learnt, features[validation]))

    # A receita e a divisão entram como parâmetros: mudar outra coisa neste arquivo não retreina.
    parameters = {
        "arrays": folder.name,
        "name": name,
        "head": head,
        "recipe": recipe,
        "parts": [train.tolist(), test.tolist()],
        "weights": weights_identity(settings),
    }
    target = store.keep(settings.cache, "modelos", parameters, ["models"], make)
    return Trained(
        name=name,
        classes=tuple(classes),
        history=pd.read_csv(target / "history.csv"),
        train=train,
        validation=validation,
        test=test,
        probabilities=np.load(target / "probabilities.npy"),
        held=np.load(target / "held.npy"),
        file=target / "model.keras",
    )


def _parts(rows, split, seed):
    if split == "2020":
        rest, test = datasets.split_2020(len(rows))
        held = len(rest) // 10  # o Keras toma o fim do treino para validação
        return rest[:-held], rest[-held:], test
    return parts_by_patient(rows, seed)


def parts_by_patient(
    rows: pd.DataFrame, seed: int = SPLIT_SEED
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Treino, validação e teste, sem que um paciente esteja em dois.

    Parameters
    ----------
    rows : DataFrame
        Uma linha por imagem.
    seed : int
        Do sorteio.

    Returns
    -------
    train, validation, test : ndarray of int
    """
    rest, test = datasets.split_by_patient(rows, seed=seed)
    inner, held = datasets.split_by_patient(rows.iloc[rest], folds=10, seed=seed)
    return rest[inner], rest[held], test


def training_recipe(name: str, epochs: int, seed: int) -> dict:
    """O que `covidcam.models.train` recebe de cada família.

    As minis, treinadas do zero, variam as imagens e pagam para acender o último mapa.

    Parameters
    ----------
    name : str
    epochs, seed : int

    Returns
    -------
    dict
    """
    if name.startswith("mini-"):
        own = {"learning_rate": 2e-3, "augment": True, "sparsity": SPARSITY}
    else:
        own = {"learning_rate": 1e-3}
    return {"epochs": epochs, "seed": seed, **own}


def network(settings: Settings, head: str) -> tuple[str, str]:
    """A rede e a cabeça que cada fonte usa no lugar da de 2020.

    Parameters
    ----------
    settings : Settings
    head : str
        A cabeça de 2020 que a página reproduz.

    Returns
    -------
    name, head : str
        Como em `covidcam.models.build`. Sem os pesos da VGG16 as radiografias reais ficam com a
        mini, que não precisa deles.
    """
    if settings.source == "real" and not missing_weights(settings, "vgg16"):
        return "vgg16", head
    return "mini-vgg", "pooled"


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
    from covidcam import models

    try:
        models.weights_file(name, settings.weights)
    except ModelError:
        return models.PRETRAINED[name]
    return ""


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
    name, head = network(settings, "2020-modelo-1")
    return trained(settings, name, ("NORMAL", "COVID-19"), head, epochs=EPOCHS[name][0])


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
    name, head = network(settings, "2020-modelo-2")
    return trained(settings, name, datasets.CLASSES, head, epochs=EPOCHS[name][1])


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
    data, _ = arrays(settings, trained.classes)
    folder = raw_data(settings)
    drawn = pd.read_csv(folder / "phantom.csv").set_index("path")
    paths = data.rows["path"].iloc[trained.test]
    facts = drawn.loc[[Path(path).relative_to(folder).as_posix() for path in paths]]
    table = pd.DataFrame(
        {
            "era": facts["label"],
            "a rede disse": np.array(trained.classes)[trained.probabilities.argmax(axis=1)],
            "padrão": facts["pattern"],
            "modo": facts["look"],
            "lesão, % da imagem": (100 * facts["lesion_area"]).round(1),
            "contraste": facts["contrast"].round(2),
            "visível": facts["visible"].map({True: "sim", False: "não"}),
        }
    ).reset_index(drop=True)
    return table[table["era"] != table["a rede disse"]], float(facts["visible"].mean())


def shuffled_model_2(settings: Settings, epochs: int = 15) -> "keras.Model":
    """O Modelo 2 treinado com os rótulos do treino embaralhados: só pode decorar.

    Parameters
    ----------
    settings : Settings
    epochs : int

    Returns
    -------
    keras.Model
    """
    from covidcam import models

    honest = model_2(settings)
    data, _ = arrays(settings, honest.classes)

    def make(target: Path) -> None:
        Y = data.Y.copy()
        Y[honest.train] = np.random.default_rng(SPLIT_SEED).permutation(Y[honest.train])
        model = models.build(honest.name, honest.classes, settings.weights)
        models.train(
            model, models.extract(model, data.X), Y, honest.train, honest.validation, epochs
        )
        models.save(models.describe(model, honest.classes, settings.source), target / "model.keras")

    parameters = {"model": honest.file.parent.name, "epochs": epochs, "shuffle": SPLIT_SEED}
    target = store.keep(settings.cache, "embaralhados", parameters, ["models"], make)
    return models.load(target / "model.keras")


def frozen_features(
    settings: Settings, name: str, head: str, classes: Sequence[str] = datasets.CLASSES
) -> np.ndarray:
    """A saída da parte congelada de uma rede para cada imagem do livro, guardada no depósito.

    Parameters
    ----------
    settings : Settings
    name, head, classes
        Como em `covidcam.models.build`.

    Returns
    -------
    ndarray, float32 (N, …)
    """
    from covidcam import models

    data, arrays_folder = arrays(settings, classes)

    def make(folder: Path) -> None:
        model = models.build(name, classes, settings.weights, head)
        np.save(folder / "features.npy", models.extract(model, data.X))

    parameters = {
        "arrays": arrays_folder.name,
        "name": name,
        "head": head,
        "weights": weights_identity(settings),
    }
    code = ["models/architectures", "models/inference"]
    folder = store.keep(settings.cache, "caracteristicas", parameters, code, make)
    return np.load(folder / "features.npy")
