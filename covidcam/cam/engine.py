"""O motor: a rede é compilada, corre uma vez e serve a todos os métodos pedidos.

Um método diz, pelos nomes dos seus parâmetros, o que quer do motor (``activation``,
``gradient``, …), e o motor calcula só isso. Os que leem o mapa de ativação ficam no mesmo grafo:
uma passagem pela rede e uma volta pelo trecho entre o mapa e o logit. Os que perguntam ao modelo
muitas vezes recebem uma sonda (``probe``) e correm fora do grafo.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from tqdm import tqdm

from covidcam.cam import tf
from covidcam.cam.heatmaps import upsample
from covidcam.cam.methods import METHODS
from covidcam.cam.network import FINAL_ACTIVATIONS, Network
from covidcam.errors import InputError, ModelError

AT_THE_MAP = {"activation", "gradient", "drop"}
# Um motor vive enquanto vive o seu modelo: nada nele aponta de volta para a chave.
ENGINES = WeakKeyDictionary()
ALIGNMENT = 64
GUIDED = {"Relu": "CovidcamGuidedRelu", "Relu6": "CovidcamGuidedRelu6"}


def wants(name):
    """Devolve o que o método pede do motor: os nomes dos seus parâmetros posicionais."""
    return {p.name for p in parameters(name) if p.kind is p.POSITIONAL_OR_KEYWORD}


def settings(name):
    """Devolve as opções do método, os seus parâmetros só nomeados, e os valores padrão."""
    return {p.name: p.default for p in parameters(name) if p.kind is p.KEYWORD_ONLY}


def parameters(name):
    """Devolve os parâmetros do método."""
    return signature(METHODS[name]).parameters.values()


@cache
def signature(method):
    """A assinatura da função, lida uma vez."""
    return inspect.signature(method)


def engine_for(graph, output):
    """Devolve o motor de uma saída do grafo: o mesmo enquanto o modelo existir."""
    known = ENGINES.setdefault(graph, {})
    if output not in known:
        known[output] = Engine(Network(graph, output))
    return known[output]


class Plan(NamedTuple):
    """O que se decide uma vez por pedido: que camada cada método lê e o grafo que a serve."""

    layers: dict[str, str]
    slots: dict[str, int]
    outside: tuple[str, ...]
    survey: Callable


class Engine:
    """Uma rede e as suas funções compiladas."""

    def __init__(self, network):
        self.network = network
        self.plans = {}
        self.compiled = {}

    def explain(self, names, layer, images, target, batch_size, options):
        """Explica um lote: nome -> mapa bruto, classes, logits e saída."""
        plan = self.plan(names, layer)
        images = tensor_of(images)
        maps, known, target, logits, scores = plan.survey(images, tf.constant(target))
        for name in plan.outside:
            logit = tf.gather(logits, target, batch_dims=1)
            probe = Probe(self, images, target, logit, batch_size, plan.slots[name])
            asked = {quantity: known[quantity] for quantity in wants(name) - {"probe"}}
            chosen = {key: options[key] for key in settings(name).keys() & options.keys()}
            maps[name] = METHODS[name](probe, **asked, **chosen)
        return maps, target, logits, scores

    def plan(self, names, layer):
        """Escolhe as camadas e compila o grafo de ``names``, uma vez por pedido diferente."""
        key = (names, layer, *map(METHODS.get, names))
        if key not in self.plans:
            slots = {name: self.source(name, layer) for name in names}
            slot = next((slots[name] for name in names if AT_THE_MAP & wants(name)), None)
            outside = tuple(name for name in names if "probe" in wants(name))
            inside = tuple(name for name in names if name not in outside)
            exports = frozenset().union(*map(wants, outside)) - {"probe"}
            survey = self.function(
                ("survey", *map(METHODS.get, inside), inside, exports, slot),
                lambda *batch: survey_graph(self.network, inside, exports, slot, *batch),
            )
            layers = {name: self.network.name(slots[name]) for name in names}
            self.plans[key] = Plan(layers, slots, outside, survey)
        return self.plans[key]

    def source(self, name, layer):
        """Devolve a posição do mapa que o método lê: a da entrada, se não lê mapa algum."""
        asked = self.network.find(layer) if layer is not None else None
        if "features" in wants(name):
            slot, _ = self.network.pooled_head()
            if asked not in (None, slot):
                raise InputError(
                    f"'{name}' só lê a camada que entra no agrupamento global, "
                    f"{self.network.name(slot)!r}; foi pedida {layer!r}. Deixe layer=None."
                )
            return slot
        if AT_THE_MAP & wants(name):
            return self.network.last_map() if asked is None else asked
        return self.network.input

    def function(self, key, function, *extra):
        """Compila ``function(images, target, *extra)`` uma vez, para qualquer número de imagens."""
        if key not in self.compiled:
            images = tf.TensorSpec((None, *self.network.input_shape[1:]), tf.float32)
            target = tf.TensorSpec((None,), tf.int32)
            traced = tf.function(function, autograph=False)
            self.compiled[key] = traced.get_concrete_function(images, target, *extra)
        return self.compiled[key]


class Probe:
    """O que um método de pixel ou de perturbação pode perguntar ao modelo.

    Attributes
    ----------
    images : tensor of float32, shape (N, H, W, C)
    target : tensor of int32, shape (N,)
        A classe explicada em cada imagem.
    logit : tensor of float32, shape (N,)
        O logit dessa classe nas imagens inteiras.
    batch_size : int
        Quantas imagens alteradas cabem em uma passagem.
    slot : int
        A posição do mapa que o método lê.
    """

    def __init__(self, engine, images, target, logit, batch_size, slot):
        self.engine, self.batch_size, self.slot = engine, batch_size, slot
        self.images, self.target, self.logit = images, target, logit

    def gradient(self, images, guided=False):
        """Devolve ∂y/∂x (N, H, W, C); guiado, só o que é positivo volta por cada ReLU."""
        network = self.engine.network

        def slope(images, target):
            overrides = GUIDED if guided else {}
            with tf.compat.v1.get_default_graph().gradient_override_map(overrides):
                logit = class_logit(network, images, target)
            return derivative(logit, images)

        register_guided_relu()
        return self.engine.function(("gradient", guided), slope)(images, self.target)

    def enlarge(self, maps, out=None):
        """Leva mapas (K, h, w) da camada ao tamanho da imagem, cada célula no seu lugar."""
        size = tuple(self.images.shape[1:3])
        registration = self.engine.network.registration(self.slot, size, maps.shape[1:])
        return upsample(maps, size, out, registration)

    def masks(self, count):
        """Devolve máscaras (K, H, W) por preencher, que vão ao modelo sem cópia."""
        return aligned((count, *self.images.shape[1:3]))

    def masked(self, index, masks, baseline=None):
        """Devolve o logit (K,) da imagem ``index`` sob K máscaras (K, H, W).

        Onde a máscara vale 1 fica a imagem; onde vale 0, ``baseline``: um número, (C,), ou o
        zero (None).
        """
        network = self.engine.network

        def forward(images, target, index, masks, *fill):
            altered = blend(images[index], masks, *fill)
            return class_logit(network, altered, tf.repeat(target[index], tf.shape(masks)[0]))

        given = [tf.constant(index), tensor_of(masks)]
        specs = [tf.TensorSpec((), tf.int32), tf.TensorSpec((None, None, None), tf.float32)]
        if baseline is not None:
            given.append(tf.broadcast_to(tf.cast(baseline, tf.float32), self.images.shape[3:]))
            specs.append(tf.TensorSpec(given[2].shape, tf.float32))
        function = self.engine.function(("masked", len(given)), forward, *specs)
        return function(self.images, self.target, *given)

    def chunks(self, items):
        """Corta ``items`` em pedaços que cabem em uma passagem."""
        return (items[i : i + self.batch_size] for i in range(0, len(items), self.batch_size))

    def watch(self, steps, title):
        """Percorre ``steps`` com uma barra de progresso, se há um terminal que a mostre."""
        return tqdm(steps, desc=title, leave=False, disable=None)


def tensor_of(array):
    """Devolve a matriz como tensor float32, com no máximo uma cópia (``tf.constant`` faz duas).

    O tensor pode usar a memória da matriz: quem a recebeu não escreve nela enquanto ele viver.
    """
    if array.ctypes.data % ALIGNMENT or array.dtype != np.float32 or not array.flags.carray:
        array, given = aligned(array.shape), array
        array[:] = given
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def aligned(shape):
    """Uma matriz float32 vazia que começa onde o TensorFlow exige para a usar sem cópia."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT // 4, np.float32)
    start = -memory.ctypes.data % ALIGNMENT // 4
    return memory[start : start + size].reshape(shape)


def survey_graph(network, names, exports, slot, images, target):
    """Corre a rede uma vez, volta uma vez ao mapa e aplica os métodos; -1 pede a prevista."""
    values = network.run(images)
    logits, scores = network.read(values[network.output])
    target = tf.where(target < 0, tf.argmax(logits, axis=1, output_type=tf.int32), target)
    logit = tf.gather(logits, target, batch_dims=1)
    wanted = exports.union(*map(wants, names))
    known = {}
    if "activation" in wanted:
        known["activation"] = tf.cast(values[slot], tf.float32)
    if "gradient" in wanted:
        known["gradient"] = derivative(logit, values[slot])
    if "drop" in wanted:
        known["drop"] = drop(network, values, slot, logit, target)
    if "features" in wanted:
        features, dense = network.pooled_head()
        known["features"] = tf.cast(values[features], tf.float32)
        known["weights"] = class_weights(dense, target)
    maps = {}
    for name in names:
        maps[name] = METHODS[name](**{quantity: known[quantity] for quantity in wants(name)})
    return maps, {quantity: known[quantity] for quantity in exports}, target, logits, scores


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


def class_logit(network, images, target):
    """O logit (N,) da classe de cada imagem."""
    logits, _ = network.read(network.run(images)[network.output])
    return tf.gather(logits, target, batch_dims=1)


def derivative(logit, tensor):
    """∂y/∂tensor; cada logit só depende da sua imagem, e a soma do lote dá o de cada uma."""
    try:
        (gradient,) = tf.gradients(logit, tensor)
    except LookupError as error:
        raise ModelError(f"uma operação do modelo não tem derivada: {error}") from error
    if gradient is None:
        raise ModelError(
            "o logit não depende do mapa por nenhum caminho derivável: não há gradiente. Escolha "
            "outra camada ou um método de perturbação ('occlusion', 'rise')."
        )
    return tf.cast(gradient, tf.float32)


@cache
def register_guided_relu():
    """Registra, uma vez, as derivadas guiadas: só passa o que é positivo na ida e na volta."""

    @tf.RegisterGradient(GUIDED["Relu"])
    def _(op, upstream):
        return tf.raw_ops.ReluGrad(gradients=tf.nn.relu(upstream), features=op.outputs[0])

    @tf.RegisterGradient(GUIDED["Relu6"])
    def _(op, upstream):
        return tf.raw_ops.Relu6Grad(gradients=tf.nn.relu(upstream), features=op.outputs[0])


def class_weights(dense, target):
    """Os pesos (N, K) que levam cada canal ao logit da classe de cada imagem."""
    kernel = tf.cast(tf.convert_to_tensor(dense.kernel), tf.float32)
    if kernel.shape[1] == 1:
        kernel = tf.concat([-kernel, kernel], axis=1)
    return tf.gather(tf.transpose(kernel), target)


def drop(network, values, slot, logit, target):
    """Quanto o logit perde quando cada canal do mapa é zerado: (N, K).

    Onde os canais só se encontram em uma camada densa, o canal k altera a entrada dela em
    f(A) - f(0) apenas nas suas posições: basta uma multiplicação. Nos outros casos corre só o
    trecho depois do mapa, uma vez por canal.
    """
    activation = values[slot]
    channels = activation.shape[-1]
    separable = network.separable_head(slot)
    if separable is None:
        head = network.after(slot)

        def without(channel):
            kept = 1 - tf.one_hot(channel, channels, dtype=activation.dtype)
            output = network.resume(head, values | {slot: activation * kept})[network.output]
            return tf.gather(network.read(output)[0], target, batch_dims=1)

        every = tf.range(channels)
        left = tf.map_fn(without, every, fn_output_signature=tf.float32, parallel_iterations=1)
        return logit[:, None] - tf.transpose(left)

    before, dense, after = separable
    (entry,) = dense.sources.values()
    zeros = network.resume(before, {slot: tf.zeros_like(activation[:1])})[entry]
    change = tf.cast(values[entry] - zeros, tf.float32)
    kernel = tf.cast(tf.convert_to_tensor(dense.layer.kernel), tf.float32)
    units = kernel.shape[1]
    positions = kernel.shape[0] // channels
    lost = tf.einsum(
        "npk,pku->nku",
        tf.reshape(change, (-1, positions, channels)),
        tf.reshape(kernel, (positions, channels, units)),
    )
    if not after and dense.layer.activation.__name__ in FINAL_ACTIVATIONS:
        lost = tf.concat([-lost, lost], axis=2) if units == 1 else lost
        return tf.gather(lost, target, axis=2, batch_dims=1)
    entire = tf.matmul(tf.cast(values[entry], tf.float32), kernel)
    if dense.layer.use_bias:
        entire += tf.cast(tf.convert_to_tensor(dense.layer.bias), tf.float32)
    hidden = dense.layer.activation(tf.reshape(entire[:, None] - lost, (-1, units)))
    left = network.read(network.resume(after, {dense.slots[0]: hidden})[network.output])[0]
    left = tf.gather(left, tf.repeat(target, channels), batch_dims=1)
    return logit[:, None] - tf.reshape(left, (-1, channels))
