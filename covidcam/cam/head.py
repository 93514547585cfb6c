"""O que vem depois do último mapa: onde a CAM é definida e onde os canais se separam."""

from covidcam.cam import tf
from covidcam.cam.logits import LOOKED_THROUGH
from covidcam.cam.steps import own
from covidcam.errors import ModelError

ELEMENTWISE = {"relu", "linear", "elu", "gelu", "silu", "tanh"}


def is_dense(step):
    """Diz se o passo é uma camada densa: x W + b, e nada mais antes da ativação.

    Uma convolução 1 x 1 sobre uma só posição também é. Uma camada quantizada não: ela arredonda
    o que recebe.
    """
    import keras

    kinds, layer = keras.layers, step.layer
    if getattr(layer, "quantization_mode", None) is not None:
        return False
    if own(layer, kinds.Dense):
        return len(step.shape) == 2
    one = own(layer, kinds.Conv2D) and layer.kernel_size == (1, 1) and layer.groups == 1
    return one and layer.data_format == "channels_last" and step.shape[1:3] == (1, 1)


def kernel_of(dense):
    """Os pesos (entradas, unidades) de uma camada densa, em float32."""
    kernel = tf.cast(tf.convert_to_tensor(dense.kernel), tf.float32)
    return tf.reshape(kernel, (-1, kernel.shape[-1]))


def activation_name(layer):
    """O nome da ativação de uma camada; o da classe, se ela é um objeto; None, se não tem."""
    activation = getattr(layer, "activation", None)
    return getattr(activation, "__name__", activation and type(activation).__name__)


def passes(step):
    """Diz se o passo só deixa passar o que recebe: descarte, identidade, mudança de forma."""
    import keras

    kinds = keras.layers
    if own(step.layer, kinds.Activation):
        return activation_name(step.layer) == "linear"
    return any(own(step.layer, kind) for kind in (kinds.Dropout, kinds.Identity, kinds.Flatten))


def closes(step):
    """Diz se o passo, depois da densa, é dos que se olha através para chegar ao logit."""
    import keras

    kinds = keras.layers
    if own(step.layer, kinds.Activation):
        return activation_name(step.layer) in LOOKED_THROUGH
    return passes(step) or any(own(step.layer, kind) for kind in (kinds.Softmax, kinds.Reshape))


def pooled_head(network):
    """Devolve a posição do que entra no agrupamento global e a camada densa que o segue."""
    import keras

    kinds = keras.layers
    slot, dense = network.output, None
    while slot in network.producer:
        step = network.producer[slot]
        slot = next(iter(step.sources.values()))
        if dense is not None and own(step.layer, kinds.GlobalAveragePooling2D):
            return slot, dense
        if dense is None and is_dense(step) and activation_name(step.layer) in LOOKED_THROUGH:
            dense = step.layer
        elif len(step.sources) != 1 or not (passes(step) if dense else closes(step)):
            break
    raise ModelError(
        "'cam' só é definido onde o último mapa entra em GlobalAveragePooling2D e uma única "
        f"camada densa leva às classes; aqui, {step.layer.name!r} "
        f"({type(step.layer).__name__}) está no caminho. Use 'grad-cam', que generaliza a CAM."
    )


def separable_head(network, slot):
    """Corta o trecho depois de ``slot`` na primeira densa, se até ela os canais não se tocam.

    Devolve (passos antes, a densa, passos depois), ou None se os canais se encontram antes
    ou se algo passa ao lado da densa.
    """
    steps, current = network.after(slot), slot
    if network.layouts[slot].axis != 3:
        return None
    channels = network.shape(slot)[-1]
    for i, step in enumerate(steps):
        if list(step.sources.values()) != [current]:
            return None
        if is_dense(step):
            inside = {slot for later in steps[i:] for slot in later.slots}
            aside = any(set(later.sources.values()) - inside for later in steps[i + 1 :])
            return None if aside else (steps[:i], step, steps[i + 1 :])
        if not channelwise(step, channels):
            return None
        current = step.slots[0]
    return None


def channelwise(step, channels):
    """Diz se o passo trata cada canal sem olhar os outros e deixa os canais por último."""
    import keras

    kinds, layer = keras.layers, step.layer
    if own(layer, kinds.Activation):
        return activation_name(layer) in ELEMENTWISE
    if own(layer, kinds.BatchNormalization):
        return layer.axis in (-1, len(step.shape) - 1)
    if own(layer, kinds.Reshape):
        return len(step.shape) == 2 or step.shape[-1] == channels
    pooling = (kinds.MaxPooling2D, kinds.AveragePooling2D)
    pooling += (kinds.GlobalMaxPooling2D, kinds.GlobalAveragePooling2D)
    if any(own(layer, kind) for kind in pooling):
        return layer.data_format == "channels_last"
    return any(own(layer, kind) for kind in (kinds.ReLU, kinds.Dropout, kinds.Flatten))
