"""Os métodos que escondem partes da imagem e veem o que acontece com o logit.

Cada função pergunta ao modelo pela sonda (``probe``) e devolve o mapa bruto, com sinal.
"""

import numpy as np

from covidcam.cam import tf
from covidcam.cam.activation import weighted_sum
from covidcam.cam.cut import ROUNDING
from covidcam.cam.heatmaps import upsample
from covidcam.cam.options import Count, Finite, Open, Seed
from covidcam.errors import InputError


def score_cam(probe, activation, *, channels: Count | None = None):
    """Score-CAM: Σₖ wₖ Aₖ, com w = softmax dos logits da imagem sob cada canal como máscara.

    A máscara é o canal ampliado e levado a [0, 1]; um canal constante nada mascara e não conta.
    ``channels`` usa só os tantos de maior variância; None, todos. Mapa (N, h, w). Custa uma
    passagem por canal.
    Wang et al., CVPRW 2020, doi:10.1109/CVPRW50498.2020.00020.
    """
    return seen_through(probe, activation, channels, [1.0], "score-cam")


def is_cam(probe, activation, *, channels: Count | None = 32, steps: Count = 10):
    """IS-CAM: a Score-CAM com a média dos logits enquanto a imagem mascarada clareia do preto.

    w = softmax da média, em i de 1 a n, do logit de (i/n) Mₖ ⊙ x; ``steps`` é n e ``channels``, os
    tantos canais de maior variância (None, todos, como no artigo). Mapa (N, h, w). Custa
    ``channels`` x ``steps`` passagens.
    Naidu et al. (2020), arXiv:2010.03023.
    """
    gains = [(step + 1) / steps for step in range(steps)]
    return seen_through(probe, activation, channels, gains, "is-cam")


def seen_through(probe, activation, channels, gains, title):
    """Σₖ wₖ Aₖ, com w = softmax do logit médio da imagem sob o canal k, vezes cada ganho."""
    activation = activation.numpy()
    usable = np.ptp(activation, axis=(1, 2)) > 0
    order = np.argsort(-activation.var(axis=(1, 2)), kind="stable")
    jobs = []
    for i, row in enumerate(order):
        jobs += [(i, chunk) for chunk in probe.chunks(row[usable[i, row]][:channels])]
    logits = np.full(usable.shape, -np.inf, np.float32)
    for i, chosen in probe.watch(jobs, title):
        maps = np.moveaxis(activation[i][..., chosen], -1, 0)
        masks = stretch(probe.enlarge(maps, probe.masks(len(chosen))))
        seen = [probe.masked(i, masks if g == 1 else np.float32(g) * masks) for g in gains]
        logits[i, chosen] = np.mean(seen, axis=0)
    seen = np.isfinite(logits)
    weights = tf.where(seen, tf.nn.softmax(logits), 0.0)
    low = np.min(logits, axis=1, where=seen, initial=np.inf)
    changed = ~is_noise(np.max(logits, axis=1, where=seen, initial=-np.inf) - low, low)
    alone = seen.sum(axis=1) == 1  # sem outro canal a que se comparar, o peso é 1
    return weighted_sum(activation, weights * (changed | alone)[:, None])


def stretch(masks):
    """Leva cada máscara, no lugar, a [0, 1] pelo seu mínimo e máximo."""
    masks -= masks.min(axis=(1, 2), keepdims=True)
    width = masks.max(axis=(1, 2), keepdims=True)
    masks /= np.where(width > 0, width, 1)
    return masks


def occlusion(
    probe,
    *,
    window: Count | None = None,
    stride: Count | None = None,
    reference: Finite | None = None,
):
    """Oclusão: em cada pixel, a queda média do logit sob as janelas que o cobrem.

    ``window`` é o lado da janela (padrão: um oitavo do menor lado da imagem), ``stride`` o passo
    (padrão: meia janela) e ``reference`` o que a preenche (padrão: a média da imagem). (N, H, W).
    Zeiler & Fergus, ECCV 2014, arXiv:1311.2901.
    """
    size = probe.images.shape[1:3]
    window = max(1, min(size) // 8) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if window > min(size):
        raise InputError(f"window é {window}; aceita-se de 1 a {min(size)}, o lado da imagem.")
    rows, columns = (
        [slice(start, start + window) for start in starts(side, window, stride)] for side in size
    )
    windows = [(row, column) for row in rows for column in columns]
    logit, mean = probe.logit.numpy(), tf.reduce_mean(probe.images, axis=(1, 2)).numpy()
    fills = mean if reference is None else [reference] * len(mean)
    total, covered = np.zeros((len(probe.images), *size), np.float32), np.zeros(size, np.float32)
    largest = np.zeros(len(probe.images))
    for chunk in probe.watch(list(probe.chunks(range(len(windows)))), "occlusion"):
        masks = probe.masks(len(chunk))
        masks.fill(1)
        for mask, place in zip(masks, chunk, strict=True):
            mask[windows[place]] = 0
            covered[windows[place]] += 1
        for i, fill in enumerate(fills):
            drop = logit[i] - probe.masked(i, masks, fill).numpy()
            largest[i] = max(largest[i], np.abs(drop).max())
            for amount, place in zip(drop, chunk, strict=True):
                total[i][windows[place]] += amount
    total[is_noise(largest, logit)] = 0
    return tf.constant(total / np.maximum(covered, 1))


def starts(side, window, stride):
    """Devolve o início de cada janela; a última encosta na borda."""
    return sorted({*range(0, side - window, stride), side - window})


def rise(
    probe,
    *,
    samples: Count = 1000,
    grid: Count = 7,
    probability: Open(0, 1) = 0.5,
    seed: Seed = 0,
):
    """RISE: 1/(N p) Σₙ (yₙ - ȳ) Mₙ, com yₙ o logit sob a máscara aleatória Mₙ.

    O artigo não desconta a média ȳ; sem isso o mapa ganha uma constante que nada diz sobre a
    imagem e muda de sinal com o logit. Máscaras: grades ``grid`` x ``grid`` de zeros e uns (1 com
    ``probability``), ampliadas e deslocadas ao acaso; são as mesmas em todas as imagens. (N, H, W).
    Petsiuk, Das & Saenko, BMVC 2018, arXiv:1806.07421.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    count, size = len(probe.images), probe.images.shape[1:3]
    cells = (random.random((samples, grid + 1, grid + 1)) < probability).astype(np.float32)
    offsets = random.random((samples, 2))
    logits, shown, total = np.zeros(count), np.zeros(size), np.zeros((count, *size))
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    for chunk in probe.watch(list(probe.chunks(np.arange(samples))), "rise"):
        masks = smooth_masks(cells[chunk], offsets[chunk], probe.masks(len(chunk)))
        shown += masks.sum(axis=0)
        scores = np.array([probe.masked(i, masks) for i in range(count)])
        total += np.tensordot(scores, masks, axes=1)
        logits += scores.sum(axis=1)
        low, high = np.minimum(low, scores.min(axis=1)), np.maximum(high, scores.max(axis=1))
    raw = (total - logits[:, None, None] / samples * shown) / (samples * probability)
    raw[is_noise(high - low, high)] = 0
    return tf.constant(raw, tf.float32)


def is_noise(change, logit):
    """Diz onde a mudança do logit não passa do arredondamento das contas que o dão."""
    return np.abs(change) <= ROUNDING * np.abs(logit)


def smooth_masks(cells, offsets, masks):
    """Amplia grades (n, g + 1, g + 1) em ``masks`` (n, H, W), cada uma deslocada até uma célula."""
    (height, width), grid = masks.shape[1:], cells.shape[1] - 1
    cell = np.array([-(-height // grid), -(-width // grid)])
    large = upsample(cells, tuple((grid + 1) * cell))
    corners = (offsets * cell).astype(int)
    for mask, grown, (y, x) in zip(masks, large, corners, strict=True):
        mask[:] = grown[y : y + height, x : x + width]
    return masks
