"""Onde, na imagem, está cada célula de um mapa.

Esticar um mapa até o tamanho da imagem supõe que as suas células a ladrilhem por igual. Passos
largos com preenchimento "same", cortes e bordas acrescentadas fazem com que não: na ResNet50 o
mapa assim esticado fica 15,5 pixels fora do lugar. Aqui o centro de cada célula é achado pela
aritmética dos campos receptivos, camada por camada, da imagem ao mapa (Dumoulin & Visin,
arXiv:1603.07285; Araujo, Norris & Sim, Distill 2019, doi:10.23915/distill.00021).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Pixels: abaixo disto, duas posições são a mesma.
NEGLIGIBLE = 1e-6
# Células que uma camada desconhecida acrescenta ou tira como borda: a de uma janela de 7.
MARGIN = 6


class Axis(NamedTuple):
    """Um eixo de um mapa, em pixels da imagem.

    Attributes
    ----------
    count : int
        Número de células.
    start, step : float
        A célula j está centrada no pixel ``start + step * j`` (o pixel 0 está centrado em 0).
    radius : float
        Até onde uma célula vê, a partir do seu centro.
    low, high : float
        O primeiro e o último pixel que a rede vê: um corte deixa de fora os outros.
    spread : float
        Onde os caminhos da imagem à célula discordam do centro, ``start`` é uma média (ver
        ``meet``), e nenhum deles fica a mais de ``spread`` dela.
    """

    count: int
    start: float
    step: float
    radius: float
    low: float
    high: float
    spread: float

    def centre(self, cell):
        """O pixel em que está centrada a célula ``cell``."""
        return self.start + self.step * cell


class Registration(NamedTuple):
    """Onde estão, na imagem, as células de um mapa.

    Attributes
    ----------
    y, x : Axis
        As linhas e as colunas.
    assumed : tuple of str
        As camadas que mudaram o tamanho do mapa de um modo que a aritmética não conhece: supôs-se
        que as células delas ladrilham por igual o que leem (ver ``guessed``).
    """

    y: Axis
    x: Axis
    assumed: tuple[str, ...] = ()

    @property
    def counts(self):
        """Linhas e colunas do mapa."""
        return self.y.count, self.x.count

    def even(self, size):
        """Diz se as células ladrilham por igual uma imagem (H, W), toda ela vista."""
        return all(
            abs(axis.start - (side / axis.count - 1) / 2) < NEGLIGIBLE
            and abs(axis.step - side / axis.count) * axis.count < NEGLIGIBLE
            and axis.low < 0.5
            and axis.high > side - 1.5
            for axis, side in zip(self[:2], size, strict=True)
        )


class Reading(NamedTuple):
    """Como uma camada lê um eixo: ``count`` saídas, a j centrada na entrada ``stride * j + shift``.

    ``reach`` é até onde ela lê de cada lado desse centro.
    """

    count: int
    stride: float = 1.0
    shift: float = 0.0
    reach: float = 0.0


def locate(network, slot, size, counts):
    """Acha onde estão as células do mapa que a rede escreve em ``slot``.

    Parameters
    ----------
    network : covidcam.cam.network.Network
    slot : int
        A posição do mapa.
    size : (int, int)
        Altura e largura da imagem, em pixels.
    counts : (int, int)
        Linhas e colunas do mapa; se a aritmética chega a outras, supõe-se.

    Returns
    -------
    Registration
    """
    known = {network.input: Registration(*(whole(side) for side in size))}
    for step in network.steps:
        sources = [known[source] for source in step.sources.values() if source in known]
        if sources and len(step.shape) > 2 and tuple(step.shape[1:3]) != (1, 1):
            known.update(dict.fromkeys(step.slots, through(step, sources)))
        if slot in known:
            break
    found = known.get(slot, known[network.input])
    return found if found.counts == tuple(counts) else guessed(found, counts, network.name(slot))


def whole(side):
    """O eixo da própria imagem: uma célula por pixel."""
    return Axis(side, 0.0, 1.0, 0.0, 0.0, side - 1.0, 0.0)


def through(step, sources):
    """Onde estão as células depois de um passo que lê mapas que estão em ``sources``."""
    largest = max(sources, key=lambda one: one.y.count * one.x.count)
    rule = rule_for(step.layer)
    readings = rule(step, largest.counts) if rule else None
    if readings is not None:
        return Registration(*map(read, largest[:2], readings), largest.assumed)
    # Unidades em fila (tokens) guardam a grade de onde vieram.
    if len(step.shape) == 4 and dimension(step.shape, largest.counts) is None:
        return guessed(largest, step.shape[1:3], step.name)
    alike = [one for one in sources if one.counts == largest.counts]
    assumed = tuple(dict.fromkeys(name for one in alike for name in one.assumed))
    return Registration(*map(meet, *(one[:2] for one in alike)), assumed)


def read(axis, reading):
    """Compõe um eixo com a leitura que uma camada faz dele."""
    count, stride, shift, reach = reading
    # O resto que um passo largo deixa por ler, no fim, não é um corte: conta como visto.
    margin = reach + max(stride - 1, 0)
    first = shift - margin
    last = stride * (count - 1) + shift + margin
    low, high = axis.low, axis.high
    if first > 0:
        low = max(low, axis.centre(first) - axis.radius)
    if last < axis.count - 1:
        high = min(high, axis.centre(last) + axis.radius)
    return Axis(
        count,
        axis.centre(shift),
        axis.step * stride,
        axis.radius + axis.step * reach,
        low,
        high,
        axis.spread,
    )


def meet(*axes):
    """Junta caminhos que se somam ou se empilham, em que cada ramo pesa o mesmo: a média deles.

    A derivada chega igual a todos os ramos de uma soma ou de uma pilha; na NASNetMobile, cujos
    caminhos discordam em 30 pixels, a média fica a 2 do centroide medido, e o meio entre os
    extremos, a 10.
    """
    if len(set(axes)) == 1:
        return axes[0]
    count = axes[0].count
    start = sum(axis.start for axis in axes) / len(axes)
    step = sum(axis.step for axis in axes) / len(axes)
    apart = [
        max(abs(axis.centre(cell) - start - step * cell) for cell in (0, count - 1))
        for axis in axes
    ]
    return Axis(
        count,
        start,
        step,
        max(axis.radius + away for axis, away in zip(axes, apart, strict=True)),
        min(axis.low for axis in axes),
        max(axis.high for axis in axes),
        max(axis.spread + away for axis, away in zip(axes, apart, strict=True)),
    )


def guessed(source, counts, name):
    """Supõe onde estão as ``counts`` células que uma camada desconhecida faz das de ``source``.

    Poucas células a mais ou a menos são bordas iguais dos dois lados, como as que se põem antes de
    uma convolução; senão, as novas ladrilham por igual a área das antigas.
    """
    axes = []
    for axis, count in zip(source[:2], counts, strict=True):
        count = count or axis.count
        few = abs(count - axis.count) <= min(MARGIN, (axis.count - 1) // 2)
        stride = 1 if few else axis.count / count
        shift = (axis.count - 1 - stride * (count - 1)) / 2
        axes.append(read(axis, Reading(count, stride, shift, max(stride, shift))))
    return Registration(*axes, (*source.assumed, name))


def dimension(shape, counts):
    """A primeira dimensão espacial de uma forma (N, h, w, C) ou (N, C, h, w), ou None."""
    for first in (1, 2):
        pairs = zip(shape[first : first + 2], counts, strict=True)
        if len(shape) == 4 and all(side in (None, count) for side, count in pairs):
            return first
    return None


def windowed(step, counts):
    """Convolução ou agrupamento: janelas com passo, dilatação e preenchimento."""
    layer = step.layer
    sizes = getattr(layer, "kernel_size", None) or layer.pool_size
    dilations = getattr(layer, "dilation_rate", None) or (1, 1)
    readings = []
    windows = zip(counts, sizes, pair(layer.strides), pair(dilations), strict=True)
    for count, size, stride, dilation in windows:
        reach = (size - 1) * dilation / 2
        made = (count - 1 - 2 * reach) // stride + 1
        before = 0
        if layer.padding == "same":  # a sobra, quando ímpar, vai toda para o fim
            made = -(-count // stride)
            before = max((made - 1) * stride + 2 * reach + 1 - count, 0) // 2
        readings.append(Reading(int(made), stride, reach - before, reach))
    return readings


def transposed(step, counts):
    """Convolução transposta: a entrada j espalha-se a partir da saída ``stride * j - before``."""
    layer = step.layer
    first = 1 if layer.data_format == "channels_last" else 2
    shape = [1, *counts]
    shape.insert(1 if first == 2 else 3, layer.kernel.shape[-1])
    made = layer.compute_output_shape(shape)[first : first + 2]
    readings = []
    windows = zip(counts, made, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    for count, grown, size, stride, dilation in windows:
        reach = (size - 1) * dilation / 2
        before = 0
        if layer.padding == "same":
            before = max((count - 1) * stride + 2 * reach + 1 - grown, 0) // 2
        readings.append(Reading(grown, 1 / stride, (before - reach) / stride, reach / stride))
    return readings


def padded(step, counts):
    """Bordas acrescentadas."""
    edges = zip(counts, step.layer.padding, strict=True)
    return [Reading(count + sum(edge), shift=-edge[0]) for count, edge in edges]


def cropped(step, counts):
    """Bordas cortadas."""
    edges = zip(counts, step.layer.cropping, strict=True)
    return [Reading(count - sum(edge), shift=edge[0]) for count, edge in edges]


def centred(step, counts):
    """O centro da imagem; se ela não chega ao tamanho pedido, é cortada na proporção e esticada."""
    size = step.layer.height, step.layer.width
    if any(count < side for count, side in zip(counts, size, strict=True)):
        return stretched(counts, size, crop=True)
    edges = zip(counts, size, strict=True)
    return [Reading(side, shift=(count - side) // 2) for count, side in edges]


def resized(step, counts):
    """Imagem esticada ou encolhida, com ou sem corte ou borda que lhe guardem a proporção."""
    layer = step.layer
    size = getattr(layer, "size", None) or (layer.height, layer.width)
    return stretched(counts, size, layer.crop_to_aspect_ratio, layer.pad_to_aspect_ratio)


def stretched(counts, size, crop=False, pad=False):
    """``counts`` levados a ``size`` com centros de meio pixel, depois de cortar ou preencher."""
    kept = list(counts)
    if crop or pad:
        chosen = min if crop else max
        for axis, other in ((0, 1), (1, 0)):
            kept[axis] = chosen(counts[axis], max(int(counts[other] * size[axis] / size[other]), 1))
    readings = []
    for count, inside, side in zip(counts, kept, size, strict=True):
        stride = inside / side
        before = int((count - inside) / 2)  # negativo quando se preenche
        readings.append(Reading(side, stride, before + (stride - 1) / 2, stride / 2))
    return readings


def repeated(step, counts):
    """Cada célula repetida, ou interpolada, tantas vezes."""
    factors = zip(counts, pair(step.layer.size), strict=True)
    return [Reading(count * f, 1 / f, (1 / f - 1) / 2) for count, f in factors]


def adapted(step, counts):
    """Agrupamento para um número dado de células."""
    return stretched(counts, pair(step.layer.output_size))


def sliced(step, counts):
    """``x[:, a:b:s, c:d:t]``; None se a chave é outra coisa ou não se sabe de que dimensões."""
    shape = step.arguments.args[0].shape
    key = step.arguments.args[1] if len(step.arguments.args) > 1 else step.arguments.kwargs["key"]
    key = tuple(key) if isinstance(key, (tuple, list)) else (key,)
    first = dimension(shape, counts)
    if first is None or not all(isinstance(one, slice) for one in key):
        return None
    readings = []
    for count, one in zip(counts, (*key, *[slice(None)] * 4)[first : first + 2], strict=True):
        kept = range(*one.indices(count))
        if not kept or kept.step < 0:
            return None
        readings.append(Reading(len(kept), kept.step, kept.start))
    return readings


def bordered(step, counts):
    """``keras.ops.pad``."""
    first = dimension(step.arguments.args[0].shape, counts)
    widths = step.layer.pad_width
    if first is None:
        return None
    widths = widths * 4 if len(widths) == 1 else widths
    edges = zip(counts, widths[first : first + 2], strict=True)
    return [Reading(count + sum(edge), shift=-edge[0]) for count, edge in edges]


def kept(step, counts):
    """Em inferência, nada muda."""
    return [Reading(count) for count in counts]


def pair(value):
    """Um número, ou um por eixo."""
    return (value, value) if isinstance(value, int) else tuple(value)


# As camadas e operações do Keras que movem células; as outras que guardam o tamanho não as movem.
RULES = {
    "Conv2D": windowed,
    "DepthwiseConv2D": windowed,
    "SeparableConv2D": windowed,
    "MaxPooling2D": windowed,
    "AveragePooling2D": windowed,
    "Conv2DTranspose": transposed,
    "ZeroPadding2D": padded,
    "Cropping2D": cropped,
    "CenterCrop": centred,
    "RandomCrop": kept,
    "Resizing": resized,
    "Resize": resized,
    "UpSampling2D": repeated,
    "AdaptiveAveragePooling2D": adapted,
    "AdaptiveMaxPooling2D": adapted,
    "GetItem": sliced,
    "Pad": bordered,
}


def rule_for(layer):
    """A regra da camada do Keras que ``layer`` é ou especializa, ou None."""
    for kind in type(layer).__mro__:
        if kind.__module__.startswith("keras.") and kind.__name__ in RULES:
            return RULES[kind.__name__]
    return None


@lru_cache(maxsize=64)
def weights(axis, side):
    """Os pesos (H, h) que levam as células de um eixo a ``side`` pixels.

    Lineares entre centros de células; além do primeiro e do último, o valor deles; zero nos
    pixels que a rede não vê.
    """
    pixels = np.arange(side)
    cells = np.clip((pixels - axis.start) / axis.step, 0, axis.count - 1)
    before = np.minimum(cells.astype(int), max(axis.count - 2, 0))
    matrix = np.zeros((side, axis.count), np.float32)
    matrix[pixels, before] = 1 - (cells - before)
    matrix[pixels, np.minimum(before + 1, axis.count - 1)] += cells - before
    matrix[(pixels < axis.low - 0.5) | (pixels > axis.high + 0.5)] = 0
    matrix.flags.writeable = False
    return matrix
