"""A normalização por lote em uma só operação, para que treinar custe menos.

A camada do Keras calcula média, variância e o resto em operações separadas, cada uma com outra
passagem pela memória; a operação fundida do TensorFlow faz a mesma conta de uma vez. A rede
guardada continua só com camadas do Keras: a fundida existe apenas durante o treino.
"""

import keras
import tensorflow as tf


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """A camada do Keras, fundida onde ela usa as estatísticas do lote."""

    def call(self, inputs, training=False, mask=None):
        """As mesmas contas da camada do Keras, e a mesma média móvel."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # A operação devolve a variância sem viés; a média móvel do Keras é a da outra.
        count = tf.cast(tf.size(inputs) / self.gamma.shape[0], variance.dtype)
        for moving, batch in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * (count - 1) / count),
        ):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs


def with_fused_normalization(model: keras.Model) -> keras.Model:
    """A mesma rede com as normalizações por lote fundidas; as outras camadas são partilhadas.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    keras.Model
        Com os pesos de `model`; os das normalizações são cópias.
    """

    def fuse(layer):
        if type(layer) is not keras.layers.BatchNormalization:
            return layer
        return FusedBatchNormalization.from_config(layer.get_config())

    fused = keras.models.clone_model(model, clone_function=fuse)
    fused.set_weights(model.get_weights())
    return fused
