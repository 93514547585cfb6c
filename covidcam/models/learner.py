"""A rede como o treino a vê: com a normalização fundida e uma penalidade no último mapa.

A normalização por lote do Keras calcula média, variância e o resto em operações separadas, cada uma
com outra passagem pela memória; a operação fundida do TensorFlow faz a mesma conta de uma vez. O
que se guarda continua a ser a rede original: esta divide com ela as outras camadas e só existe
enquanto se treina.
"""

import functools
from typing import TYPE_CHECKING

from covidcam.errors import InputError

if TYPE_CHECKING:
    import keras


def learner(model: "keras.Model", sparsity: float = 0.0) -> "keras.Model":
    """A rede a treinar no lugar de outra, com os mesmos pesos.

    Parameters
    ----------
    model : keras.Model
    sparsity : float
        A penalidade, somada à perda, por unidade de ativação no último mapa da rede.

    Returns
    -------
    keras.Model
        Divide com `model` as camadas, menos o último mapa, que ganha a penalidade, e as
        normalizações por lote, que são fundidas e têm cópias dos pesos.

    Raises
    ------
    InputError
        Se há uma penalidade e nenhum mapa, ou se ela é negativa.
    """
    import keras

    maps = [layer for layer in model.layers if len(layer.output.shape) == 4]
    if sparsity < 0 or (sparsity and not maps):
        raise InputError(
            f"A penalidade por ativação é {sparsity:g}, e a parte que se treina tem {len(maps)}"
            " camadas com mapas; aceita-se de 0 para cima, e só 0 onde não há mapa."
        )

    def copy(layer):
        if type(layer) is keras.layers.BatchNormalization and layer in maps:
            return fused_normalization().from_config(layer.get_config())
        if sparsity and layer is maps[-1]:
            penalty = {"activity_regularizer": keras.regularizers.L1(sparsity)}
            return type(layer).from_config(layer.get_config() | penalty)
        return layer

    copied = keras.models.clone_model(model, clone_function=copy)
    copied.set_weights(model.get_weights())
    return copied


@functools.cache
def fused_normalization() -> type:
    """A normalização por lote do Keras, fundida onde ela usa as estatísticas do lote.

    Returns
    -------
    type
        Uma camada; nasce aqui dentro para que importar o pacote não carregue o TensorFlow.
    """
    import keras
    import tensorflow as tf

    class FusedBatchNormalization(keras.layers.BatchNormalization):
        def call(self, inputs, training=False, mask=None):
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

    return FusedBatchNormalization
