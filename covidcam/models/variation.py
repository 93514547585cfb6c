"""As variações das imagens de treino, sorteadas de novo a cada lote."""

from typing import TYPE_CHECKING

from covidcam.errors import InputError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def varied(model: "keras.Model", random: "tf.random.Generator") -> "keras.Model":
    """Uma rede que, no treino, varia cada imagem antes de a ver.

    Posição, tamanho, giro, lado e contraste mudam, e um quadrado é apagado: ele obriga a rede a
    usar toda a lesão, e não só o pedaço mais fácil dela.

    Parameters
    ----------
    model : keras.Model
    random : tf.random.Generator
        De onde se sorteia.

    Returns
    -------
    keras.Model
        Com as camadas e os pesos de `model`; fora do treino, faz o que ela faz.

    Raises
    ------
    InputError
        Se o que a rede recebe não são imagens quadradas.
    """
    import keras
    import tensorflow as tf

    shape = model.input_shape[1:]
    if len(shape) != 3 or shape[0] != shape[1]:
        raise InputError(f"Só imagens podem variar; as características têm a forma {shape}.")
    vary = _variation(shape[0], random)

    # Como camada, e não num map do tf.data, que a cada época prepara de novo o seu grafo.
    class Variation(keras.layers.Layer):
        def call(self, images, training=False):
            return vary(tf.cast(images, tf.float32)) if training else images

    images = keras.Input(shape)
    return keras.Model(images, model(Variation()(images)))


def _variation(side, random):
    """A função que varia um lote de imagens quadradas."""
    import tensorflow as tf

    def uniform(count, limit):
        return random.uniform((count,), -limit, limit)

    def move(images):
        """Uma só reamostragem: giro, zoom, deslocamento e espelho em torno do centro."""
        count = tf.shape(images)[0]
        angle, zoom = uniform(count, 0.13), 1 + uniform(count, 0.2)
        a, b = zoom * tf.cos(angle), zoom * tf.sin(angle)
        mirror, half = tf.sign(uniform(count, 1)), side / 2
        x = half * (1 - a * mirror + b) + uniform(count, 0.1 * side)
        y = half * (1 - a - b * mirror) + uniform(count, 0.1 * side)
        zeros = tf.zeros(count)
        matrix = tf.stack([a * mirror, -b, x, b * mirror, a, y, zeros, zeros], axis=1)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=matrix,
            output_shape=(side, side),
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",
        )

    def erase_square(images):
        centres = random.uniform((tf.shape(images)[0], 2, 1), 0, side)
        near = tf.abs(tf.range(side, dtype=tf.float32) - centres) < side / 8
        return tf.where((near[:, 0, :, None] & near[:, 1, None, :])[..., None], 0.0, images)

    def vary(images):
        contrast = 1 + uniform(tf.shape(images)[0], 0.3)
        return erase_square(move(images) * contrast[:, None, None, None])

    return vary
