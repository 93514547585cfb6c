"""O valor de Shapley das zonas de uma imagem: quanto cada uma acrescenta, em média, às outras."""

from itertools import product
from math import comb

import numpy as np

from covidcam.cam import tf
from covidcam.cam.options import Count, Finite, Seed
from covidcam.cam.perturbation import is_noise

EXACT = 12  # até tantas zonas, todos os subconjuntos podem ser contados


def kernel_shap(
    probe,
    *,
    rows: Count = 3,
    columns: Count = 2,
    samples: Count = 64,
    reference: Finite | None = None,
    seed: Seed = 0,
):
    """Kernel SHAP: o valor de Shapley φ de cada zona da imagem, dividido pela sua área.

    Minimiza Σ_S π(S) (y(S) - y(∅) - Σ_{i∈S} φᵢ)² com Σ φᵢ = y(x) - y(∅), em que S são zonas à
    mostra, as outras valem ``reference`` (padrão: a média da imagem) e π(S) = (n-1) / (C(n,|S|) |S|
    (n-|S|)). As zonas são ``rows`` x ``columns`` retângulos: por padrão os terços de cada lado, as
    seis zonas dos pulmões. Se os 2ⁿ subconjuntos cabem em ``samples``, todos contam e φ é exato;
    senão são sorteados, aos pares S e o complemento. A soma do mapa (N, H, W) é sempre
    y(x) - y(∅). Custa ``samples`` passagens, 64 por padrão.
    Lundberg & Lee, NeurIPS 2017, arXiv:1705.07874.
    """
    size = probe.images.shape[1:3]
    zones = (np.arange(size[0]) * rows // size[0])[:, None] * columns
    zones = zones + np.arange(size[1]) * columns // size[1]
    count = rows * columns
    shown, weights = subsets(count, samples, seed)
    mean = tf.reduce_mean(probe.images, axis=(1, 2)).numpy()
    fills = mean if reference is None else [reference] * len(mean)
    scores = np.zeros((len(mean), len(shown)))
    for chunk in probe.watch(list(probe.chunks(np.arange(len(shown)))), "kernel-shap"):
        masks = probe.masks(len(chunk))
        masks[:] = shown[chunk][:, zones]
        for i, fill in enumerate(fills):
            scores[i, chunk] = probe.masked(i, masks, fill)
    largest = np.abs(scores - scores[:, :1]).max(axis=1)
    values = shapley_values(shown, weights, scores)
    values[is_noise(largest, scores[:, 0])] = 0
    return tf.constant((values / np.bincount(zones.ravel()))[:, zones], tf.float32)


def subsets(count, samples, seed):
    """Devolve subconjuntos de zonas (m, count), o vazio e o cheio primeiro, e o peso dos demais."""
    ends = np.array([[0], [1]]) * np.ones(count, int)
    if count <= EXACT and 2**count <= max(samples, 2):
        every = np.array(list(product([0, 1], repeat=count)))
        inside = every[1:-1]
        sizes = inside.sum(axis=1)
        weights = [(count - 1) / (comb(count, s) * s * (count - s)) for s in sizes]
        return np.concatenate([ends, inside]), np.array(weights)
    random = np.random.Generator(np.random.PCG64(seed))
    sizes = np.arange(1, count)
    chance = 1 / (sizes * (count - sizes))
    inside = []
    for size in random.choice(sizes, max(1, (samples - 2) // 2), p=chance / chance.sum()):
        one = np.isin(np.arange(count), random.permutation(count)[:size]).astype(int)
        inside += [one, 1 - one]
    return np.concatenate([ends, inside]), np.ones(len(inside))


def shapley_values(shown, weights, scores):
    """Os φ (N, n) que melhor explicam as notas (N, m) dos subconjuntos (m, n), com a soma exata.

    A restrição tira a última zona da conta: φₙ = Δ - Σ dos outros, com Δ = y(x) - y(∅).
    """
    empty, whole = scores[:, :1], scores[:, 1:2]
    change, inside = whole - empty, shown[2:]
    root = np.sqrt(weights)[:, None]
    others = inside[:, :-1] - inside[:, -1:]
    wanted = (scores[:, 2:] - empty - change * inside[:, -1]).T
    values, *_ = np.linalg.lstsq(root * others, root * wanted, rcond=None)
    return np.concatenate([values.T, change - values.T.sum(axis=1, keepdims=True)], axis=1)
