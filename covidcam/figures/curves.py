"""Curvas de treino e matriz de confusão."""

from collections.abc import Sequence

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
    epochs = np.arange(1, len(history) + 1)
    for axes, name, title in zip(
        figure.axes, ("loss", "accuracy"), ("Perda", "Acurácia"), strict=True
    ):
        for prefix, label, colour in zip(
            ("", "val_"), ("treino", "validação"), canvas.COLOURS, strict=False
        ):
            axes.plot(epochs, history[prefix + name], color=colour, label=label)
        axes.set(title=title, xlabel="época")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        canvas.write(axes.yaxis, number)
        axes.set_ylim(bottom=0, top=1.02 if name == "accuracy" else None)
    figure.axes[0].legend(frameon=False)
    first, last = history.iloc[0], history.iloc[-1]
    alt = (
        f"Em {len(history)} épocas a perda do treino vai de {number(first.loss)} a"
        f" {number(last.loss)} e a da validação, de {number(first.val_loss)} a"
        f" {number(last.val_loss)}; a acurácia final é {percent(last.accuracy)} no treino e"
        f" {percent(last.val_accuracy)} na validação."
    )
    return figure, alt


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
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=12)
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
