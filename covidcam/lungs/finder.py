"""A rede treinada, feita uma vez e guardada no depósito."""

import functools
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np

from covidcam import progress, store
from covidcam.lungs.network import SIDE, build, train
from covidcam.lungs.patients import film
from covidcam.settings import Settings

RECIPE = {"films": 320, "size": 160, "steps": 600, "batch_size": 16, "learning_rate": 4e-3}
FILE = "u-net.keras"


def finder(settings: Settings) -> Callable[[np.ndarray], np.ndarray]:
    """A rede que acha os pulmões; na primeira vez, treinada.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    callable
        De uint8 (N, 128, 128) para logits, float32 (N, 64, 64, 2): o pulmão à esquerda e o à
        direita na imagem.
    """
    return _load(network_folder(settings))


def network_folder(settings: Settings) -> Path:
    """A pasta do depósito em que está a rede, no arquivo `FILE`; na primeira vez, treinada.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Path
        O nome é a chave, que entra na dos artefatos que se fazem dela.
    """

    def make(folder: Path) -> None:
        images, lungs = films(RECIPE["films"], RECIPE["size"])
        model = train(
            build(),
            images,
            lungs,
            RECIPE["steps"],
            RECIPE["batch_size"],
            RECIPE["learning_rate"],
        )
        model.save(folder / FILE)

    code = ["phantom", "models/learner", "seeding"]
    code += [f"lungs/{name}" for name in ("finder", "network", "patients", "variation")]
    return store.keep(settings.cache, "pulmoes", RECIPE, code, make)


def films(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Fantomas de treino, dos dois modos de radiografar e das três classes, com os seus pulmões.

    Parameters
    ----------
    count : int
    size : int
        Lado, em pixels.

    Returns
    -------
    images : ndarray, uint8 (count, size, size)
    lungs : ndarray, uint8 (count, size, size, 2)
        0 ou 1; o pulmão à esquerda e o à direita na imagem.
    """
    work = joblib.Parallel(n_jobs=2 if count > 24 else 1, return_as="generator")(
        joblib.delayed(film)(k, size) for k in range(count)
    )
    made = list(progress.bar(work, total=count, desc="fantomas", unit="filme"))
    images, lungs = (np.stack(part) for part in zip(*made, strict=True))
    return images, lungs


@functools.lru_cache(maxsize=1)
def _load(folder):
    """Compilada uma vez por processo."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(folder / FILE, compile=False)
    batch_of_any_size = tf.TensorSpec((None, SIDE, SIDE), tf.uint8)
    forward = tf.function(lambda batch: model(batch[..., None], training=False))
    forward = forward.get_concrete_function(batch_of_any_size)
    return lambda batch: forward(tf.constant(batch)).numpy()
