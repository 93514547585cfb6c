"""As redes do capítulo dos atalhos."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from covidcam import datasets, models, store
from covidcam.artefacts.data import weights_identity
from covidcam.artefacts.features import frozen_features
from covidcam.artefacts.films import Films
from covidcam.artefacts.networks import choose
from covidcam.settings import Settings

if TYPE_CHECKING:
    import keras

WATCHED = 8  # imagens do treino que só acompanham as curvas


def train(
    settings: Settings,
    films: Films,
    seed: int = 0,
    name: str | None = None,
    head: str = "pooled",
    into: "keras.Model | None" = None,
    **changes: float,
) -> "keras.Model":
    """Uma rede treinada nos filmes que não são de teste.

    Parameters
    ----------
    settings : Settings
    films : Films
    seed : int
    name : str, optional
        Um nome de `covidcam.models.ARCHITECTURES`. Por padrão, uma mini-vgg nos fantomas; a VGG16
        congelada e uma camada densa nas radiografias reais, ou a mini-vgg também nelas, se faltam
        os pesos.
    head : str
        Um nome de `covidcam.models.HEADS`.
    into : keras.Model, optional
        Outra rede de mesma forma, que recebe os pesos desta e é devolvida: o que já se traçou nela
        não se traça de novo.
    **changes : float
        O que muda na receita.

    Returns
    -------
    keras.Model
    """
    model = models.load(network_file(settings, films, seed, name, head, **changes))
    if into is None:
        return model
    into.set_weights(model.get_weights())
    return into


def network_file(
    settings: Settings,
    films: Films,
    seed: int = 0,
    name: str | None = None,
    head: str = "pooled",
    **changes: float,
) -> Path:
    """O arquivo da rede de `train`; na primeira vez, treinada.

    Parameters
    ----------
    settings, films, seed, name, head, **changes
        Como em `train`.

    Returns
    -------
    Path
        O nome da pasta é a chave, que entra na dos artefatos que se fazem dela.
    """
    name = name or choose(settings)
    architecture = models.ARCHITECTURES[name]
    recipe = {**architecture.recipes["atalhos"], "seed": seed, **changes}
    kept = np.flatnonzero(~films.test)
    parts = kept[:-WATCHED], kept[-WATCHED:]

    def make(folder: Path) -> None:
        fitted = models.fit(
            name,
            films.classes,
            films.images,
            datasets.one_hot(films.labels, films.classes),
            parts,
            recipe,
            settings.source,
            weights=settings.weights,
            head=head,
            features=deep_features(settings, films.images) if architecture.frozen else None,
        )
        models.save(fitted.model, folder / "model.keras")

    parameters = {
        "name": name,
        "head": head,
        "images": store.content(films.images),
        "labels": films.labels.tolist(),
        "parts": [part.tolist() for part in parts],
        "recipe": recipe,
        "source": settings.source,
        "weights": weights_identity(settings) if architecture.frozen else "",
    }
    code = ["models", "seeding", "datasets", "artefacts/data", "artefacts/features"]
    code += ["artefacts/films", "artefacts/shortcuts/networks"]
    folder = store.keep(settings.cache, "atalhos-redes", parameters, code, make)
    return folder / "model.keras"


def deep_features(settings: Settings, images: np.ndarray) -> np.ndarray:
    """A saída média da VGG16 congelada para cada imagem.

    Parameters
    ----------
    settings : Settings
    images : ndarray, uint8 (N, H, W, 3)

    Returns
    -------
    ndarray, float32 (N, 512)
    """
    return frozen_features(settings, "vgg16", "pooled", images)
