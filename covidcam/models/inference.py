"""Passar imagens por uma rede: as duas partes dela, as características e as probabilidades."""

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from covidcam.errors import InputError

if TYPE_CHECKING:
    import keras

BATCH = 32


def split(model: "keras.Model") -> tuple["keras.Model", "keras.Model"]:
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


def unfreeze(model: "keras.Model", layer: str) -> "keras.Model":
    """Libera para o treino uma rede congelada, de uma camada em diante.

    As normalizações continuam congeladas, como se recomenda quando as imagens são poucas. O corte
    tem de ser num ponto por onde tudo passa: o começo de um bloco, não o meio de um residual.

    Parameters
    ----------
    model : keras.Model
    layer : str
        A primeira camada a liberar (``"block5_conv1"``, na VGG16, libera o último bloco).

    Returns
    -------
    keras.Model
        A mesma rede; `split` e `extract` passam a cortar aí.

    Raises
    ------
    InputError
        Se a rede não tem a camada.

    References
    ----------
    Yosinski, Clune, Bengio e Lipson, NeurIPS 2014. arXiv:1411.1792.
    """
    import keras

    names = [one.name for one in model.layers]
    if layer not in names:
        raise InputError(f"A rede {model.name} não tem a camada {layer!r}; tem: {names}.")
    for one in model.layers[names.index(layer) :]:
        one.trainable = not isinstance(one, keras.layers.BatchNormalization)
    return model


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
    return _run(split(model)[0], images, f"Passando por {model.name}")


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


def _run(model, images, description):
    import tensorflow as tf

    numbers = images.dtype.kind in "uif"
    if not numbers or 0 in images.shape[:1] or images.shape[1:] != model.input_shape[1:]:
        raise InputError(
            f"As imagens são {images.dtype} de forma {images.shape}; a rede {model.name} aceita ao"
            f" menos uma, de números e de forma {model.input_shape[1:]}."
        )
    batch_of_any_size = tf.TensorSpec((None, *model.input_shape[1:]), images.dtype)
    forward = tf.function(lambda batch: model(batch, training=False), [batch_of_any_size])
    starts = tqdm(range(0, len(images), BATCH), desc=description, disable=None)
    return np.concatenate([forward(np.asarray(images[i : i + BATCH])).numpy() for i in starts])
