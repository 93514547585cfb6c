"""Vistas: a mesma imagem um pouco deslocada, mais clara ou mais escura.

A média dos mapas, cada um posto de volta no lugar, tira o que depende de onde a grade da rede cai.
Nenhuma vista é espelhada: o coração tem um lado.
"""

from typing import NamedTuple

import numpy as np

STEP = 1 / 32  # do lado da imagem


class View(NamedTuple):
    """Um deslocamento, em frações da altura e da largura, e um ganho."""

    down: float
    right: float
    gain: float

    def of(self, images):
        """As imagens (N, H, W, C) vistas assim; as bordas repetem o último pixel."""
        rows, columns = self.pixels(images.shape[1:3])
        return np.float32(self.gain) * moved(images, rows, columns)

    def back(self, maps, size):
        """Os mapas (N, h, w) de imagens de ``size`` pixels, de volta ao lugar."""
        rows, columns = self.pixels(size)
        height, width = maps.shape[1:]
        return moved(maps, -rows * height / size[0], -columns * width / size[1])

    def pixels(self, size):
        """O deslocamento em pixels inteiros."""
        return round_away(self.down * size[0]), round_away(self.right * size[1])


VIEWS = (
    View(-STEP, 0, 1),
    View(STEP, 0, 1),
    View(0, -STEP, 1),
    View(0, STEP, 1),
    View(0, 0, 0.9),
    View(0, 0, 1.1),
)


def round_away(value):
    """O inteiro mais próximo, mas nunca zero para quem não é zero."""
    return int(np.sign(value) * max(1, round(abs(value)))) if value else 0


def moved(values, rows, columns):
    """Desloca (N, h, w, …) para baixo e para a direita, bilinear; as bordas repetem."""
    for axis, shift in ((1, rows), (2, columns)):
        if shift:
            last = values.shape[axis] - 1
            places = np.clip(np.arange(last + 1) - shift, 0, last)
            low = np.floor(places).astype(int)
            share = (places - low).astype(np.float32)
            share = share.reshape(-1, *[1] * (values.ndim - axis - 1))
            near, far = (np.take(values, one, axis) for one in (low, np.minimum(low + 1, last)))
            values = near if not share.any() else near + share * (far - near)
    return values
