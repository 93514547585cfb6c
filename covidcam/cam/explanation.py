"""``explain``: um modelo e imagens entram, mapas de calor saem."""

from itertools import islice

import numpy as np

from covidcam.cam import checks
from covidcam.cam.engine import engine_for, settings
from covidcam.cam.heatmaps import Heatmaps, join, rectify
from covidcam.cam.methods import METHODS
from covidcam.errors import InputError


def explain(
    model,
    images,
    method="grad-cam",
    target=None,
    layer=None,
    batch_size=32,
    *,
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
    target : int, sequence of int, shape (N,), or None
        A classe a explicar: a prevista (None), a mesma para todas ou uma por imagem. Um modelo
        de uma só saída conta como duas classes: 1 é o seu logit; 0, o negativo dele.
    layer : str or None
        Nome da camada do mapa (``modelo/camada`` quando o nome se repete em modelos aninhados).
        None é a última convolução, ou a normalização, soma ou ativação que a segue; para
        ``cam``, o que entra no agrupamento global.
    batch_size : int
        Imagens por passagem.
    output : str, int or None
        Qual das saídas explicar, quando o modelo tem várias.
    **options
        As opções dos métodos pedidos, descritas em cada um: ``channels`` (score-cam), ``samples``
        e ``seed`` (smooth-grad, rise), ``noise`` (smooth-grad), ``steps``
        (integrated-gradients), ``baseline`` (integrated-gradients, occlusion), ``window`` e
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
    stream : o mesmo, lote a lote, para imagens que não cabem na memória; é ``explain.stream``.

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
    images, target = task.check(images, target)
    starts = range(0, len(images), batch_size)
    parts = [task.run(images[i : i + batch_size], target[i : i + batch_size]) for i in starts]
    return task.answer({name: join([part[name] for part in parts]) for name in task.names})


def stream(
    model,
    images,
    method="grad-cam",
    target=None,
    layer=None,
    batch_size=32,
    *,
    output=None,
    **options,
):
    """Explica imagens lote a lote, sem guardar as que já passaram.

    Parameters
    ----------
    model, method, target, layer, batch_size, output, **options
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
    task, start = None, 0
    wanted = None if target is None else np.asarray(target)
    for batch in batches(images, batch_size):
        task = task or Task(model, batch.shape, method, layer, batch_size, output, options)
        stop = start + len(batch)
        part = wanted[start:stop] if np.ndim(wanted) else target
        yield task.answer(task.run(*task.check(batch, part)))
        start = stop
    if np.ndim(wanted) and len(wanted) != start:
        raise InputError(f"target tem {len(wanted)} classes para {start} imagens.")


explain.stream = stream


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
        self.names = checks.check_methods(method, METHODS)
        self.single = isinstance(method, str)
        checks.check_options(options, {name: settings(name) for name in self.names})
        checks.check_batch_size(batch_size)
        graph = checks.check_model(model, shape)
        self.engine = engine_for(graph, checks.check_output(graph, output))
        self.range = (getattr(model, "covidcam", None) or {}).get("range")
        self.layer, self.batch_size, self.options = layer, batch_size, options

    def check(self, images, target):
        """Devolve imagens e classes conferidas."""
        network = self.engine.network
        checks.check_images(images, network.input_shape, self.range)
        return images, checks.check_target(target, len(images), network.classes)

    def run(self, images, target):
        """Explica um lote conferido: nome -> Heatmaps."""
        maps, *rest = self.engine.explain(
            self.names, self.layer, images, target, self.batch_size, self.options
        )
        target, logits, scores = (tensor.numpy() for tensor in rest)
        plan, found, size = self.engine.plan(self.names, self.layer), {}, images.shape[1:3]
        # Um só bloco: pedir e devolver memória aos pedaços custaria mais do que enchê-la.
        block = np.empty((len(self.names), *images.shape[:3]), np.float32)
        for name, values in zip(self.names, block, strict=True):
            raw = np.asarray(maps[name]).astype(np.float32)
            checks.check_finite(raw, name)
            # Um método de pixel dá um mapa já no lugar, mesmo quando leu o de uma camada.
            pixels = name in plan.outside and raw.shape[1:] == size
            slot = self.engine.network.input if pixels else plan.slots[name]
            place = self.engine.network.registration(slot, size, raw.shape[1:])
            _, peak = rectify(raw, size, values, place)
            facts = target, logits, scores, plan.layers[name], place
            found[name] = Heatmaps(values, raw, peak, *facts)
        return found

    def answer(self, maps):
        """Devolve o dicionário, ou o único mapa de quem pediu um só método."""
        return maps[self.names[0]] if self.single else maps
