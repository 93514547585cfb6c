"""As etapas de uma radiografia: grandezas físicas em cinza, o perfil de uma linha, a espessura."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covidcam.figures import canvas
from covidcam.figures.films import COLORMAP
from covidcam.figures.text import number, percent


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


def profile(
    image: np.ndarray, transmitted: np.ndarray, row: int, columns: Mapping[str, int]
) -> tuple[Figure, str]:
    """Uma linha de uma radiografia e a parte do feixe que chega a cada ponto dela.

    Parameters
    ----------
    image : ndarray, uint8 (H, W)
    transmitted : ndarray, float (H, W)
        De 0 a 1; desenhada em escala logarítmica.
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
    figure = canvas.new(1, 2, height=3.4)
    left, right = figure.axes
    canvas.film(left, image)
    left.axhline(row, color=canvas.COLOURS[1], linewidth=1)
    right.semilogy(transmitted[row], color=canvas.COLOURS[3])
    for (name, column), colour in zip(columns.items(), canvas.COLOURS[1:], strict=False):
        left.plot(column, row, "o", color=colour, markeredgecolor="white")
        right.plot(column, transmitted[row, column], "o", color=colour, label=name)
    right.yaxis.set_major_formatter(
        FuncFormatter(lambda share, _: percent(share, int(share < 0.01)))
    )
    right.set(title="parte do feixe que atravessa", xlabel="coluna")
    right.legend(frameon=False)
    shares = [f"{name}, {percent(transmitted[row, c], 1)}" for name, c in columns.items()]
    alt = (
        "Uma radiografia com uma linha horizontal marcada e, ao lado, a parte do feixe que"
        f" atravessa o corpo ao longo dela: {'; '.join(shares)}."
    )
    return figure, alt


def thickness(image: np.ndarray, centimetres: np.ndarray) -> tuple[Figure, str]:
    """A espessura de uma lesão sobre a sua radiografia, com a escala em centímetros.

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
    figure = canvas.new(1, 2, height=3.6)
    plain, axes = figure.axes
    canvas.film(plain, image, "a máscara da lesão")
    canvas.contour(plain, centimetres > 0)
    canvas.film(axes, image, "a espessura dela")
    seen = np.ma.masked_equal(centimetres, 0)
    drawn = axes.imshow(seen, cmap=COLORMAP, alpha=0.75, vmin=0)
    figure.colorbar(drawn, ax=axes, label="cm", shrink=0.85)
    alt = (
        "À esquerda, o contorno da lesão sobre a radiografia; à direita, a espessura dela em cores,"
        f" até {number(centimetres.max(), 1)} cm, sobre {percent(np.mean(centimetres > 0))} do"
        " filme."
    )
    return figure, alt
