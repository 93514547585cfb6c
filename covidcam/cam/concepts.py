"""Os conceitos que um mapa de ativação mistura: poucos padrões, e a classe de que cada um fala."""

from dataclasses import dataclass

import numpy as np

from covidcam.cam import checks, tf
from covidcam.cam.engine import engine_for
from covidcam.cam.heatmaps import rectify
from covidcam.cam.memory import tensor_of
from covidcam.errors import InputError, ModelError, refusing_channels_first

ITERATIONS = 1000


@dataclass(frozen=True, eq=False)
class Concepts:
    """Os k conceitos de N imagens.

    Attributes
    ----------
    values : ndarray of float32, shape (N, k, H, W)
        Onde está cada conceito, em [0, 1], dividido pelo seu máximo em cada imagem.
    raw : ndarray of float32, shape (N, k, h, w)
        O mesmo na resolução da camada: V, com A ≈ Σⱼ Vⱼ wⱼ.
    vectors : ndarray of float32, shape (k, K)
        w, quanto de cada canal faz o conceito; de norma 1.
    logits : ndarray of float32, shape (k, classes)
        Quanto os logits sobem, na média das imagens, quando no mapa só fica o conceito.
    target : ndarray of int32, shape (k,)
        A classe que o conceito mais faz subir.
    layer : str
        O nome da camada.
    """

    values: np.ndarray
    raw: np.ndarray
    vectors: np.ndarray
    logits: np.ndarray
    target: np.ndarray
    layer: str


@refusing_channels_first()
def concepts(model, images, k=4, layer=None, batch_size=32, seed=0):
    """Reparte o mapa de ativação de N imagens em k conceitos que elas têm em comum.

    É a fatoração não negativa A ≈ V W, com A (N·h·w, K) ≥ 0, V (N·h·w, k) e W (k, K): cada
    posição é uma mistura de poucos padrões de canais. De cada padrão se diz de que classe fala
    deixando no mapa só a parte dele e vendo quanto sobe cada logit; o artigo só fatora.

    Parameters
    ----------
    model : keras.Model
        Como em ``explain``.
    images : array-like, shape (N, H, W, C)
    k : int
        Quantos conceitos.
    layer : str or None
        Nome da camada do mapa, que todos os caminhos até o logit têm de atravessar; None é a de
        ``explain``.
    batch_size : int
    seed : int
        Do sorteio de que a fatoração parte.

    Returns
    -------
    Concepts

    Raises
    ------
    InputError
        Se um argumento não é o que se aceita.
    ModelError
        Se o modelo não pode ser explicado, o mapa tem valores negativos ou algo o contorna.

    References
    ----------
    Collins, Achanta & Süsstrunk, ECCV 2018, arXiv:1806.10206.

    Examples
    --------
    >>> import keras, numpy
    >>> from covidcam.cam import concepts
    >>> model = keras.Sequential([
    ...     keras.Input((32, 32, 1)),
    ...     keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(3, activation="softmax"),
    ... ])
    >>> found = concepts(model, numpy.random.default_rng(0).random((2, 32, 32, 1)), k=2)
    >>> found.values.shape, found.logits.shape, found.layer
    ((2, 2, 32, 32), (2, 3), 'conv')
    """
    images = checks.as_array(images)
    checks.check_batch_size(batch_size)
    (layer,) = checks.check_layers(layer)
    graph = checks.check_model(model, images.shape)
    engine = engine_for(graph, checks.check_output(graph, None))
    network = engine.network
    checks.check_images(images, network.given_shape, checks.declared_range(model))
    images = np.moveaxis(images, 1, -1) if network.turned else images
    slot = network.last_map() if layer is None else network.find(layer)
    maps = read(engine, slot, images, batch_size)
    check_positive(maps, network.name(slot))
    channels = maps.shape[-1]
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= channels:
        raise InputError(f"k é {k!r}; aceita-se um inteiro de 1 a {channels}, os canais do mapa.")
    places, vectors = factorize(maps.reshape(-1, channels), k, seed)
    raw = np.moveaxis(places.reshape(*maps.shape[:3], k), -1, 1)
    size = images.shape[1:3]
    place = network.registration(slot, size, maps.shape[1:3])
    each = [np.ascontiguousarray(raw[:, j]) for j in range(k)]
    values = np.stack([rectify(one, size, registration=place)[0] for one in each], axis=1)
    logits = spoken(engine, slot, raw, vectors, batch_size)
    target = logits.argmax(axis=1).astype(np.int32)
    return Concepts(values, raw, vectors, logits, target, network.name(slot))


def factorize(matrix, k, seed):
    """Devolve V (linhas, k) e W (k, K), com as linhas de W de norma 1."""
    from sklearn.decomposition import NMF

    solver = NMF(k, init="nndsvda", random_state=seed, max_iter=ITERATIONS)
    places = solver.fit_transform(matrix)
    norms = np.linalg.norm(solver.components_, axis=1)
    vectors = solver.components_ / np.where(norms > 0, norms, 1)[:, None]
    return (places * norms).astype(np.float32), vectors.astype(np.float32)


def read(engine, slot, images, batch_size):
    """O mapa (N, h, w, K) das imagens."""
    network = engine.network

    def activation(images, direction):
        return network.layouts[slot].map_of(network.run(images)[slot])

    run = engine.function(("activation", slot), activation)
    batches = [images[start : start + batch_size] for start in range(0, len(images), batch_size)]
    empty = tf.zeros((0, network.classes))
    return np.concatenate([run(tensor_of(batch), empty).numpy() for batch in batches])


def spoken(engine, slot, raw, vectors, batch_size):
    """Quanto cada logit sobe (k, classes), na média das imagens, com só um conceito no mapa."""
    network = engine.network
    head, needed = network.after(slot), {slot}
    needed.update(source for step in head for source in step.sources.values())
    if needed - {slot} - {written for step in head for written in step.slots}:
        raise ModelError(
            f"algo contorna a camada {network.name(slot)!r} a caminho do logit, e não se sabe de "
            "que classe um conceito fala; escolha uma que todos os caminhos atravessam."
        )
    layout = network.layouts[slot]

    def logits(images, direction, maps):
        dtype = getattr(network.producer[slot].layer, "compute_dtype", "float32")
        stored = tf.cast(layout.tensor_of(maps), dtype)
        output = network.resume(head, {slot: stored})[network.output]
        return network.read(output)[0]

    specs = tf.TensorSpec((None, None, None, vectors.shape[1]), tf.float32)
    run = engine.function(("alone", slot), logits, specs)
    sides = [side or 1 for side in network.input_shape[1:]]
    none = tf.zeros((0, *sides)), tf.zeros((0, network.classes))
    found = []
    for j, vector in enumerate(vectors):
        alone = raw[:, j, :, :, None] * vector
        parts = [alone[i : i + batch_size] for i in range(0, len(alone), batch_size)]
        whole = np.concatenate([run(*none, tf.constant(part)).numpy() for part in parts])
        nothing = run(*none, tf.zeros((1, *alone.shape[1:]))).numpy()
        found.append((whole - nothing).mean(axis=0))
    return np.array(found, np.float32)


def check_positive(maps, name):
    """Recusa um mapa que não se pode fatorar."""
    checks.check_finite(maps, "concepts")
    if maps.min() < 0:
        raise ModelError(
            f"o mapa de {name!r} tem valores negativos, e a fatoração só vale para não negativos: "
            "escolha uma camada depois de uma ReLU."
        )
