"""A sonda: o que um método de pixel ou de perturbação pode perguntar ao modelo."""

from covidcam import progress
from covidcam.cam import tf
from covidcam.cam.cut import Cut, Passage, connected, slopes
from covidcam.cam.direction import contrast
from covidcam.cam.fullgrad import contributions, places
from covidcam.cam.guided import RULES, check_rectifiers, register_rules
from covidcam.cam.heatmaps import upsample
from covidcam.cam.memory import aligned, tensor_of


class Probe:
    """As perguntas que um método faz fora do grafo, muitas vezes.

    Attributes
    ----------
    images : tensor of float32, shape (N, H, W, C)
    explained : tensor of float32, shape (N, classes)
        A direção explicada em cada imagem.
    logit : tensor of float32, shape (N,)
        y, os logits das imagens inteiras ao longo da direção.
    batch_size : int
        Quantas imagens alteradas cabem em uma passagem.
    slot : int
        A posição do mapa que o método lê, ou a da entrada.
    """

    def __init__(self, engine, images, explained, logits, batch_size, slot):
        self.engine, self.batch_size, self.slot = engine, batch_size, slot
        self.images, self.explained = images, explained
        self.logit = contrast(logits, explained)

    def gradient(self, images, guided=False):
        """Devolve ∂y/∂x (N, H, W, C); guiado, só o que é positivo volta por cada ReLU."""
        network = self.engine.network

        def slope(images, explained):
            graph = tf.compat.v1.get_default_graph()
            with graph.gradient_override_map(RULES if guided else {}):
                passage = network.run(images)
            if guided:
                check_rectifiers(graph.get_operations())
            logit = contrast(network.read(passage[network.output])[0], explained)
            half = any(value.dtype == tf.float16 for value in passage.values())
            return connected(*slopes(logit, [images], half=half))

        register_rules()
        return self.engine.function(("gradient", guided), slope)(images, self.explained)

    def cut(self, images, quantity):
        """Devolve uma grandeza de ``Cut`` no mapa, nestas imagens e para a direção explicada."""
        network, slot = self.engine.network, self.slot

        def read(images, explained):
            return getattr(Cut(passage_of(network, images, explained, slot), slot), quantity)

        return self.engine.function(("cut", slot, quantity), read)(images, self.explained)

    def contributions(self):
        """Devolve as parcelas do logit de ``fullgrad.py``: pares (posição, mapa (N, h, w))."""
        network = self.engine.network

        def read(images, explained):
            return contributions(passage_of(network, images, explained))

        parts = self.engine.function(("contributions",), read)(self.images, self.explained)
        return list(zip(places(network), parts, strict=True))

    def enlarge(self, maps, out=None, slot=None):
        """Leva mapas (K, h, w) de uma camada ao tamanho da imagem, cada célula no seu lugar."""
        slot, size = self.slot if slot is None else slot, tuple(self.images.shape[1:3])
        registration = self.engine.network.registration(slot, size, maps.shape[1:])
        return upsample(maps, size, out, registration)

    def masks(self, count):
        """Devolve máscaras (K, H, W) por preencher, que vão ao modelo sem cópia."""
        return aligned((count, *self.images.shape[1:3]))

    def masked(self, index, masks, reference=None):
        """Devolve y (K,) da imagem ``index`` sob K máscaras (K, H, W).

        Onde a máscara vale 1 fica a imagem; onde vale 0, ``reference``: um número, (C,), ou o
        zero (None).
        """
        network = self.engine.network

        def forward(images, explained, index, masks, *fill):
            altered = blend(images[index], masks, *fill)
            return contrast(network.logits(altered), explained[index])

        given = [tf.constant(index), tensor_of(masks)]
        specs = [tf.TensorSpec((), tf.int32), tf.TensorSpec((None, None, None), tf.float32)]
        if reference is not None:
            given.append(tf.broadcast_to(tf.cast(reference, tf.float32), self.images.shape[3:]))
            specs.append(tf.TensorSpec(given[2].shape, tf.float32))
        function = self.engine.function(("masked", len(given)), forward, *specs)
        return function(self.images, self.explained, *given)

    def chunks(self, items):
        """Corta ``items`` em pedaços que cabem em uma passagem."""
        return (items[i : i + self.batch_size] for i in range(0, len(items), self.batch_size))

    def watch(self, steps, title):
        """Percorre ``steps`` com uma barra de progresso, se há um terminal que a mostre."""
        return progress.bar(steps, desc=title, leave=False)


def passage_of(network, images, explained, *slots):
    """A rede corrida sobre imagens, para uma direção (N, classes) que já se conhece."""
    return Passage(network, images, tf.pad(explained, ((0, 0), (0, 2))), slots)


def blend(image, masks, fill=None):
    """A imagem (H, W, C) sob as máscaras (K, H, W), com ``fill`` (C,) onde elas valem 0.

    Com os canais postos lado a lado na largura, as contas custam a metade.
    """
    height, width, channels = tf.unstack(tf.shape(image))
    masks = tf.repeat(masks, channels, axis=2)
    altered = tf.reshape(image, (1, height, width * channels))
    if fill is None:
        altered = masks * altered
    else:
        below = tf.tile(fill, [width])
        altered = masks * (altered - below) + below
    return tf.reshape(altered, (-1, height, width, channels))
