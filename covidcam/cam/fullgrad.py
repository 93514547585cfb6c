"""O gradiente completo: o logit repartido, sem resto, entre a imagem e os vieses da rede.

Em uma rede de camadas afins e retificações, y = ∇ₓy · x + Σ ∇_b y · b, com a soma por todos os
vieses. O que uma normalização em lote põe em cada canal é um viés como os outros.

Srinivas & Fleuret, NeurIPS 2019, arXiv:1905.00780.
"""

import numpy as np

from covidcam.cam import tf
from covidcam.cam.cut import connected, slopes
from covidcam.cam.head import activation_name, closes
from covidcam.cam.options import Flag
from covidcam.cam.steps import own
from covidcam.errors import ModelError

AFFINE = "Conv2D DepthwiseConv2D SeparableConv2D Dense BatchNormalization"
HOMOGENEOUS = "MaxPooling2D AveragePooling2D GlobalMaxPooling2D GlobalAveragePooling2D Add Average "
HOMOGENEOUS += "Concatenate Flatten Reshape Permute Dropout SpatialDropout2D Identity LeakyReLU "
HOMOGENEOUS += "ZeroPadding2D Cropping2D UpSampling2D"
OPERATIONS = {"Concatenate", "GetItem", "Reshape", "Transpose", "Relu"}  # as de ``keras.ops``


def full_grad(probe, *, absolute: Flag = False):
    """FullGrad: x ⊙ ∂y/∂x + Σ b ⊙ ∂y/∂b, os vieses de cada mapa da rede ampliados à imagem.

    A soma do mapa (N, H, W) mais os vieses das camadas sem espaço é y, quando os lados dos mapas
    dividem os da imagem; x é a imagem depois da normalização da entrada. O artigo toma o valor
    absoluto e leva a [0, 1] cada parcela antes de as somar, o que ``absolute`` faz só no primeiro
    ponto. Uma rede com outra coisa que camadas afins e retificações é recusada. Custa uma ida e
    uma volta pela rede.
    Srinivas & Fleuret, NeurIPS 2019, arXiv:1905.00780.
    """
    size = probe.images.shape[1:3]
    total = np.zeros(probe.images.shape[:3], np.float32)
    for slot, part in probe.contributions():
        part = np.abs(part) if absolute else part.numpy()
        share = np.float32(part[0].size / np.prod(size))
        total += share * probe.enlarge(part, slot=slot)
    return tf.constant(total)


def contributions(passage):
    """As parcelas de y, cada uma um mapa (N, h, w): a da entrada e a dos vieses de cada mapa."""
    network, values = passage.network, passage.values
    check_covered(network, after_preparation(network))
    biased, slots = with_bias(network), places(network)
    start = slots[0]
    found = slopes(passage.logit, [values[slot] for slot in slots], half=passage.half)
    maps = [network.layouts[slot].map_of for slot in slots]
    parts = [maps[0](values[start]) * maps[0](connected(found[0]))]
    for (step, bias), map_of, slope in zip(biased, maps[1:], found[1:], strict=True):
        value = map_of(values[step.slots[0]])
        slope = tf.zeros_like(value) if slope is None else map_of(slope)
        if activation_name(step.layer) == "relu":
            slope *= tf.cast(value > 0, tf.float32)
        parts.append(slope * bias)
    return [tf.reduce_sum(part, axis=-1) for part in parts]


def with_bias(network):
    """Os passos que escrevem um mapa e têm viés, cada um com o seu."""
    steps = network.after(after_preparation(network))
    maps = [step for step in steps if network.is_map(step.slots[0])]
    return [(step, bias) for step in maps if (bias := bias_of(step)) is not None]


def places(network):
    """As posições dos mapas das parcelas: a da imagem preparada e as dos mapas com viés."""
    return [after_preparation(network), *(step.slots[0] for step, _ in with_bias(network))]


def after_preparation(network):
    """A posição da imagem preparada.

    É a saída do último passo que a regra não cobre, dos que vêm antes da primeira camada afim, se
    até ele o caminho é um só.
    """
    slot = start = network.input
    while True:
        readers = network.readers(slot)
        if len(readers) != 1 or len(readers[0].sources) != 1 or is_kind(readers[0], AFFINE):
            return start
        slot = readers[0].slots[0]
        if slot not in network.layouts:
            return start
        start = start if homogeneous(readers[0]) else slot


def check_covered(network, start):
    """Recusa a rede em que a soma das parcelas não é o logit."""
    last = True
    for step in reversed(network.after(start)):
        closing = last and closes(step)
        affine = is_kind(step, AFFINE)
        rectified = activation_name(step.layer) in {None, "linear", "relu"}
        ends = last and is_kind(step, "Dense Conv2D")  # a ativação final é desfeita
        if not (closing or (affine and (rectified or ends)) or homogeneous(step)):
            raise ModelError(
                "'fullgrad' só reparte o logit de uma rede de camadas afins e ReLU; aqui, "
                f"{step.layer.name!r} ({type(step.layer).__name__}) não é uma delas. Use "
                "'integrated-gradients', que vale em qualquer rede."
            )
        last = last and closing


def homogeneous(step):
    """Diz se multiplicar a entrada do passo por um número positivo multiplica a saída por ele."""
    import keras

    layer = step.layer
    if not isinstance(layer, keras.layers.Layer):
        return type(layer).__name__ in OPERATIONS
    if own(layer, keras.layers.ReLU):
        return layer.max_value is None and layer.threshold == 0
    if own(layer, keras.layers.Activation):
        return activation_name(layer) in {"linear", "relu"}
    return is_kind(step, HOMOGENEOUS)


def is_kind(step, names):
    """Diz se a camada é de um destes tipos da Keras, sem conta própria."""
    import keras

    return any(own(step.layer, getattr(keras.layers, name)) for name in names.split())


def bias_of(step):
    """O que um passo afim soma a cada canal (K,), ou None se não soma nada."""
    import keras

    layer = step.layer
    if own(layer, keras.layers.BatchNormalization):
        sides = [1] * len(step.shape)
        sides[layer.axis] = step.shape[layer.axis]
        zero = tf.zeros(sides, layer.compute_dtype)
        return tf.cast(tf.reshape(layer(zero, training=False), (-1,)), tf.float32)
    if is_kind(step, AFFINE) and layer.use_bias:
        return tf.cast(tf.convert_to_tensor(layer.bias), tf.float32)
    return None
