"""As etapas de uma radiografia: grandezas físicas em cinza, o perfil de uma linha, a espessura."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covidcam.figures import canvas
from covidcam.figures.films import grid, overlay
from covidcam.figures.text import listing, number, percent


def greys(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Leva uma grandeza aos cinzas de uma figura.

    Parameters
    ----------
    values : ndarray, float (H, W)
    low, high : float
        O que vira preto e o que vira branco; fora deles, satura. `low` pode ser o maior.

    Returns
    -------
    ndarray, uint8 (H, W)

    Examples
    --------
    >>> greys(np.array([[-1.0, 0.0, 5.0, 10.0]]), 0, 10).tolist()
    [[0, 0, 128, 255]]
    """
    share = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1)
    return np.round(255 * share).astype(np.uint8)


def crossed(
    image: np.ndarray, transmitted: np.ndarray, row: int, columns: Mapping[str, int]
) -> tuple[Figure, str]:
    """Uma linha, e pontos dela, sobre a radiografia e sobre o feixe que a fez.

    Parameters
    ----------
    image : ndarray, uint8 (H, W)
    transmitted : ndarray, float (H, W)
        De 0 a 1; os cinzas são do logaritmo.
    row : int
        A linha.
    columns : mapping of str to int
        Os pontos da linha a marcar, com o nome de cada um.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    logarithm = np.log(transmitted)
    beam = greys(logarithm, logarithm.min(), 0)
    figure = grid([image, beam], ["a radiografia", "o feixe: claro onde passa mais"], 2)
    for axes in figure.axes:
        axes.axhline(row, color=canvas.COLOURS[1], linewidth=1)
        for column, colour in zip(columns.values(), canvas.COLOURS[1:], strict=False):
            axes.plot(column, row, "o", color=colour, markeredgecolor="white")
    where = f"com uma linha horizontal e, nela, {listing(list(columns))}"
    return figure, f"Uma radiografia e o feixe que atravessou o corpo, {where}."


def profile(transmitted: np.ndarray, row: int, columns: Mapping[str, int]) -> tuple[Figure, str]:
    """A parte do feixe que chega a cada ponto de uma linha, em escala logarítmica.

    Parameters
    ----------
    transmitted, row, columns
        Como em `crossed`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(width=5.0, height=3.2)
    (axes,) = figure.axes
    axes.semilogy(transmitted[row], color=canvas.COLOURS[3])
    for (name, column), colour in zip(columns.items(), canvas.COLOURS[1:], strict=False):
        axes.plot(column, transmitted[row, column], "o", color=colour, label=name)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda share, _: percent(share, int(share < 0.01)))
    )
    axes.set(title="parte do feixe que atravessa", xlabel="coluna")
    axes.legend(frameon=False)
    shares = [f"{name}, {percent(transmitted[row, c], 1)}" for name, c in columns.items()]
    alt = f"A parte do feixe que atravessa o corpo ao longo da linha: {'; '.join(shares)}."
    return figure, alt


def thickness(image: np.ndarray, centimetres: np.ndarray) -> tuple[Figure, str]:
    """A máscara de uma lesão sobre a sua radiografia e, ao lado, a espessura, em cores.

    Parameters
    ----------
    image : ndarray, uint8 (H, W)
    centimetres : ndarray, float (H, W)
        Zero onde não há lesão.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    most = centimetres.max()
    painted = overlay(image, centimetres / (most or 1), alpha=0.75)
    largest = f"{number(most, 1)} cm"
    titles = ["a máscara da lesão", f"a espessura dela: no mais claro, {largest}"]
    figure = grid([image, painted], titles, 2, [centimetres > 0, None])
    alt = (
        f"O contorno da lesão sobre a radiografia e a espessura dela em cores, até {largest}, sobre"
        f" {percent(np.mean(centimetres > 0))} do filme."
    )
    return figure, alt
