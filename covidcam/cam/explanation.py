"""``explain``: um modelo e imagens entram, mapas de calor saem."""

from itertools import islice

import numpy as np

from covidcam.cam import checks
from covidcam.cam.cut import QUANTITIES
from covidcam.cam.direction import Question, ask
from covidcam.cam.engine import Request, engine_for
from covidcam.cam.heatmaps import Heatmaps, rectify
from covidcam.cam.heatmaps import join as join_batches
from covidcam.cam.methods import METHODS, options_of, wants
from covidcam.cam.views import VIEWS
from covidcam.errors import InputError


def explain(
    model,
    images,
    method="grad-cam",
    target=None,
    layer=None,
    batch_size=32,
    *,
    against=None,
    join="mean",
    smooth=None,
    output=None,
    **options,
):
    """Explica a classe de cada imagem com um mapa de calor.

    Parameters
    ----------
    model : keras.Model
        Classificador Sequential ou funcional com uma entrada de imagens. Softmax ou sigmoide
        finais são desfeitas: o que se explica é sempre o logit.
    images : array-like, shape (N, H, W, C)
        Imagens como o modelo as recebe, todas de um tamanho.
    method : str or sequence of str
        Um nome de ``METHODS`` ou uma lista deles; os que leem o mapa de ativação dividem uma
        passagem pela rede e uma volta do logit ao mapa.
    target : None, int, sequence of int (N,), or array of float (classes,) or (N, classes)
        O que se explica, uma direção sobre os logits: a classe prevista (None), a mesma classe
        para todas, uma por imagem, ou o peso de cada logit. Um modelo de uma só saída conta como
        duas classes: 1 é o seu logit; 0, o negativo dele.
    layer : str, sequence of str, or None
        Nome da camada do mapa (``modelo/camada`` quando o nome se repete em modelos aninhados).
        None é o último mapa que todos os caminhos até o logit atravessam, antes de qualquer
        agrupamento; para ``cam``, o que entra no agrupamento global. De uma lista, os mapas das
        camadas, cada um ampliado e dividido pelo seu máximo, são juntados por ``join``; o mapa
        bruto é o resultado, (N, H, W).
    batch_size : int
        Imagens por passagem.
    against : None, int, sequence of int (N,), "second", or array of float
        Com o que se compara: explica-se o logit de ``target`` menos o desta classe ou direção.
        "second" é a rival, a classe de maior logit fora a explicada.
    join : {"mean", "max", "product"}
        Como se juntam os mapas de uma lista de camadas: a média, o maior ou o produto em cada
        pixel.
    smooth : {None, "views", "first-component"}
        "views": a média dos mapas brutos da imagem e de seis vistas dela (deslocada em 1/32 do
        lado para cada um dos quatro lados, e com ganho de 0,9 e 1,1), postos de volta no lugar; a
        direção explicada é a da imagem. "first-component": no lugar da soma dos canais, a primeira
        componente do que cada um põe no mapa.
    output : str, int or None
        Qual das saídas explicar, quando o modelo tem várias: o nome, a chave ou a posição.
    **options
        As opções dos métodos pedidos, descritas em cada um: ``absolute`` (gradient,
        input-x-gradient, guided-backprop, smooth-grad, integrated-gradients, fullgrad),
        ``samples`` e ``seed`` (smooth-grad, vargrad, smooth-grad-cam++, rise, kernel-shap),
        ``noise`` (os três primeiros), ``steps`` (integrated-gradients, is-cam), ``reference``
        (integrated-gradients, occlusion, kernel-shap), ``channels`` (score-cam, is-cam),
        ``window`` e ``stride`` (occlusion), ``grid`` e ``probability`` (rise), ``rows`` e
        ``columns`` (kernel-shap), ``deviations`` (fem), ``seed`` (random-cam).

    Returns
    -------
    Heatmaps or dict of str to Heatmaps
        Um dicionário quando ``method`` é uma lista.

    Raises
    ------
    InputError
        Se um argumento não é o que se aceita.
    ModelError
        Se o modelo não pode ser explicado assim.

    See Also
    --------
    stream : o mesmo, lote a lote, para imagens que não cabem na memória.
    concepts : os padrões que as imagens têm em comum, e a classe de que cada um fala.

    Examples
    --------
    >>> import keras, numpy
    >>> from covidcam.cam import explain
    >>> model = keras.Sequential([
    ...     keras.Input((32, 32, 1)),
    ...     keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(3, activation="softmax"),
    ... ])
    >>> heatmaps = explain(model, numpy.ones((2, 32, 32, 1)), target=1)
    >>> heatmaps.values.shape, heatmaps.raw.shape, heatmaps.layer
    ((2, 32, 32), (2, 30, 30), 'conv')
    """
    images = checks.as_array(images)
    task = Task(model, images.shape, method, layer, batch_size, join, smooth, output, options)
    images = task.check(images)
    asked = ask(target, against, len(images), task.classes)
    bounds = [(start, start + batch_size) for start in range(0, len(images), batch_size)]
    parts = [task.run(images[slice(*bound)], asked.part(*bound)) for bound in bounds]
    return task.answer({name: join_batches([part[name] for part in parts]) for name in task.names})


def stream(
    model,
    images,
    method="grad-cam",
    target=None,
    layer=None,
    batch_size=32,
    *,
    against=None,
    join="mean",
    smooth=None,
    output=None,
    **options,
):
    """Explica imagens lote a lote, sem guardar as que já passaram.

    Parameters
    ----------
    model, method, target, layer, batch_size, against, join, smooth, output, **options
        Como em ``explain``.
    images : array-like, shape (N, H, W, C), or iterable of array-like, shape (H, W, C)
        Uma matriz (um ``numpy.memmap``, por exemplo) ou um iterador que lê uma imagem por vez.

    Yields
    ------
    Heatmaps or dict of str to Heatmaps
        O que ``explain`` devolveria para cada lote.

    Raises
    ------
    InputError, ModelError
        Como em ``explain``, ao chegar ao lote.
    """
    task, start, wanted = None, 0, (target, against)
    for batch in batches(images, batch_size):
        task = task or Task(
            model, batch.shape, method, layer, batch_size, join, smooth, output, options
        )
        batch = task.check(batch)
        stop = start + len(batch)
        here = (part_of(value, start, stop) for value in wanted)
        yield task.answer(task.run(batch, ask(*here, len(batch), task.classes)))
        start = stop
    for name, value in zip(("target", "against"), wanted, strict=True):
        if is_per_image(value) and len(value) != start:
            raise InputError(f"{name} tem {len(value)} valores para {start} imagens.")


def is_per_image(value):
    """Diz se um alvo traz um valor por imagem: inteiros (N,) ou direções (N, classes)."""
    try:
        value = np.asarray(value)
    except ValueError:  # irregular: ``ask`` a recusa
        return False
    return value.ndim == 2 or (value.ndim == 1 and value.dtype.kind in "ui")


def part_of(value, start, stop):
    """A parte de um alvo que é destas imagens."""
    return value[start:stop] if is_per_image(value) else value


def floats(raw):
    """O mapa bruto como matriz float32."""
    return np.asarray(raw).astype(np.float32)


def batches(images, batch_size):
    """Corta em lotes uma matriz (N, H, W, C) ou um iterador de imagens (H, W, C)."""
    checks.check_batch_size(batch_size)
    if hasattr(images, "shape"):
        checks.check_shape(tuple(images.shape), (None,) * 4)
        for start in range(0, len(images), batch_size):
            yield checks.as_array(images[start : start + batch_size])
    else:
        try:
            remaining = iter(images)
        except TypeError as error:
            raise InputError(
                f"images é {type(images).__name__}; aceita-se uma matriz (N, H, W, C) ou um "
                "iterador de imagens."
            ) from error
        while batch := list(islice(remaining, batch_size)):
            yield checks.as_array(batch)


JOINS = {
    "mean": lambda maps: np.mean(maps, axis=0),
    "max": lambda maps: np.max(maps, axis=0),
    "product": lambda maps: np.prod(maps, axis=0),
}
SMOOTHINGS = (None, "views", "first-component")


class Task:
    """Um pedido já conferido: que métodos, em que camadas de que modelo."""

    def __init__(self, model, shape, method, layer, batch_size, join, smooth, output, options):
        names = checks.check_methods(method, METHODS)
        self.single = isinstance(method, str)
        for name in names:
            checks.check_quantities(name, wants(name), QUANTITIES | {"probe"})
        checks.check_options(options, {name: options_of(name) for name in names})
        checks.check_batch_size(batch_size)
        self.join = JOINS[checks.check_choice("join", join, tuple(JOINS))]
        self.views = VIEWS if checks.check_choice("smooth", smooth, SMOOTHINGS) == "views" else ()
        if smooth == "first-component":
            checks.check_component(names, wants)
        layers = checks.check_layers(layer)
        graph = checks.check_model(model, shape)
        self.engine = engine_for(graph, checks.check_output(graph, output))
        self.range = checks.declared_range(model)
        self.request = Request(names, layers, options, smooth == "first-component")
        self.batch_size = batch_size

    @property
    def names(self):
        """Os métodos pedidos."""
        return self.request.names

    @property
    def classes(self):
        """Quantas classes o modelo tem."""
        return self.engine.network.classes

    def check(self, images):
        """Recusa imagens que o modelo não aceita; devolve-as com os canais por último."""
        checks.check_images(images, self.engine.network.given_shape, self.range)
        return np.moveaxis(images, 1, -1) if self.engine.network.turned else images

    def run(self, images, asked: Question):
        """Explica um lote conferido: nome -> Heatmaps."""
        size = images.shape[1:3]
        maps, logits, scores = self.raw_maps(images, asked)
        target, found = asked.answered(logits), {}
        # Um só bloco: pedir e devolver memória aos pedaços custaria mais do que enchê-la.
        block = np.empty((len(self.names), *images.shape[:3]), np.float32)
        for name, values in zip(self.names, block, strict=True):
            for raw in maps[name]:
                checks.check_finite(raw, name)
            raw, place, layer = self.joined(name, maps[name], size)
            _, peak = rectify(raw, size, values, place)
            found[name] = Heatmaps(values, raw, peak, target, logits, scores, layer, place)
        return found

    def joined(self, name, maps, size):
        """Devolve o mapa bruto de um método, o lugar das suas células e o nome da camada.

        O de várias camadas já vem no lugar: cada uma se amplia antes de se juntarem.
        """
        network, plan = self.engine.network, self.engine.plan(self.request)
        slots = plan.slots[name]
        layer = " + ".join(map(network.name, slots))
        places = []
        for slot, raw in zip(slots, maps, strict=True):
            # Um método de pixel dá um mapa já no lugar, mesmo quando leu o de uma camada.
            pixels = name in plan.outside and raw.shape[1:] == size
            source = network.input if pixels else slot
            places.append(network.registration(source, size, raw.shape[1:]))
        if len(maps) == 1:
            return maps[0], places[0], layer
        each = [rectify(raw, size, None, place)[0] for raw, place in zip(maps, places, strict=True)]
        return self.join(each), network.registration(network.input, size, size), layer

    def raw_maps(self, images, asked):
        """Devolve nome -> um mapa bruto por camada, a média das vistas se pedidas; logits e saída.

        As vistas respondem à pergunta da imagem inteira: a classe prevista é a dela.
        """
        maps, explained, logits, scores = self.engine.explain(
            self.request, images, asked.coefficients, self.batch_size
        )
        logits, scores = logits.numpy(), scores.numpy()
        checks.check_logits(logits, scores)
        found = {name: [floats(raw) for raw in maps[name]] for name in self.names}
        if self.views:
            fixed = np.pad(explained.numpy(), ((0, 0), (0, 2)))
            views = [self.seen(view, images, fixed) for view in self.views]
            for name, raws in found.items():
                each = zip(raws, *(view[name] for view in views), strict=True)
                found[name] = [np.mean(layer, axis=0) for layer in each]
        return found, logits, scores

    def seen(self, view, images, asked):
        """Devolve nome -> os mapas brutos de uma vista, de volta ao lugar."""
        maps, *_ = self.engine.explain(self.request, view.of(images), asked, self.batch_size)
        size = images.shape[1:3]
        return {name: [view.back(floats(raw), size) for raw in maps[name]] for name in self.names}

    def answer(self, maps):
        """Devolve o dicionário, ou o único mapa de quem pediu um só método."""
        return maps[self.names[0]] if self.single else maps
