"""Como um mapa está guardado em um tensor: onde ficam os canais, e em que grade as fichas.

Um mapa pode vir com os canais por último (N, h, w, K), por primeiro (N, K, h, w), ou como a lista
de fichas (tokens) de um transformador (N, T, K), com ou sem uma ficha de classe na frente.
"""

from typing import NamedTuple

from covidcam.cam import tf

FIRST, LAST = "channels_first", "channels_last"


class Layout(NamedTuple):
    """A forma de um mapa.

    Attributes
    ----------
    axis : int
        O eixo dos canais.
    grid : tuple of int or None
        A grade (h, w) das fichas, ou None onde o tensor já é um mapa.
    skip : int
        Quantas fichas há antes das da grade.
    """

    axis: int
    grid: tuple[int, int] | None = None
    skip: int = 0

    def map_of(self, tensor):
        """O tensor como mapa (N, h, w, K), em float32."""
        if self.grid:
            tensor = tf.reshape(tensor[:, self.skip :], (-1, *self.grid, tensor.shape[-1]))
        elif self.axis == 1:
            tensor = tf.transpose(tensor, (0, 2, 3, 1))
        return tf.cast(tensor, tf.float32)

    def tensor_of(self, maps):
        """O mapa (N, h, w, K) como a rede o guarda; uma ficha que não é da grade fica zero."""
        if self.grid:
            tokens = tf.reshape(maps, (-1, self.grid[0] * self.grid[1], maps.shape[-1]))
            return tf.pad(tokens, ((0, 0), (self.skip, 0), (0, 0)))
        return tf.transpose(maps, (0, 3, 1, 2)) if self.axis == 1 else maps

    def under(self, tensor, mask):
        """O tensor com o mapa sob uma máscara (h, w); uma ficha que não é da grade fica."""
        mask = tf.cast(mask, tensor.dtype)
        if self.grid:
            flat = tf.reshape(mask, (-1, 1))
            return tensor * tf.pad(flat, ((self.skip, 0), (0, 0)), constant_values=1)
        return tensor * (mask if self.axis == 1 else mask[..., None])

    def without(self, tensor, channel):
        """O tensor com um canal zerado."""
        kept = 1 - tf.one_hot(channel, tensor.shape[self.axis], dtype=tensor.dtype)
        return tensor * (kept[:, None, None] if self.axis == 1 else kept)


def layouts(steps, start, shape):
    """Devolve posição -> Layout das que guardam um mapa; ``start`` é a entrada, de forma dada."""
    shapes = {start: shape} | {slot: step.shape for step in steps for slot in step.slots}
    wanted = formats_wanted(steps, shapes)
    found = {start: Layout(1 if wanted.get(start) == FIRST else 3)}
    for step in steps:
        sources = [slot for slot in step.sources.values() if slot in found]
        for slot in step.slots:
            layout = layout_of(step, sources, shapes, wanted.get(slot), found)
            if layout is not None:
                found[slot] = layout
    return found


def layout_of(step, sources, shapes, wanted, found):
    """A forma do que um passo escreve, a partir do que ele lê."""
    shape = step.shape
    same = next((slot for slot in sources if keeps_places(shapes[slot], shape, found[slot])), None)
    if len(shape) == 4:
        declared = format_of(step.layer)
        if declared == "unknown" or spatial_sides(shape, declared or wanted) == (1, 1):
            return None
        if declared is None and same is not None:
            return found[same]
        return Layout(1 if (declared or wanted) == FIRST else 3)
    if len(shape) != 3 or shape[1] in (None, 1):
        return None
    if same is not None:
        return found[same]
    for slot in sources:
        grid = found[slot].grid or (shapes[slot][1:3] if found[slot].axis == 3 else (None, None))
        extra = None if None in grid else shape[1] - grid[0] * grid[1]
        behind = len(step.sources) > 1 and next(iter(step.sources.values())) == slot
        if extra == 0 or (extra == 1 and not behind):
            return Layout(2, tuple(grid), extra)
    return None


def keeps_places(before, after, layout):
    """Diz se um passo entre estas formas deixa cada posição onde estava."""
    if len(before) != len(after):
        return False
    return all(
        a == b for axis, (a, b) in enumerate(zip(before, after, strict=True)) if axis != layout.axis
    )


def spatial_sides(shape, order):
    """Os dois lados de um mapa de quatro eixos."""
    return tuple(shape[2:4] if order == FIRST else shape[1:3])


def formats_wanted(steps, shapes):
    """Posição -> a ordem dos eixos que esperam dela as camadas que a leem, se alguma a diz."""
    wanted = {}
    for step in reversed(steps):
        for source in step.sources.values():
            declared = format_of(step.layer)
            elementwise = declared is None and shapes[source] == step.shape
            order = wanted.get(step.slots[0]) if elementwise else declared
            if order in (FIRST, LAST) and len(shapes[source]) == 4:
                wanted[source] = order
    return wanted


def format_of(layer):
    """A ordem dos eixos que a camada declara; "unknown" se só a declara uma camada dentro dela."""
    declared = getattr(layer, "data_format", None)
    if declared is None and hasattr(layer, "_flatten_layers"):
        inside = {getattr(one, "data_format", None) for one in layer._flatten_layers()}
        return "unknown" if FIRST in inside else None
    return declared
