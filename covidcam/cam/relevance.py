"""A relevância por camadas: o logit repartido, camada a camada, até um mapa.

Pela regra z⁺, cada neurônio divide a relevância que recebeu entre as suas entradas na proporção
do que cada uma o fez subir, (w x)⁺ / Σ (w x)⁺; o viés e o que o fez descer não recebem. O total se
conserva de camada em camada, exceto onde nada fez um neurônio subir. A regra só vale entre
retificações: uma rede com outra coisa no caminho é recusada.

Bach et al., PLOS ONE 10:e0130140 (2015), doi:10.1371/journal.pone.0130140; Montavon et al.,
Pattern Recognition 65:211-222 (2017), doi:10.1016/j.patcog.2016.11.008.
"""

from covidcam.cam import tf
from covidcam.cam.head import activation_name, closes, is_dense, kernel_of, passes
from covidcam.cam.steps import own
from covidcam.errors import ModelError

RECTIFIED = {None, "linear", "relu"}


def relevance(passage, slot):
    """A relevância de cada valor na posição ``slot``, na forma em que a rede o guarda."""
    network, values = passage.network, passage.values
    found = {network.output: at_output(passage)}
    signs, last = {}, True  # ``last``: ainda não se cruzou a camada que dá o logit
    for step in reversed(network.after(slot)):
        (output,) = step.slots
        received = found.pop(output)
        sources = list(dict.fromkeys(step.sources.values()))
        inputs = [tf.cast(values[source], tf.float32) for source in sources]
        sign = signs.pop(output, 1.0)
        if last and closes(step):
            shares = [tf.reshape(received, tf.shape(inputs[0]))]
        elif is_normalization(step):
            signs[sources[0]] = tf.sign(step.layer.gamma) if step.layer.scale else 1.0
            if sources[0] != slot:
                check_before(network, sources[0])
            shares = [received]
        else:
            shares, last = shared(step, inputs, received, sign, last), False
        for source, share in zip(sources, shares, strict=True):
            found[source] = found[source] + share if source in found else share
    return found[slot]


def at_output(passage):
    """A direção explicada, na forma da saída da rede; uma só saída vale (-z, z)."""
    direction, network = passage.explained, passage.network
    if network.units == 1:
        direction = direction[:, 1:] - direction[:, :1]
    return tf.reshape(direction, tf.shape(passage.values[network.output]))


def is_normalization(step):
    """Diz se o passo é uma normalização por canal, que a regra atravessa sem dividir nada."""
    import keras

    return own(step.layer, keras.layers.BatchNormalization) and step.layer.axis in (
        -1,
        len(step.shape) - 1,
    )


def check_before(network, slot):
    """Recusa a normalização que não segue uma camada linear ou uma soma, em que entra o sinal."""
    import keras

    step = network.producer.get(slot)
    signed = step is not None and (own(step.layer, keras.layers.Add) or linear_map(step))
    if not signed or len(network.readers(slot)) != 1:
        raise uncovered(network.readers(slot)[0])


def shared(step, inputs, received, sign, last):
    """O que cada entrada do passo recebe do que a saída recebeu."""
    import keras

    kinds, layer = keras.layers, step.layer
    if own(layer, kinds.ReLU) or (
        own(layer, kinds.Activation) and activation_name(layer) in RECTIFIED
    ):
        return [received]
    if own(layer, kinds.Add):
        positive = [tf.nn.relu(sign * one) for one in inputs]
        total = tf.math.divide_no_nan(received, tf.add_n(positive))
        return [one * total for one in positive]
    single = inputs[0]
    if passes(step) or any(
        own(layer, kind) for kind in (kinds.Reshape, kinds.MaxPooling2D, kinds.GlobalMaxPooling2D)
    ):
        output = layer(single)
        return tf.gradients(output, [single], grad_ys=tf.cast(received, output.dtype))
    linear = linear_map(step)
    known = activation_name(layer) in RECTIFIED or (last and is_dense(step))
    if linear is None or not known:
        raise uncovered(step)
    above, below = tf.nn.relu(single), -tf.nn.relu(-single)
    raised = linear(above, sign, tf.nn.relu) + linear(below, sign, lambda w: -tf.nn.relu(-w))
    each = tf.math.divide_no_nan(tf.reshape(received, tf.shape(raised)), raised)
    slopes = tf.gradients(raised, [above, below], grad_ys=each, stop_gradients=[above, below])
    return [above * slopes[0] + below * (0.0 if slopes[1] is None else slopes[1])]


def linear_map(step):
    """Devolve ``(x, sinal, corte) -> corte(sinal W) x``, sem viés, ou None se não é linear."""
    import keras

    kinds, layer = keras.layers, step.layer
    if getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        return None
    if is_dense(step):
        kernel = kernel_of(layer)
        flat = lambda x: tf.reshape(x, (-1, kernel.shape[0]))  # noqa: E731
        return lambda x, sign, part: tf.matmul(flat(x), part(sign * kernel))
    if own(layer, kinds.AveragePooling2D) or own(layer, kinds.GlobalAveragePooling2D):
        return lambda x, sign, part: tf.cast(layer(x), tf.float32) * part(sign * tf.ones(()))
    if own(layer, kinds.Conv2D) and layer.data_format == "channels_last":
        kernel = tf.cast(tf.convert_to_tensor(layer.kernel), tf.float32)
        options = (layer.strides, layer.padding, "channels_last", layer.dilation_rate)
        return lambda x, sign, part: keras.ops.conv(x, part(sign * kernel), *options)
    return None


def uncovered(step):
    """A recusa do que a regra não cobre."""
    return ModelError(
        f"'relevance-cam' reparte o logit por camadas lineares, ReLU, somas e agrupamentos; aqui, "
        f"{step.layer.name!r} ({type(step.layer).__name__}) está no caminho. Use 'grad-cam', ou "
        "uma camada mais perto do logit."
    )
