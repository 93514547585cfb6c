"""Passar imagens por uma rede: as duas partes dela, as características e as probabilidades."""

from typing import TYPE_CHECKING

import numpy as np

from covidcam import progress
from covidcam.errors import InputError, refusing_channels_first

if TYPE_CHECKING:
    import keras

BATCH = 32


def cut(model: "keras.Model") -> tuple["keras.Model", "keras.Model"]:
    """As duas partes de uma rede, que continuam a partilhar as camadas com ela.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    frozen : keras.Model
        Da imagem até a entrada da primeira camada que se treina; basta rodar uma vez por imagem.
    trained : keras.Model
        Daí até as probabilidades.
    """
    import keras

    first = next(layer for layer in model.layers if layer.trainable_weights)
    return keras.Model(model.input, first.input), keras.Model(first.input, model.output)


def extract(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """Roda a parte congelada de uma rede uma vez por imagem.

    Parameters
    ----------
    model : keras.Model
    images : ndarray, uint8 (N, H, W, 3)
        Pode estar mapeado do disco.

    Returns
    -------
    ndarray, float32 (N, …)

    Raises
    ------
    InputError
        Se não há imagens ou se não têm o tamanho que a rede aceita.
    """
    return _run(cut(model)[0], images, f"Passando por {model.name}")


def predict(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """As probabilidades que uma rede dá a cada classe.

    Parameters
    ----------
    model : keras.Model
    images : ndarray, uint8 (N, H, W, 3)
        Pode estar mapeado do disco.

    Returns
    -------
    ndarray, float32 (N, classes)
        Também para a cabeça de um neurônio só, que aqui volta a ter duas colunas.

    Raises
    ------
    InputError
        Se não há imagens ou se não têm o tamanho que a rede aceita.
    """
    probabilities = _run(model, images, "Classificando")
    if probabilities.shape[1] == 1:
        return np.hstack([1 - probabilities, probabilities])
    return probabilities


@refusing_channels_first()
def _run(model, images, description):
    import tensorflow as tf

    numbers = images.dtype.kind in "uif"
    if not numbers or 0 in images.shape[:1] or images.shape[1:] != model.input_shape[1:]:
        raise InputError(
            f"As imagens são {images.dtype} de forma {images.shape}; a rede {model.name} aceita ao"
            f" menos uma, de números e de forma {model.input_shape[1:]}."
        )
    batch_of_any_size = tf.TensorSpec((None, *model.input_shape[1:]), images.dtype)
    # Já concreta: a que se traça ao ser chamada avisa, na saída da página, depois de cinco redes.
    forward = tf.function(lambda batch: model(batch, training=False))
    forward = forward.get_concrete_function(batch_of_any_size)
    starts = progress.bar(range(0, len(images), BATCH), desc=description)
    return np.concatenate([forward(tf.constant(images[i : i + BATCH])).numpy() for i in starts])
