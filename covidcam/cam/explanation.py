"""``explain``: um modelo e imagens entram, mapas de calor saem."""

from itertools import islice

import numpy as np

from covidcam.cam import checks
from covidcam.cam.cut import QUANTITIES
from covidcam.cam.direction import Question, question
from covidcam.cam.engine import Request, engine_for
from covidcam.cam.heatmaps import Heatmaps, join, rectify
from covidcam.cam.methods import METHODS, options_of, wants
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
    layer : str or None
        Nome da camada do mapa (``modelo/camada`` quando o nome se repete em modelos aninhados).
        None é a última convolução, ou a normalização, soma ou ativação que a segue; para
        ``cam``, o que entra no agrupamento global.
    batch_size : int
        Imagens por passagem.
    against : None, int, sequence of int (N,), "second", or array of float
        Com o que se compara: explica-se o logit de ``target`` menos o desta classe ou direção.
        "second" é a rival, a classe de maior logit fora a explicada.
    output : str, int or None
        Qual das saídas explicar, quando o modelo tem várias.
    **options
        As opções dos métodos pedidos, descritas em cada um: ``channels`` (score-cam), ``samples``
        e ``seed`` (smooth-grad, rise), ``noise`` (smooth-grad), ``steps``
        (integrated-gradients), ``reference`` (integrated-gradients, occlusion), ``window`` e
        ``stride`` (occlusion), ``grid`` e ``probability`` (rise).

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
    task = Task(model, images.shape, method, layer, batch_size, output, options)
    task.check(images)
    asked = question(target, against, len(images), task.classes)
    bounds = [(start, start + batch_size) for start in range(0, len(images), batch_size)]
    parts = [task.run(images[slice(*bound)], asked.part(*bound)) for bound in bounds]
    return task.answer({name: join([part[name] for part in parts]) for name in task.names})


def stream(
    model,
    images,
    method="grad-cam",
    target=None,
    layer=None,
    batch_size=32,
    *,
    against=None,
    output=None,
    **options,
):
    """Explica imagens lote a lote, sem guardar as que já passaram.

    Parameters
    ----------
    model, method, target, layer, batch_size, against, output, **options
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
    task, start, given = None, 0, (target, against)
    for batch in batches(images, batch_size):
        task = task or Task(model, batch.shape, method, layer, batch_size, output, options)
        task.check(batch)
        stop = start + len(batch)
        here = (part_of(value, start, stop) for value in given)
        yield task.answer(task.run(batch, question(*here, len(batch), task.classes)))
        start = stop
    for name, value in zip(("target", "against"), given, strict=True):
        if is_per_image(value) and len(value) != start:
            raise InputError(f"{name} tem {len(value)} valores para {start} imagens.")


def is_per_image(value):
    """Diz se um alvo traz um valor por imagem: inteiros (N,) ou direções (N, classes)."""
    value = np.asarray(value)
    return value.ndim == 2 or (value.ndim == 1 and value.dtype.kind in "ui")


def part_of(value, start, stop):
    """A parte de um alvo que é destas imagens."""
    return value[start:stop] if is_per_image(value) else value


def batches(images, batch_size):
    """Corta em lotes uma matriz (N, H, W, C) ou um iterador de imagens (H, W, C)."""
    checks.check_batch_size(batch_size)
    if hasattr(images, "shape"):
        checks.check_shape(tuple(images.shape), (None,) * 4)
        for start in range(0, len(images), batch_size):
            yield checks.as_array(images[start : start + batch_size])
    else:
        remaining = iter(images)
        while batch := list(islice(remaining, batch_size)):
            yield checks.as_array(batch)


class Task:
    """Um pedido já conferido: que métodos, em que camada de que modelo."""

    def __init__(self, model, shape, method, layer, batch_size, output, options):
        names = checks.check_methods(method, METHODS)
        self.single = isinstance(method, str)
        for name in names:
            checks.check_quantities(name, wants(name), QUANTITIES | {"probe"})
        checks.check_options(options, {name: options_of(name) for name in names})
        checks.check_batch_size(batch_size)
        graph = checks.check_model(model, shape)
        self.engine = engine_for(graph, checks.check_output(graph, output))
        self.range = (getattr(model, "covidcam", None) or {}).get("range")
        self.request, self.batch_size = Request(names, (layer,), options), batch_size

    @property
    def names(self):
        """Os métodos pedidos."""
        return self.request.names

    @property
    def classes(self):
        """Quantas classes o modelo tem."""
        return self.engine.network.classes

    def check(self, images):
        """Recusa imagens que o modelo não aceita."""
        checks.check_images(images, self.engine.network.input_shape, self.range)

    def run(self, images, asked: Question):
        """Explica um lote conferido: nome -> Heatmaps."""
        maps, _, logits, scores = self.engine.explain(
            self.request, images, asked.asked, self.batch_size
        )
        logits, scores = logits.numpy(), scores.numpy()
        target, found = asked.answered(logits), {}
        plan, network, size = self.engine.plan(self.request), self.engine.network, images.shape[1:3]
        # Um só bloco: pedir e devolver memória aos pedaços custaria mais do que enchê-la.
        block = np.empty((len(self.names), *images.shape[:3]), np.float32)
        for name, values in zip(self.names, block, strict=True):
            raw = np.asarray(maps[name][0]).astype(np.float32)
            checks.check_finite(raw, name)
            slot = plan.slots[name][0]
            # Um método de pixel dá um mapa já no lugar, mesmo quando leu o de uma camada.
            pixels = name in plan.outside and raw.shape[1:] == size
            place = network.registration(network.input if pixels else slot, size, raw.shape[1:])
            _, peak = rectify(raw, size, values, place)
            facts = target, logits, scores, network.name(slot), place
            found[name] = Heatmaps(values, raw, peak, *facts)
        return found

    def answer(self, maps):
        """Devolve o dicionário, ou o único mapa de quem pediu um só método."""
        return maps[self.names[0]] if self.single else maps
