"""O salto do fantoma ao filme real: cada imagem de treino varia no que os acervos reais variam.

O que muda de um filme real a outro e o fantoma não mostra bastante: quanto do corpo cabe no filme e
com que proporção, giro, faixas e margens, a curva de contraste, a iluminação, a equalização local,
textos, placas e fios por cima, e pulmões tão brancos que só a forma do tórax diz onde estão.
"""

import cv2
import numpy as np


def vary(
    image: np.ndarray, lungs: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Uma variação de um filme e dos seus pulmões.

    Parameters
    ----------
    image : ndarray, uint8 (H, W)
    lungs : ndarray, uint8 (H, W, 2)
        0 ou 1; o pulmão à esquerda e o à direita na imagem.
    side : int
        Lado do resultado, em pixels.
    rng : numpy.random.Generator

    Returns
    -------
    image : ndarray, uint8 (side, side)
    lungs : ndarray, float32 (side, side, 2)
        De 0 a 1.
    """
    image = _whiten(image, lungs, rng)
    image, lungs = _place(image, lungs, side, rng)
    image = _cover(_expose(image, rng), rng)
    return image, lungs


def _place(image, lungs, side, rng):
    """Outro enquadramento: tamanho, proporção, giro, posição, lado, e o que há fora do filme."""
    h, w = lungs.shape[:2]
    zoom, stretch = np.exp(rng.uniform(-0.2, 0.4)), np.exp(rng.uniform(-0.17, 0.17))
    angle, mirror = rng.normal(0, 0.07), rng.choice((-1, 1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    grow = np.diag([zoom * stretch * side / w * mirror, zoom / stretch * side / h])
    matrix = turn @ grow
    centre = side * (0.5 + rng.uniform((-0.1, -0.15), (0.1, 0.08)))
    matrix = np.column_stack([matrix, centre - matrix @ (w / 2, h / 2)])
    outside = cv2.BORDER_REPLICATE if rng.uniform() < 0.5 else cv2.BORDER_CONSTANT
    value = 255 * float(rng.uniform() < 0.25)
    size = (side, side)
    image = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_AREA, borderMode=outside, borderValue=value
    )
    lungs = cv2.warpAffine(lungs.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    return image, lungs[..., ::mirror]


def _whiten(image, lungs, rng):
    """Às vezes, a base de um pulmão ou o pulmão quase inteiro fica da cor das partes moles."""
    if rng.uniform() > 0.35:
        return image
    mask = lungs[..., rng.integers(2)] if rng.uniform() < 0.6 else lungs.max(axis=2)
    h, w = mask.shape
    veil = np.zeros((h, w), np.float32)
    ys, xs = np.nonzero(mask)
    for _ in range(rng.integers(1, 5)):
        k = rng.integers(len(ys)) if len(ys) else 0
        axes = (rng.uniform(0.05, 0.3, 2) * (w, h)).astype(int) + 1
        spot = (int(xs[k]), int(ys[k])) if len(ys) else (0, 0)
        cv2.ellipse(veil, spot, axes.tolist(), rng.uniform(0, 180), 0, 360, 1, -1)
    veil = cv2.GaussianBlur(veil * mask, (0, 0), 0.03 * w) * rng.uniform(0.4, 1.0)
    soft = np.percentile(image, rng.uniform(70, 95))
    return np.maximum(image, image + (soft - image) * veil).astype(np.uint8)


def _expose(image, rng):
    """Outra curva de contraste, iluminação desigual, equalização local, desfoque e ruído."""
    side = image.shape[0]
    value = (image / np.float32(255)) ** np.float32(np.exp(rng.uniform(-0.7, 0.7)))
    if rng.uniform() < 0.6:
        field = cv2.resize(rng.normal(0, 0.25, (3, 3)).astype(np.float32), (side, side))
        value = value * np.exp(field)
    low, high = rng.uniform(0, 0.3), rng.uniform(0.7, 1.15)
    value = low * (value > 0.02) + (high - low) * value
    if rng.uniform() < 0.3:
        value = cv2.GaussianBlur(value, (0, 0), rng.uniform(0.5, 1.5))
    value = value + rng.normal(0, 0.04 * rng.uniform() ** 2, value.shape)
    image = (np.clip(value, 0, 1) * 255).astype(np.uint8)
    if rng.uniform() < 0.4:
        image = cv2.createCLAHE(rng.uniform(1, 5), (8, 8)).apply(image)
    return image


def _cover(image, rng):
    """O que se põe por cima do filme: placas, letras, fios e faixas nas beiradas."""
    side = image.shape[0]
    for _ in range(rng.poisson(1.2)):  # letras e placas, quase sempre perto da beirada
        x, y = rng.uniform(0, side), rng.choice((rng.uniform(0, 0.2), rng.uniform(0.8, 1))) * side
        w, h = rng.uniform(0.04, 0.3) * side, rng.uniform(0.03, 0.1) * side
        corner, opposite = (int(x), int(y)), (int(x + w), int(y + h))
        if rng.uniform() < 0.5:
            cv2.rectangle(image, corner, opposite, int(rng.choice((0, 255))), -1)
        text = "".join(rng.choice(list("LRAPERECTSUPINE"), rng.integers(1, 8)))
        cv2.putText(image, text, corner, 0, rng.uniform(0.2, 0.5), 255, 1, cv2.LINE_AA)
    for _ in range(rng.poisson(0.8)):  # fios
        points = rng.uniform(0, side, 2) + np.cumsum(rng.normal(0, 0.12 * side, (5, 2)), axis=0)
        level = int(rng.uniform(150, 255))
        cv2.polylines(image, [points.astype(np.int32)], False, level, 1, cv2.LINE_AA)
    if rng.uniform() < 0.25:  # faixas
        level = int(rng.choice((0, 0, 255)))
        for edge in rng.permutation(4)[: rng.integers(1, 4)]:
            width = int(rng.uniform(0, 0.1) * side)
            np.rot90(image, edge)[:width] = level
    return image
