"""A rede que acha os pulmões: uma U-Net pequena, treinada só com fantomas."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from covidcam import progress
from covidcam.lungs.variation import vary
from covidcam.models.learner import learner
from covidcam.seeding import seeded

if TYPE_CHECKING:
    import keras

SIDE = 128
GRID = SIDE // 2  # o lado do que a rede devolve
CHANNELS = (16, 32, 48, 64)


def prepare(image: np.ndarray) -> np.ndarray:
    """Um filme como a rede o vê: cinza, 128 × 128, com o contraste local equalizado.

    Parameters
    ----------
    image : ndarray, uint8 (H, W) ou (H, W, 3)

    Returns
    -------
    ndarray, uint8 (128, 128)
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.createCLAHE(2.0, (4, 4)).apply(small)


def build(seed: int = 0) -> "keras.Model":
    """A U-Net, ainda não treinada.

    Parameters
    ----------
    seed : int
        Decide os pesos iniciais.

    Returns
    -------
    keras.Model
        De uint8 (N, 128, 128, 1) para logits (N, 64, 64, 2): o pulmão à esquerda e o à direita
        na imagem.

    References
    ----------
    Ronneberger, Fischer e Brox, 2015. U-Net. doi:10.1007/978-3-319-24574-4_28.
    """
    with seeded(seed):
        return _unet()


def _unet():
    import keras
    from keras import layers

    def convolution(x, filters, size=3, strides=1):
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    images = keras.Input((SIDE, SIDE, 1), name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.LayerNormalization((1, 2, 3), center=False, scale=False)(x)
    x = convolution(x, CHANNELS[0], size=5, strides=2)  # 64 × 64: quatro vezes menos contas
    skips = []
    for filters in CHANNELS[:-1]:
        x = convolution(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = convolution(convolution(x, CHANNELS[-1]), CHANNELS[-1])
    for filters, skip in zip(CHANNELS[-2::-1], skips[::-1], strict=True):
        x = layers.Add()([layers.UpSampling2D()(convolution(x, filters)), skip])
        x = convolution(x, filters)
    return keras.Model(images, layers.Conv2D(2, 1, name="lungs")(x), name="u-net")


def train(
    model: "keras.Model",
    images: np.ndarray,
    lungs: np.ndarray,
    steps: int,
    batch_size: int = 16,
    learning_rate: float = 4e-3,
    seed: int = 0,
) -> "keras.Model":
    """Treina a U-Net em variações de filmes cujos pulmões se conhecem.

    Parameters
    ----------
    model : keras.Model
        O que `build` devolve; é modificado.
    images : ndarray, uint8 (N, H, W)
    lungs : ndarray, uint8 (N, H, W, 2)
        0 ou 1; o pulmão à esquerda e o à direita na imagem.
    steps, batch_size, learning_rate
        Do Adam; o passo decai em cosseno até zero.
    seed : int
        Decide as variações.

    Returns
    -------
    keras.Model
        A mesma rede.
    """
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    data = tf.data.Dataset.from_generator(
        lambda: batches(images, lungs, batch_size, np.random.default_rng(seed)),
        output_signature=(
            tf.TensorSpec((batch_size, SIDE, SIDE, 1), tf.uint8),
            tf.TensorSpec((batch_size, GRID, GRID, 2), tf.float32),
        ),
    )
    trained = learner(model)
    trained.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)), loss
    )
    with progress.bar(total=steps, desc="Treinando quem acha os pulmões") as bar:
        trained.fit(
            data.prefetch(4),
            steps_per_epoch=steps,
            callbacks=[
                keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
            ],
            verbose=0,
            shuffle=False,
        )
    model.set_weights(trained.get_weights())
    return model


def batches(images, lungs, size, rng) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Lotes sem fim de variações: (size, 128, 128, 1) uint8 e (size, 64, 64, 2) de 0 a 1."""
    while True:
        chosen = rng.integers(len(images), size=size)
        varied = [vary(images[i], lungs[i], SIDE, rng) for i in chosen]
        yield (
            np.stack([prepare(image) for image, _ in varied])[..., None],
            np.stack(
                [
                    cv2.resize(truth, (GRID, GRID), interpolation=cv2.INTER_AREA)
                    for _, truth in varied
                ]
            ),
        )


def loss(truth, logits) -> "keras.KerasTensor":
    """Entropia cruzada por pixel mais 1 − Dice por pulmão."""
    from keras import ops

    entropy = ops.mean(ops.binary_crossentropy(truth, logits, from_logits=True))
    found = ops.sigmoid(logits)
    common = ops.sum(truth * found, (1, 2))
    dice = (2 * common + 1) / (ops.sum(truth, (1, 2)) + ops.sum(found, (1, 2)) + 1)
    return entropy + 1 - ops.mean(dice)
