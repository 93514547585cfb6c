"""O que a parte congelada de uma rede vê em cada imagem, guardado no depósito."""

from pathlib import Path

import numpy as np

from covidcam import datasets, models, store
from covidcam.artefacts.data import weights_identity
from covidcam.settings import Settings


def frozen_features(settings: Settings, name: str, head: str, images: np.ndarray) -> np.ndarray:
    """A saída da parte congelada de uma rede para cada imagem.

    Parameters
    ----------
    settings : Settings
    name, head
        Como em `covidcam.models.build`.
    images : ndarray, uint8 (N, H, W, 3)

    Returns
    -------
    ndarray, float32 (N, …)
    """

    def make(folder: Path) -> None:
        # quantas classes há não muda a parte congelada, mas a cabeça de um neurônio só aceita duas
        model = models.build(name, datasets.CLASSES[:2], settings.weights, head, images.shape[1:])
        np.save(folder / "features.npy", models.extract(model, images))

    parameters = {
        "images": store.content(images),
        "name": name,
        "head": head,
        "weights": weights_identity(settings),
    }
    code = ["models", "seeding", "datasets/findings"]
    folder = store.keep(settings.cache, "caracteristicas", parameters, code, make)
    return np.load(folder / "features.npy")
