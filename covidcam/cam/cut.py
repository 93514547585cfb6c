"""A rede corrida uma vez e cortada em um mapa: tudo o que um método pode pedir dela ali.

Uma grandeza nova é uma propriedade de ``Cut``; um método a pede pelo nome do parâmetro.
"""

from functools import cached_property

from covidcam.cam import tf
from covidcam.cam.direction import contrast, explained
from covidcam.cam.head import activation_name, kernel_of, separable_head
from covidcam.cam.logits import LOOKED_THROUGH
from covidcam.cam.relevance import relevance
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
        found = slopes(self.logit, maps, half=self.half)
        return dict(zip(self.slots, found, strict=True))

    @cached_property
    def half(self):
        """Se algo na rede está em float16, que perde os gradientes pequenos."""
        return any(value.dtype == tf.float16 for value in self.values.values())


class Cut:
    """Uma passagem cortada no mapa A da posição ``slot``."""

    def __init__(self, passage, slot):
        self.passage, self.network, self.slot = passage, passage.network, slot
        self.layout = self.network.layouts.get(slot)

    @cached_property
    def activation(self):
        """A (N, h, w, K): a saída da camada explicada."""
        return self.layout.map_of(self.passage.values[self.slot])

    @cached_property
    def gradient(self):
        """G = ∂y/∂A (N, h, w, K)."""
        return self.layout.map_of(connected(self.passage.gradients[self.slot]))

    @cached_property
    def curvature(self):
        """H A (N, h, w, K), com H = ∂²y/∂A²: zero onde o logit é linear no mapa."""
        tensor = self.passage.values[self.slot]
        along = tf.stop_gradient(self.activation)
        slope = tf.reduce_sum(self.gradient * along, axis=(1, 2, 3))
        (product,) = slopes(slope, [tensor], half=self.passage.half)
        product = tf.zeros_like(tensor) if product is None else product
        return self.layout.map_of(product)

    @cached_property
    def drop(self):
        """Quanto y perde quando cada canal do mapa é zerado: (N, K)."""
        return drop(self.passage, self.slot)

    @cached_property
    def alone(self):
        """Quanto y ganha quando só a vizinhança 3 x 3 de uma posição do mapa fica: (N, h, w)."""
        return alone(self.passage, self.slot, tf.shape(self.activation))

    @cached_property
    def relevance(self):
        """R (N, h, w, K): a parte de y que a regra z⁺ põe em cada valor do mapa."""
        return self.layout.map_of(relevance(self.passage, self.slot))

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


# A fração de um logit que as contas em float32 podem errar.
ROUNDING = 16 * 2.0**-23
# Quantas vezes o logit é multiplicado, em float16, antes da volta.
HALF_SCALES = (2.0**8, 2.0**16, 2.0**24)


def slopes(logit, tensors, half=False):
    """∂y/∂tensor de cada um, em float32; a soma do lote dá o de cada imagem, que é só dela.

    Em float16 (``half``) um gradiente pequeno vira zero no caminho: ele é calculado também em
    escalas maiores, e de cada imagem fica o da maior em que nada estourou.
    """
    found = scaled_slopes(logit, tensors, 1)
    for scale in HALF_SCALES if half else ():
        larger = scaled_slopes(logit, tensors, scale)
        found = [
            known if known is None else tf.where(all_finite(more), more, known)
            for known, more in zip(found, larger, strict=True)
        ]
    return found


def scaled_slopes(logit, tensors, scale):
    """∂(scale · y)/∂tensor / scale."""
    try:
        found = tf.gradients(logit * scale if scale != 1 else logit, tensors)
    except LookupError as error:
        raise ModelError(f"uma operação do modelo não tem derivada: {error}") from error
    return [None if one is None else tf.cast(one, tf.float32) / scale for one in found]


def all_finite(tensor):
    """Se todos os valores de cada imagem são finitos, com eixos para difundir."""
    axes = list(range(1, len(tensor.shape)))
    return tf.reduce_all(tf.math.is_finite(tensor), axis=axes, keepdims=True)


def connected(slope):
    """Recusa a derivada que não existe."""
    if slope is None:
        raise ModelError(
            "o logit não depende do mapa por nenhum caminho derivável: não há gradiente. Escolha "
            "outra camada ou um método de perturbação ('occlusion', 'rise')."
        )
    return slope


def drop(passage, slot):
    """Quanto o logit perde quando cada canal do mapa é zerado: (N, K).

    Onde os canais só se encontram em uma camada densa, o canal k altera a entrada dela em
    f(A) - f(0) apenas nas suas posições: basta uma multiplicação. Nos outros casos corre só o
    trecho depois do mapa, uma vez por canal.
    """
    network, values, logit = passage.network, passage.values, passage.logit
    activation = values[slot]
    layout = network.layouts[slot]
    channels = activation.shape[layout.axis]
    separable = separable_head(network, slot)
    if separable is None:
        head = network.after(slot)

        def without(channel):
            altered = values | {slot: layout.without(activation, channel)}
            output = network.resume(head, altered)[network.output]
            return contrast(network.read(output)[0], passage.explained)

        every = tf.range(channels)
        left = tf.map_fn(without, every, fn_output_signature=tf.float32, parallel_iterations=1)
        return fall(logit, tf.transpose(left))

    before, dense, after = separable
    (entry,) = dense.sources.values()
    zeros = network.resume(before, {slot: tf.zeros_like(activation[:1])})[entry]
    change = tf.cast(values[entry], tf.float32) - tf.cast(zeros, tf.float32)
    kernel = kernel_of(dense.layer)
    units = kernel.shape[1]
    positions = kernel.shape[0] // channels
    lost = tf.einsum(
        "npk,pku->nku",
        tf.reshape(change, (-1, positions, channels)),
        tf.reshape(kernel, (positions, channels, units)),
    )
    if not after and activation_name(dense.layer) in LOOKED_THROUGH:
        lost = tf.concat([-lost, lost], axis=2) if units == 1 else lost
        return contrast(lost, passage.explained[:, None])
    whole = tf.reshape(tf.cast(values[entry], tf.float32), (-1, kernel.shape[0]))
    entire = tf.matmul(whole, kernel)
    if dense.layer.use_bias:
        entire += tf.cast(tf.convert_to_tensor(dense.layer.bias), tf.float32)
    hidden = tf.reshape(entire[:, None] - lost, (-1, *dense.shape[1:]))
    hidden = dense.layer.activation(tf.cast(hidden, values[dense.slots[0]].dtype))
    left = network.read(network.resume(after, {dense.slots[0]: hidden})[network.output])[0]
    left = tf.reshape(left, (-1, channels, network.classes))
    return fall(logit, contrast(left, passage.explained[:, None]))


def fall(logit, left):
    """A queda y - yₖ (N, K); zero na imagem em que nenhuma passa do arredondamento de y."""
    lost = logit[:, None] - left
    largest = tf.reduce_max(tf.abs(lost), axis=1, keepdims=True)
    return tf.where(largest > ROUNDING * tf.abs(logit)[:, None], lost, 0.0)


def alone(passage, slot, shape):
    """Quanto o logit ganha quando do mapa só fica a vizinhança de uma posição: (N, h, w).

    A vizinhança pesa 1/4 no centro, 1/8 nos lados e 1/16 nos cantos; o que conta é o logit acima
    daquele do mapa todo zerado. Corre só o trecho depois do mapa, uma vez por posição.
    """
    network, values = passage.network, passage.values
    layout, head = network.layouts[slot], network.after(slot)
    height, width = shape[1], shape[2]

    def under(mask):
        altered = values | {slot: layout.under(values[slot], mask)}
        return contrast(
            network.read(network.resume(head, altered)[network.output])[0], passage.explained
        )

    def near(place, side):
        distance = tf.abs(tf.range(side) - place)
        return tf.where(distance > 1, 0.0, 0.5 - tf.cast(distance, tf.float32) / 4)

    def around(place):
        row, column = near(place // width, height), near(place % width, width)
        return under(row[:, None] * column)

    every = tf.range(height * width)
    found = tf.map_fn(around, every, fn_output_signature=tf.float32, parallel_iterations=1)
    nothing = under(tf.zeros((height, width)))
    return tf.reshape(-fall(nothing, tf.transpose(found)), shape[:3])
