"""O motor: a rede é compilada, corre uma vez e serve a todos os métodos pedidos.

Um método diz, pelos nomes dos seus parâmetros, o que quer do motor (``activation``,
``gradient``, …), e o motor calcula só isso. Os que leem o mapa de ativação ficam no mesmo grafo:
uma passagem pela rede e uma volta do logit aos mapas. Os que perguntam ao modelo muitas vezes
recebem uma sonda (``probe``) e correm fora do grafo.
"""

from collections.abc import Callable
from contextlib import contextmanager
from threading import RLock
from typing import NamedTuple
from weakref import WeakKeyDictionary

from covidcam.cam import tf
from covidcam.cam.activation import first_component
from covidcam.cam.cut import Cut, Passage
from covidcam.cam.logits import HiddenActivationError
from covidcam.cam.memory import tensor_of
from covidcam.cam.methods import METHODS, options_of, wants
from covidcam.cam.network import Network
from covidcam.cam.probe import Probe
from covidcam.cam.state import Snapshot, untouched
from covidcam.errors import InputError, refusing_channels_first

# Um motor vive enquanto vive o seu modelo: nada nele aponta de volta para a chave.
ENGINES = WeakKeyDictionary()
# Traçar uma rede mexe no estado da Keras: um fio de cada vez.
TRACING = RLock()


def engine_for(graph, output):
    """Devolve o motor de uma saída do grafo: o mesmo enquanto o modelo existir e não mudar."""
    with TRACING:
        known = ENGINES.setdefault(graph, {})
        if output not in known or not known[output].snapshot.still_holds():
            known[output] = Engine(Network(graph, output))
        return known[output]


class Request(NamedTuple):
    """Que métodos, em que camadas (None é a padrão), com que opções.

    ``component`` pede, no lugar da soma dos canais de cada mapa, a primeira componente deles.
    """

    names: tuple[str, ...]
    layers: tuple[str | None, ...]
    options: dict
    component: bool = False

    def options_for(self, name):
        """As opções pedidas que são deste método."""
        return {key: self.options[key] for key in options_of(name) if key in self.options}

    @property
    def key(self):
        """O que distingue o grafo deste pedido: funções, camadas e as opções que ficam nele."""
        inside = (name for name in self.names if "probe" not in wants(name))
        own = tuple((name, *sorted(self.options_for(name).items())) for name in inside)
        return self.names, tuple(map(METHODS.get, self.names)), self.layers, own, self.component


class Plan(NamedTuple):
    """O que se decide uma vez por pedido: que mapas cada método lê e o grafo que os serve."""

    slots: dict[str, tuple[int, ...]]
    outside: tuple[str, ...]
    survey: Callable


class Engine:
    """Uma rede e as suas funções compiladas."""

    def __init__(self, network):
        self.network = network
        self.operations = [step.layer for step in network.steps]
        self.snapshot = Snapshot(self.operations)
        self.plans = {}
        self.compiled = {}

    @refusing_channels_first()
    def explain(self, request, images, asked, batch_size):
        """Explica um lote: nome -> um mapa bruto por camada; direção, logits e saída."""
        plan = self.plan(request)
        images = tensor_of(images)
        maps, known, gaps, explained, logits, scores = plan.survey(images, tf.constant(asked))
        check_sums(gaps)
        for name in plan.outside:
            maps[name] = [
                METHODS[name](
                    Probe(self, images, explained, logits, batch_size, slot),
                    **{one: known[slot][one] for one in wants(name) - {"probe"}},
                    **request.options_for(name),
                )
                for slot in plan.slots[name]
            ]
        return maps, explained, logits, scores

    def plan(self, request):
        """Escolhe as camadas e compila o grafo do pedido, uma vez por pedido diferente."""
        key = request.key
        if key not in self.plans:
            slots = {name: self.sources(name, request.layers) for name in request.names}
            outside = tuple(name for name in request.names if "probe" in wants(name))
            survey = self.function(
                ("survey", key),
                lambda images, asked: survey_graph(self.network, request, slots, images, asked),
                width=2,
            )
            self.plans[key] = Plan(slots, outside, survey)
        return self.plans[key]

    def sources(self, name, layers):
        """Devolve as posições dos mapas que o método lê: a da entrada, se não lê mapa algum."""
        asked = [None if layer is None else self.network.find(layer) for layer in layers]
        if "features" in wants(name):
            slot, _ = self.network.pooled_head()
            for layer, found in zip(layers, asked, strict=True):
                if found not in (None, slot):
                    raise InputError(
                        f"'{name}' só lê a camada que entra no agrupamento global, "
                        f"{self.network.name(slot)!r}; foi pedida {layer!r}. Deixe layer=None."
                    )
            return (slot,)
        if wants(name) == {"probe"}:
            return (self.network.input,)
        return tuple(self.network.last_map() if slot is None else slot for slot in asked)

    def function(self, key, function, *extra, width=0):
        """Compila ``function(images, direction, *extra)`` uma vez, para quantas imagens houver.

        A direção tem ``width`` colunas além das classes.
        """
        with TRACING:
            if key not in self.compiled:
                images = tf.TensorSpec((None, *self.network.input_shape[1:]), tf.float32)
                direction = tf.TensorSpec((None, self.network.classes + width), tf.float32)
                with untouched(self.operations):
                    self.compiled[key] = traced(function, images, direction, *extra)
            return self.compiled[key]


def traced(function, *specs):
    """Compila a função; o que esconder a ativação final em uma função própria é aberto."""
    compiled = tf.function(function, autograph=False)
    try:
        return compiled.get_concrete_function(*specs)
    except HiddenActivationError as hidden:
        try:
            with functions_open():
                return tf.function(function, autograph=False).get_concrete_function(*specs)
        except tf.errors.OperatorNotAllowedInGraphError:
            raise hidden from None


@contextmanager
def functions_open():
    """Deixa cada ``tf.function`` do modelo correr como o Python que a escreveu."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def survey_graph(network, request, slots, images, asked):
    """Corre a rede uma vez, volta uma vez aos mapas e aplica os métodos que cabem no grafo."""
    every = tuple(dict.fromkeys(slot for name in request.names for slot in slots[name]))
    passage = Passage(network, images, asked, every)
    cuts = {slot: Cut(passage, slot) for slot in every}
    maps, gaps, exported = {}, {}, {slot: {} for slot in every}
    for name in request.names:
        own, quantities = request.options_for(name), wants(name) - {"probe"}
        for slot in slots[name]:
            known = {one: getattr(cuts[slot], one) for one in quantities}
            if "probe" in wants(name):
                exported[slot].update(known)
                continue
            found = METHODS[name](**known, **own)
            if request.component:
                channels = by_channel(METHODS[name], known, own)
                gaps[name] = tf.norm(tf.reduce_sum(channels, -1) - found) - 1e-3 * tf.norm(found)
                found = first_component(channels)
            maps.setdefault(name, []).append(found)
    return maps, exported, gaps, passage.explained, passage.logits, passage.scores


def by_channel(method, known, options):
    """O que cada canal sozinho põe no mapa, (N, h, w, K): o método aplicado a um de cada vez."""
    alone = {}
    for quantity, tensor in known.items():
        rank, channels = len(tensor.shape), tensor.shape[-1]
        first = tf.transpose(tensor, (0, rank - 1, *range(1, rank - 1)))
        alone[quantity] = tf.reshape(first, (-1, *tf.unstack(tf.shape(first)[2:]), 1))
    maps = method(**alone, **options)
    apart = tf.reshape(maps, (-1, channels, *tf.unstack(tf.shape(maps)[1:])))
    return tf.transpose(apart, (0, 2, 3, 1))


def check_sums(gaps):
    """Recusa a primeira componente de um mapa que não é a soma do que cada canal põe nele."""
    for name, gap in gaps.items():
        if gap > 0:
            raise InputError(
                f"smooth='first-component' só vale para mapas que são uma soma de canais, e o de "
                f"{name!r} não é."
            )
