"""Curvas de treino e matriz de confusão."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from covidcam.figures import canvas
from covidcam.figures.text import listing, number, percent


def training(history: pd.DataFrame) -> tuple[Figure, str]:
    """Perda e acurácia por época, no treino e na validação.

    Parameters
    ----------
    history : DataFrame
        O que `covidcam.models.train` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=2.8)
    loss, accuracy = figure.axes
    _by_epoch(loss, history, "loss", "Perda")
    _by_epoch(accuracy, history, "accuracy", "Acurácia")
    accuracy.set_ylim(top=1.02)
    loss.legend(frameon=False)
    first, last = history.iloc[0], history.iloc[-1]
    alt = (
        f"Em {len(history)} épocas a perda do treino vai de {number(first.loss)} a"
        f" {number(last.loss)} e a da validação, de {number(first.val_loss)} a"
        f" {number(last.val_loss)}; a acurácia final é {percent(last.accuracy)} no treino e"
        f" {percent(last.val_accuracy)} na validação."
    )
    return figure, alt


def losses(histories: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """A perda de várias redes por época, no treino e na validação.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        Nome da rede e o que `covidcam.models.train` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, len(histories), height=2.8)
    parts = []
    for axes, (name, history) in zip(figure.axes, histories.items(), strict=True):
        _by_epoch(axes, history, "loss", name)
        last = history.iloc[-1]
        parts.append(
            f"{name}, em {len(history)} épocas, {number(last.loss)} no treino e"
            f" {number(last.val_loss)} na validação"
        )
    figure.axes[0].set_ylabel("perda")
    figure.axes[0].legend(frameon=False)
    return figure, f"A perda de cada rede, época por época. Ao fim do treino: {'; '.join(parts)}."


def _by_epoch(axes, history, measure, title):
    epochs = np.arange(1, len(history) + 1)
    axes.plot(epochs, history[measure], color=canvas.COLOURS[0], label="treino")
    axes.plot(epochs, history[f"val_{measure}"], color=canvas.COLOURS[1], label="validação")
    axes.set(title=title, xlabel="época")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    canvas.write(axes.yaxis, number)


def confusion(counts: np.ndarray, classes: Sequence[str]) -> tuple[Figure, str]:
    """Matriz de confusão: linhas, a verdade; colunas, o que a rede disse.

    Parameters
    ----------
    counts : ndarray, int (classes, classes)
    classes : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    side = 1.6 + 0.8 * len(classes)
    figure = canvas.new(width=side + 0.6, height=side)
    axes = figure.axes[0]
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=14)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="a rede disse", ylabel="era")
    axes.spines[:].set_visible(False)
    mistakes = [
        f"{counts[row, column]} de {classes[row]} como {classes[column]}"
        for row, column in np.argwhere(counts)
        if row != column
    ]
    alt = f"Matriz de confusão: {np.trace(counts)} de {counts.sum()} na diagonal, certas; " + (
        f"erradas, {listing(mistakes)}." if mistakes else "nenhuma errada."
    )
    return figure, alt
