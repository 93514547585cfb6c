"""O mapa é fiel ao modelo? Apaga-se o que ele aponta e olha-se a resposta da rede, por imagem.

A resposta é a probabilidade da classe explicada. O valor que substitui um pixel apagado (a
**referência**) muda o resultado e por isso é sempre dito: ``"black"`` (zero, que só é preto em
imagens de 0 a 255 ou de 0 a 1), ``"mean"`` (a média da imagem) ou ``"blur"`` (a imagem muito
borrada). O padrão é a borrada: uma rede que põe cada imagem em média 0 e desvio 1 toma o preto por
um sinal, porque ele muda o resto do filme também (`disturbance` mede quanto).
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from covidcam.errors import InputError
from covidcam.evaluation.checks import check_maps

BATCH = 32
REFERENCES = {
    "black": np.zeros_like,
    "mean": lambda image: np.full_like(image, image.mean(axis=(0, 1))),
    # o OpenCV devolve (H, W) quando há um canal só
    "blur": lambda image: _keep3(cv2.GaussianBlur(image, (0, 0), image.shape[1] / 12)),
}
REFERENCE = "blur"
# Imputação de ROAD: a média dos vizinhos, os diretos com o dobro do peso dos diagonais.
NEIGHBOURS = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], np.float32) / 12
SWEEPS = 30  # em cada escala
ROAD_SHARES = (0.2, 0.4, 0.6, 0.8)


class Curve(NamedTuple):
    """A resposta da rede enquanto pixels são apagados ou devolvidos.

    Attributes
    ----------
    shares : ndarray (S + 1,)
        A parte dos pixels já mexida, de 0 a 1.
    scores : ndarray (N, S + 1)
        A probabilidade da classe explicada em cada ponto.
    auc : ndarray (N,)
        A área sob a curva de cada imagem, de 0 a 1, pela regra do trapézio.
    """

    shares: np.ndarray
    scores: np.ndarray
    auc: np.ndarray

    @property
    def end(self) -> np.ndarray:
        """A probabilidade quando tudo foi mexido, (N,)."""
        return self.scores[:, -1]


def deletion(model, images, maps, target, reference=REFERENCE, steps=10, seed=0) -> Curve:
    """Apaga os pixels do mais ao menos quente; quanto menor a área, mais fiel o mapa.

    Parameters
    ----------
    model : keras.Model
    images : ndarray (N, H, W, C)
        Como a rede as recebe.
    maps : ndarray, float (N, H, W)
    target : ndarray, int (N,)
        A classe explicada em cada imagem.
    reference : str
        O que entra no lugar de um pixel apagado: ``"black"``, ``"mean"`` ou ``"blur"``.
    steps : int
        Em quantas fatias iguais os pixels são apagados.
    seed : int
        Do sorteio que desfaz os empates.

    Returns
    -------
    Curve

    Raises
    ------
    InputError
        Se formas, referência ou passos não são aceitos, ou um mapa tem NaN.

    References
    ----------
    Petsiuk, Das e Saenko, BMVC 2018. arXiv:1806.07421.
    """
    return _erase(model, images, maps, target, reference, steps, seed, insert=False)


def insertion(model, images, maps, target, reference=REFERENCE, steps=10, seed=0) -> Curve:
    """Devolve os pixels do mais ao menos quente; quanto maior a área, mais fiel o mapa.

    Parameters
    ----------
    model, images, maps, target, reference, steps, seed
        Como em `deletion`.

    Returns
    -------
    Curve

    Raises
    ------
    InputError
        Como em `deletion`.

    References
    ----------
    Petsiuk, Das e Saenko, BMVC 2018. arXiv:1806.07421.
    """
    return _erase(model, images, maps, target, reference, steps, seed, insert=True)


def road(model, images, maps, target, shares=ROAD_SHARES, noise=0.01, seed=0) -> np.ndarray:
    """ROAD: apagar o menos quente deveria custar menos do que apagar o mais quente.

    O pixel apagado vira uma média dos vizinhos com um pouco de ruído, para que a forma do buraco
    não conte nada à rede. O resultado é a média, sobre ``shares``, de metade da diferença entre
    apagar os menos e os mais quentes.

    Parameters
    ----------
    model, images, maps, target, seed
        Como em `deletion`; as imagens vão de 0 a 255.
    shares : sequence of float
        Que partes dos pixels apagar, de 0 (sem ele) a 1.
    noise : float
        Desvio do ruído, em relação a 255.

    Returns
    -------
    ndarray, float64 (N,)
        De -0,5 a 0,5; acima de 0, o mapa sabe o que importa.

    Raises
    ------
    InputError
        Como em `deletion`, ou se uma parte não está entre 0 e 1.

    References
    ----------
    A imputação: Rong, Leemann, Borisov, Kasneci e Kasneci, ICML 2022. arXiv:2202.00449. A
    diferença entre as duas ordens: Samek, Binder, Montavon, Lapuschkin e Müller, IEEE TNNLS 28
    (2017), 10.1109/TNNLS.2016.2599820; pela metade, como em ``ROADCombined`` da biblioteca
    pytorch-grad-cam, de Jacob Gildenblat.
    """
    images, maps, target = _check(model, images, maps, target)
    if not len(shares) or not all(0 < share <= 1 for share in shares):
        raise InputError(f"As partes são {shares}; aceitam-se números maiores que 0 e até 1.")
    generator = np.random.default_rng(seed)
    results = []
    for image, heat, label in zip(images, maps, target, strict=True):
        order = _hottest_first(heat, generator)
        altered = []
        for share in shares:
            count = round(share * heat.size)
            for erased in (order[:count], order[heat.size - count :]):
                missing = np.zeros(heat.size, bool)
                missing[erased] = True
                missing = missing.reshape(heat.shape)
                grain = generator.standard_normal(heat.shape, np.float32) * missing
                altered.append(impute(image, missing) + 255 * noise * grain[..., None])
        scores = _score(model, np.array(altered, np.float32), np.full(len(altered), label))
        results.append((scores[1::2] - scores[0::2]).mean() / 2)
    return np.array(results)


def average_drop(model, images, maps, target, reference=REFERENCE) -> tuple[np.ndarray, np.ndarray]:
    """Quanto a confiança cai quando só fica o que o mapa aponta, e se em vez disso ela sobe.

    Cada pixel é pesado pelo mapa: onde ele vale 1 fica a imagem, onde vale 0 a referência. De um
    mapa plano, que não aponta nada, só fica a referência.

    Parameters
    ----------
    model, images, target, reference
        Como em `deletion`.
    maps : ndarray, float (N, H, W), de 0 a 1

    Returns
    -------
    drop : ndarray, float64 (N,)
        max(0, y - o) / y, de 0 a 1; quanto menor, melhor.
    increase : ndarray, bool (N,)
        Se o > y; quanto mais vezes, melhor.

    Raises
    ------
    InputError
        Como em `deletion`, ou se um mapa passa de 1: seria preciso adivinhar quanto ele aponta.

    References
    ----------
    Chattopadhay, Sarkar, Howlader e Balasubramanian, WACV 2018. 10.1109/WACV.2018.00097.
    """
    images, maps, target = _check(model, images, maps, target)
    fill = _reference(reference)
    if maps.max() > 1:
        raise InputError(f"Um mapa tem o valor {maps.max():g}; aqui os mapas vão de 0 a 1.")
    says_something = np.ptp(maps, axis=(1, 2), keepdims=True) > 0
    weight = (maps * says_something)[..., None].astype(np.float32)
    backgrounds = np.array([fill(image) for image in images])
    whole = _score(model, images, target)
    kept = _score(model, backgrounds + weight * (images - backgrounds), target)
    drop = np.divide(np.maximum(whole - kept, 0), whole, out=np.zeros_like(whole), where=whole > 0)
    return drop, kept > whole


def disturbance(
    prepare: Callable, images, maps, reference=REFERENCE, share=0.2, seed=0
) -> np.ndarray:
    """Quanto muda, para a rede, o que ninguém apagou.

    Uma rede que põe cada imagem em média 0 e desvio 1 lê o filme inteiro de outro modo quando uma
    parte dele é trocada: a referência deixa de ser neutra.

    Parameters
    ----------
    prepare : callable
        Das imagens ao que a rede lê, (N, h, w, …); a parte congelada de `covidcam.models.cut`.
    images, maps, seed
        Como em `deletion`.
    reference : str
        Como em `deletion`.
    share : float
        A parte dos pixels, os mais quentes, que se apaga.

    Returns
    -------
    ndarray, float64 (N,)
        A mudança média dos pixels que ficaram, em desvios-padrão do que a rede lia de cada imagem;
        acima de 0, clarearam.

    Raises
    ------
    InputError
        Se a referência não existe, os mapas não são aceitos ou a parte não está entre 0 e 1.
    """
    images, fill = np.asarray(images, np.float32), _reference(reference)
    maps = check_maps(maps, images.shape[:3])
    if not 0 < share < 1:
        raise InputError(f"A parte é {share}; aceita-se um número entre 0 e 1.")
    generator = np.random.default_rng(seed)
    altered, missing = images.copy(), np.zeros(maps.shape, bool)
    for image, heat, hole in zip(altered, maps, missing, strict=True):
        hole.ravel()[_hottest_first(heat, generator)[: round(share * heat.size)]] = True
        image[hole] = fill(image)[hole]
    before, after = (np.asarray(prepare(each), np.float64) for each in (images, altered))
    change = []
    for old, new, hole in zip(before, after, missing, strict=True):
        # na grade da rede, longe da beirada: cada ponto dela pode ler mais de um pixel
        near = cv2.dilate(hole.astype(np.float32), np.ones((3, 3)))
        kept = cv2.resize(near, old.shape[1::-1], interpolation=cv2.INTER_AREA) == 0
        change.append((new - old)[kept].mean() / old.std())
    return np.array(change)


def impute(image: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Preenche os pixels que faltam com a solução da média ponderada dos vizinhos.

    Cada pixel que falta é igual à média dos seus oito vizinhos, os diretos com o dobro do peso dos
    diagonais; fora da imagem, a borda se espelha. O sistema é resolvido por varreduras, da escala
    grossa à fina: no meio de um buraco largo sobra um erro, em média menor que o ruído de `road`.

    Parameters
    ----------
    image : ndarray, float32 (H, W, C)
    missing : ndarray, bool (H, W)

    Returns
    -------
    ndarray, float32 (H, W, C)

    Examples
    --------
    >>> flat = np.full((5, 5, 1), 7, np.float32)
    >>> hole = np.zeros((5, 5), bool)
    >>> hole[1:4, 1:4] = True
    >>> bool(np.allclose(impute(np.where(hole[..., None], 0, flat), hole), 7))
    True
    """
    if image.shape[2] > 1 and (image == image[..., :1]).all():
        return np.repeat(impute(image[..., :1], missing), image.shape[2], axis=2)  # um filme cinza
    known = (~missing).astype(np.float32)[..., None]
    return _fill(image * known, known)


def probabilities(model, images: np.ndarray) -> np.ndarray:
    """O que a rede responde (N, classes); o Keras a compila uma vez só.

    Parameters
    ----------
    model : keras.Model
    images : ndarray (N, H, W, C)

    Returns
    -------
    ndarray, float32 (N, classes)
        Também para a saída de um neurônio só, que aqui volta a ter duas colunas.
    """
    starts = range(0, len(images), BATCH)
    outputs = np.concatenate([model.predict_on_batch(images[i : i + BATCH]) for i in starts])
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def _score(model, images, target):
    """A probabilidade (N,) da classe de cada imagem."""
    outputs = probabilities(model, images)
    return outputs[np.arange(len(images)), target].astype(np.float64)


def _fill(image, known):
    """Parte da resposta na metade do tamanho e a corrige; o que não se conhece chega zerado."""
    height, width = image.shape[:2]
    if min(height, width) <= 2:
        mean = image.sum(axis=(0, 1)) / max(known.sum(), 1)
        return np.where(known > 0, image, mean.astype(np.float32))
    size = ((width + 1) // 2, (height + 1) // 2)
    sums, weights = (
        _keep3(cv2.resize(a, size, interpolation=cv2.INTER_AREA)) for a in (image, known)
    )
    small = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
    coarse = _fill(small, (weights > 0).astype(np.float32))
    filled = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    fixed = (known > 0).astype(np.uint8)
    for _ in range(SWEEPS):
        cv2.copyTo(image, fixed, filled)
        filled = cv2.filter2D(filled, -1, NEIGHBOURS, borderType=cv2.BORDER_REFLECT_101)
    return _keep3(cv2.copyTo(image, fixed, filled))


def _keep3(image):
    return image if image.ndim == 3 else image[..., None]


def _erase(model, images, maps, target, reference, steps, seed, insert):
    images, maps, target = _check(model, images, maps, target)
    fill = _reference(reference)
    if steps < 1:
        raise InputError(f"São {steps} passos; é preciso ao menos um.")
    generator = np.random.default_rng(seed)
    shares = np.linspace(0, 1, steps + 1)
    scores = []
    cuts = np.round(shares * maps[0].size).astype(int)
    for image, heat, label in zip(images, maps, target, strict=True):
        order = _hottest_first(heat, generator)
        start, end = (fill(image), image) if insert else (image, fill(image))
        pixels, last = end.reshape(heat.size, -1), start.reshape(heat.size, -1)
        altered = [last]
        for changed in np.split(order, cuts[1:-1]):
            altered.append(last := last.copy())
            last[changed] = pixels[changed]
        altered = np.reshape(altered, (-1, *image.shape))
        scores.append(_score(model, altered, np.full(len(altered), label)))
    scores = np.array(scores)
    return Curve(shares, scores, np.trapezoid(scores, shares, axis=1))


def _hottest_first(heat, generator):
    """Os pixels, do mais quente ao mais frio; empates por sorteio."""
    shuffled = generator.permutation(heat.size)
    return shuffled[np.argsort(-heat.ravel()[shuffled])]


def _reference(name):
    if name not in REFERENCES:
        raise InputError(f"A referência {name!r} não existe; há {list(REFERENCES)}.")
    return REFERENCES[name]


def _check(model, images, maps, target):
    images = np.asarray(images, np.float32)
    accepted = model.input_shape[1:]  # None aceita qualquer lado
    if images.ndim != 4 or any(
        want not in (None, side) for want, side in zip(accepted, images.shape[1:], strict=False)
    ):
        raise InputError(f"As imagens têm a forma {images.shape}; a rede recebe (N, {accepted}).")
    if not len(images):
        raise InputError("Não há imagens; é preciso ao menos uma.")
    if not np.isfinite(images).all():
        raise InputError("As imagens têm valores infinitos ou que não são números (NaN).")
    maps = check_maps(maps, images.shape[:3])
    target = np.asarray(target)
    classes = max(model.output_shape[-1], 2)
    if target.shape != (len(images),) or not np.issubdtype(target.dtype, np.integer):
        raise InputError(
            f"As classes têm a forma {target.shape}; deve haver um inteiro por imagem."
        )
    if ((target < 0) | (target >= classes)).any():
        raise InputError(f"Há classes de {target.min()} a {target.max()}; a rede tem {classes}.")
    return images, maps, target
