"""A rede corrida uma vez e cortada em um mapa: tudo o que um método pode pedir dela ali.

Uma grandeza nova é uma propriedade de ``Cut``; um método a pede pelo nome do parâmetro.
"""

from functools import cached_property

from covidcam.cam import tf
from covidcam.cam.direction import contrast, explained
from covidcam.cam.network import FINAL_ACTIVATIONS
from covidcam.errors import ModelError


class Passage:
    """A rede corrida uma vez sobre um lote, e a direção que se explica.

    Attributes
    ----------
    values : dict of int to tensor
        O que passou por cada posição da rede.
    logits, scores : tensor of float32, shape (N, classes)
    explained : tensor of float32, shape (N, classes)
        A direção sobre os logits.
    logit : tensor of float32, shape (N,)
        y, o que se explica.
    """

    def __init__(self, network, images, asked, slots):
        self.network, self.slots = network, slots
        self.values = network.run(images)
        self.logits, self.scores = network.read(self.values[network.output])
        self.explained = explained(asked, self.logits)
        self.logit = contrast(self.logits, self.explained)

    @cached_property
    def gradients(self):
        """∂y/∂A de todos os mapas cortados, numa só volta; None onde não há caminho."""
        maps = [self.values[slot] for slot in self.slots]
        return dict(zip(self.slots, slopes(self.logit, maps), strict=True))


class Cut:
    """Uma passagem cortada no mapa A da posição ``slot``."""

    def __init__(self, passage, slot):
        self.passage, self.network, self.slot = passage, passage.network, slot

    @cached_property
    def activation(self):
        """A (N, h, w, K): a saída da camada explicada."""
        return tf.cast(self.passage.values[self.slot], tf.float32)

    @cached_property
    def gradient(self):
        """G = ∂y/∂A (N, h, w, K)."""
        return connected(self.passage.gradients[self.slot])

    @cached_property
    def curvature(self):
        """H A (N, h, w, K), com H = ∂²y/∂A²: zero onde o logit é linear no mapa."""
        along = tf.stop_gradient(self.activation)
        (product,) = tf.gradients(
            self.gradient, self.passage.values[self.slot], along, unconnected_gradients="zero"
        )
        return tf.cast(product, tf.float32)

    @cached_property
    def drop(self):
        """Quanto y perde quando cada canal do mapa é zerado: (N, K)."""
        return drop(self.passage, self.slot)

    @cached_property
    def features(self):
        """F (N, h, w, K): o que entra no agrupamento global, onde a rede foi cortada."""
        return self.activation

    @cached_property
    def weights(self):
        """Os pesos (N, K) que levam cada canal, depois da média global, a y."""
        _, dense = self.network.pooled_head()
        kernel = kernel_of(dense)
        if kernel.shape[1] == 1:
            kernel = tf.concat([-kernel, kernel], axis=1)
        return tf.matmul(self.passage.explained, kernel, transpose_b=True)


QUANTITIES = frozenset(
    name for name, kind in vars(Cut).items() if isinstance(kind, cached_property)
)


def slopes(logit, tensors):
    """∂y/∂tensor de cada um; a soma do lote dá o de cada imagem, que só depende dela mesma."""
    try:
        found = tf.gradients(logit, tensors)
    except LookupError as error:
        raise ModelError(f"uma operação do modelo não tem derivada: {error}") from error
    return [None if slope is None else tf.cast(slope, tf.float32) for slope in found]


def connected(slope):
    """Recusa a derivada que não existe."""
    if slope is None:
        raise ModelError(
            "o logit não depende do mapa por nenhum caminho derivável: não há gradiente. Escolha "
            "outra camada ou um método de perturbação ('occlusion', 'rise')."
        )
    return slope


def kernel_of(dense):
    """Os pesos de uma camada densa, em float32."""
    return tf.cast(tf.convert_to_tensor(dense.kernel), tf.float32)


def drop(passage, slot):
    """Quanto o logit perde quando cada canal do mapa é zerado: (N, K).

    Onde os canais só se encontram em uma camada densa, o canal k altera a entrada dela em
    f(A) - f(0) apenas nas suas posições: basta uma multiplicação. Nos outros casos corre só o
    trecho depois do mapa, uma vez por canal.
    """
    network, values, logit = passage.network, passage.values, passage.logit
    activation = values[slot]
    channels = activation.shape[-1]
    separable = network.separable_head(slot)
    if separable is None:
        head = network.after(slot)

        def without(channel):
            kept = 1 - tf.one_hot(channel, channels, dtype=activation.dtype)
            output = network.resume(head, values | {slot: activation * kept})[network.output]
            return contrast(network.read(output)[0], passage.explained)

        every = tf.range(channels)
        left = tf.map_fn(without, every, fn_output_signature=tf.float32, parallel_iterations=1)
        return logit[:, None] - tf.transpose(left)

    before, dense, after = separable
    (entry,) = dense.sources.values()
    zeros = network.resume(before, {slot: tf.zeros_like(activation[:1])})[entry]
    change = tf.cast(values[entry] - zeros, tf.float32)
    kernel = kernel_of(dense.layer)
    units = kernel.shape[1]
    positions = kernel.shape[0] // channels
    lost = tf.einsum(
        "npk,pku->nku",
        tf.reshape(change, (-1, positions, channels)),
        tf.reshape(kernel, (positions, channels, units)),
    )
    if not after and dense.layer.activation.__name__ in FINAL_ACTIVATIONS:
        lost = tf.concat([-lost, lost], axis=2) if units == 1 else lost
        return contrast(lost, passage.explained[:, None])
    entire = tf.matmul(tf.cast(values[entry], tf.float32), kernel)
    if dense.layer.use_bias:
        entire += tf.cast(tf.convert_to_tensor(dense.layer.bias), tf.float32)
    hidden = dense.layer.activation(tf.reshape(entire[:, None] - lost, (-1, units)))
    left = network.read(network.resume(after, {dense.slots[0]: hidden})[network.output])[0]
    left = tf.reshape(left, (-1, channels, network.classes))
    return logit[:, None] - contrast(left, passage.explained[:, None])
