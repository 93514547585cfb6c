"""O salto do fantoma ao filme real: cada imagem de treino varia no que os acervos reais variam.

O que muda de um filme real a outro e o fantoma não mostra bastante: quanto do corpo cabe no filme e
com que proporção, giro, faixas e margens, a curva de contraste, a iluminação, a equalização local,
a forma do tórax, textos, placas e fios por cima, pulmões brancos de doença e gás ou gordura tão
escuros quanto eles.
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
    if rng.uniform() < 0.12:
        image, lungs = _no_chest(image, rng), np.zeros_like(lungs)
    image, lungs = _bend(_blotch(image, lungs, rng), lungs, rng)
    image, lungs = _place(image, lungs, side, rng)
    image = _cover(_expose(image, rng), rng)
    return image, lungs


def _no_chest(image, rng):
    """O que não é um tórax, para que a rede aprenda a não achar: ruído, formas, um filme picado."""
    h, w = image.shape
    kind = rng.integers(3)
    if kind == 0:  # de liso a áspero
        grain = rng.normal(0, rng.uniform(0, 80), [int(2 * (h / 2) ** rng.uniform())] * 2)
        field = cv2.resize(grain, (w, h), interpolation=cv2.INTER_LINEAR) + rng.uniform(0, 255)
        return np.uint8(np.clip(field, 0, 255))
    if kind == 1:
        shapes = np.full((h, w), int(rng.integers(256)), np.uint8)
        for _ in range(rng.integers(1, 30)):
            axes = (rng.uniform(0.02, 0.4, 2) * (w, h)).astype(int).tolist()
            centre = rng.integers((w, h)).tolist()
            tone, turn = int(rng.integers(256)), rng.uniform(0, 180)
            cv2.ellipse(shapes, centre, axes, turn, 0, rng.choice((180, 360)), tone, -1)
        return shapes
    count = rng.integers(3, 7)
    small = cv2.resize(image, (h // count * count,) * 2)
    rows = rng.permutation(
        [tile for row in np.split(small, count) for tile in np.split(row, count, 1)]
    )
    return cv2.resize(np.block([list(row) for row in np.split(rows, count)]), (w, h))


def _place(image, lungs, side, rng):
    """Outro enquadramento: tamanho, proporção, giro, posição, lado, e o que há fora do filme.

    Um em quatro é um filme pequeno num quadro de qualquer cor, ou a foto de uma cópia em papel.
    """
    h, w = lungs.shape[:2]
    framed = rng.uniform() < 0.25
    zoom = np.exp(rng.uniform(-0.8, -0.1) if framed else rng.uniform(-0.25, 0.4))
    stretch = np.exp(rng.uniform(-0.2, 0.2))
    angle, mirror = rng.normal(0, 0.08), rng.choice((-1, 1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    grow = np.diag([zoom * stretch * side / w * mirror, zoom / stretch * side / h])
    matrix = turn @ grow
    reach = 0.5 * (1 - zoom) if framed else np.array((0.12, 0.14))
    centre = side * (0.5 + rng.uniform(-1, 1, 2) * reach)
    matrix = np.column_stack([matrix, centre - matrix @ (w / 2, h / 2)])
    matrix = np.vstack([matrix, [*rng.normal(0, 4e-4 * framed, 2), 1]])  # o papel visto de lado
    replicate = rng.uniform() < 0.5 and not framed
    outside = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    value = float(rng.choice((0, 0, 255, rng.uniform(0, 255))))
    size = (side, side)
    image = cv2.warpPerspective(
        image, matrix, size, flags=cv2.INTER_AREA, borderMode=outside, borderValue=value
    )
    lungs = cv2.warpPerspective(lungs, matrix, size, flags=cv2.INTER_LINEAR)
    return image, lungs[..., ::mirror]


def _blotch(image, lungs, rng):
    """Manchas claras dentro dos pulmões e escuras fora deles.

    As claras fazem da base, ou de quase todo um pulmão, partes moles; as escuras são gás no
    abdome e gordura no flanco. A rede aprende que o cinza sozinho não diz onde o pulmão acaba.
    """
    inside = lungs[..., rng.integers(2)] if rng.uniform() < 0.6 else lungs.max(axis=2)
    outside = 1 - lungs.max(axis=2)
    soft, dark = np.percentile(image, (rng.uniform(70, 95), rng.uniform(15, 45)))
    if rng.uniform() < 0.35:
        veil = _ellipses(inside, rng) * rng.uniform(0.4, 1.0)
        image = image + np.maximum(soft - image, 0) * veil
    if rng.uniform() < 0.5:
        veil = _ellipses(outside, rng) * rng.uniform(0.3, 1.0)
        image = image + np.minimum(dark - image, 0) * veil
    return np.uint8(image)


def _ellipses(mask, rng):
    """De uma a quatro elipses de beirada macia, com o centro e a área dentro da máscara."""
    h, w = mask.shape
    field = np.zeros((h, w), np.float32)
    ys, xs = np.nonzero(mask)
    for k in rng.integers(len(ys), size=rng.integers(1, 5)) if len(ys) else ():
        axes = (rng.uniform(0.04, 0.28, 2) * (w, h)).astype(int) + 1
        centre = (int(xs[k]), int(ys[k]))
        cv2.ellipse(field, centre, axes.tolist(), rng.uniform(0, 180), 0, 360, 1, -1)
    return cv2.GaussianBlur(field * mask, (0, 0), 0.02 * w)


def _bend(image, lungs, rng):
    """Outra anatomia: o filme e a verdade deformados juntos, aos poucos."""
    h, w = image.shape
    shift = cv2.resize(rng.normal(0, 0.025 * w, (5, 5, 2)), (w, h), interpolation=cv2.INTER_CUBIC)
    x, y = np.float32(np.mgrid[:h, :w][::-1] + shift.transpose(2, 0, 1))
    return tuple(
        cv2.remap(array, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for array in (image, lungs.astype(np.float32))
    )


def _expose(image, rng):
    """Outra curva de contraste, iluminação desigual, equalização local, desfoque e ruído."""
    side = image.shape[0]
    value = (image / np.float32(255)) ** np.float32(np.exp(rng.uniform(-0.8, 0.8)))
    if rng.uniform() < 0.3:  # uma curva forte: o escuro some no preto e o claro, no branco
        value = 1 / (1 + np.exp(-rng.uniform(4, 12) * (value - rng.uniform(0.3, 0.7))))
    if rng.uniform() < 0.6:
        field = cv2.resize(rng.normal(0, 0.3, (3, 3)).astype(np.float32), (side, side))
        value = value * np.exp(field)
    low = rng.uniform(0, 0.35)
    high = rng.uniform(0.7, 1.15) if rng.uniform() < 0.7 else low + rng.uniform(0.12, 0.5)
    value = low * (value > 0.02) + (high - low) * value
    if rng.uniform() < 0.3:
        value = cv2.GaussianBlur(value, (0, 0), rng.uniform(0.5, 2))
    value = value + rng.normal(0, 0.06 * rng.uniform() ** 3, value.shape)
    image = (np.clip(value, 0, 1) * 255).astype(np.uint8)
    if rng.uniform() < 0.4:
        image = cv2.createCLAHE(rng.uniform(1, 3), (8, 8)).apply(image)
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
    for _ in range(rng.poisson(1.0)):  # fios e tubos, às vezes com um marca-passo na ponta
        points = rng.uniform(0, side, 2) + np.cumsum(rng.normal(0, 0.12 * side, (5, 2)), axis=0)
        level, points = int(rng.uniform(150, 255)), points.astype(np.int32)
        cv2.polylines(image, [points], False, level, int(rng.integers(1, 3)), cv2.LINE_AA)
        if rng.uniform() < 0.3:
            axes = (rng.uniform(0.02, 0.06, 2) * side).astype(int).tolist()
            turn = rng.uniform(0, 180)
            cv2.ellipse(image, points[0].tolist(), axes, turn, 0, 360, level, -1, cv2.LINE_AA)
    if rng.uniform() < 0.25:  # faixas
        level = int(rng.choice((0, 0, 255)))
        for edge in rng.permutation(4)[: rng.integers(1, 4)]:
            width = int(rng.uniform(0, 0.1) * side)
            np.rot90(image, edge)[:width] = level
    return image
