"""Outra rede, outro mapa: os mapas do mesmo filme em várias redes, e quanto se parecem."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from covidcam.figures import canvas
from covidcam.figures.films import grid, overlay
from covidcam.figures.text import number, sentences, shortest

ALIKE = {"spearman": "correlação de Spearman", "ssim": "SSIM"}


def redone_maps(
    film: np.ndarray, lesion: np.ndarray, maps: np.ndarray, recipes: Sequence[str]
) -> tuple[Figure, str]:
    """O mapa do mesmo filme em várias redes: uma linha por receita, uma coluna por semente.

    Parameters
    ----------
    film : ndarray, uint8 (H, W, 3)
    lesion : ndarray, bool (H, W)
    maps : ndarray, float (receitas, redes, H, W), de 0 a 1
    recipes : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    draws = maps.shape[1]
    pictures = [overlay(film, each) for found in maps for each in found]
    titles = [f"{name}\nsemente {seed}" for name in recipes for seed in range(draws)]
    figure = grid(pictures, titles, columns=draws, outlines=[lesion] * len(pictures))
    hits = [
        f"{name}, {sum(bool(lesion.flat[each.argmax()]) for each in found)} de {draws}"
        for name, found in zip(recipes, maps, strict=True)
    ]
    alt = (
        f"O Grad-CAM do mesmo filme em {len(pictures)} redes, com a lesão contornada:"
        f" {len(recipes)} receitas, {draws} sementes de cada uma. O ponto mais quente cai na"
        f" lesão em: {'; '.join(hits)}."
    )
    return figure, alt


def redone_likeness(pairs: pd.DataFrame, strangers: pd.DataFrame) -> tuple[Figure, str]:
    """Quanto se parecem os mapas do mesmo filme em duas redes, um ponto por par de redes.

    Parameters
    ----------
    pairs : DataFrame
        Uma linha por par de redes: what, o que muda de uma para a outra, spearman e ssim.
    strangers : DataFrame
        Uma linha por rede: spearman e ssim dos mapas dela em pacientes diferentes.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A faixa cinza vai da menor à maior semelhança entre pacientes diferentes.
    alt : str
        O texto alternativo, para `show`.
    """
    kinds = list(pairs["what"].unique())
    figure = canvas.new(2, 1, width=5.0, height=2 * (0.26 * len(kinds) + 0.9))
    told = []
    for axes, (measure, title) in zip(figure.axes, ALIKE.items(), strict=True):
        low, high = strangers[measure].min(), strangers[measure].max()
        axes.axvspan(low, high, color=canvas.BAND, alpha=0.35, linewidth=0)
        parts = [f"pacientes diferentes, de {number(low)} a {number(high)}"]
        for place, kind in enumerate(kinds):
            values = pairs.loc[pairs["what"] == kind, measure]
            colour = canvas.COLOURS[0 if kind.startswith("outra semente") else 1]
            axes.plot(
                values, np.full(len(values), place), "o", ms=5, color=colour, mec="white", mew=0.4
            )
            axes.plot(values.mean(), place, "|", ms=14, mew=2, color=colour)
            parts.append(f"{kind}, {number(values.mean())}")
        axes.set(ylim=(len(kinds) - 0.5, -0.5), xlabel=title)
        axes.set_yticks(range(len(kinds)), kinds)
        canvas.write(axes.xaxis, shortest)
        canvas.guide(axes)
        told.append(f"{title}: {'; '.join(parts)}")
    return figure, f"Semelhança dos mapas do mesmo filme em duas redes. {sentences(told)}."
