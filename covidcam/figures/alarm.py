"""O mapa como alarme: os mapas das escolas, e a energia que os separa."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from covidcam.figures import canvas
from covidcam.figures.films import grid, overlay
from covidcam.figures.text import counted, number

SCHOOLS = {"honestas": "honestas", "letra": "aprenderam a letra", "modo": "aprenderam o modo"}


def alarm_maps(
    film: np.ndarray, lesion: np.ndarray, maps: np.ndarray, schools: Sequence[str], each: int = 1
) -> tuple[Figure, str]:
    """O mapa médio das redes de cada escola no mesmo filme, e abaixo o de algumas delas.

    Parameters
    ----------
    film : ndarray, uint8 (H, W, 3)
    lesion : ndarray, bool (H, W)
    maps : ndarray, float (escolas, redes, H, W), de 0 a 1
    schools : sequence of str
    each : int
        Quantas redes se mostram de cada escola, além da média.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    count = counted(maps.shape[1], "rede")
    titles = [f"{SCHOOLS[name]}\nmédia de {count}" for name in schools]
    shown = [found.mean(axis=0) for found in maps]
    for place in range(each):
        shown += [found[place] for found in maps]
        titles += [f"{SCHOOLS[name]}\nsemente {place}" for name in schools]
    pictures = [overlay(film, each) for each in shown]
    figure = grid(pictures, titles, columns=len(maps), outlines=[lesion] * len(pictures))
    inside = [
        f"{SCHOOLS[name]}, {number(mean[lesion].sum() / mean.sum() / lesion.mean(), 1)}"
        for name, mean in zip(schools, shown, strict=False)
    ]
    alt = (
        "Um mesmo filme e o Grad-CAM de redes que aprenderam coisas diferentes, com a lesão"
        " contornada. A energia do mapa médio na lesão, em múltiplos do acaso:"
        f" {'; '.join(inside)}."
    )
    return figure, alt


def alarm_energies(
    energies: pd.DataFrame, blind: float, names: Mapping[str, str] = SCHOOLS
) -> tuple[Figure, str]:
    """A energia nos pulmões de cada rede, por método: um ponto por rede.

    Parameters
    ----------
    energies : DataFrame
        Uma linha por rede e método: school, method e lungs.
    blind : float
        A de um mapa que não olha a rede.
    names : mapping of str to str
        As escolas, na ordem, e como se chamam.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    methods = list(energies["method"].unique())
    figure = canvas.new(width=5.0, height=0.62 * len(methods) + 1.2)
    axes, told = figure.axes[0], []
    for place, method in enumerate(methods):
        spans = []
        for step, (school, colour) in enumerate(zip(names, canvas.COLOURS, strict=False)):
            chosen = (energies["method"] == method) & (energies["school"] == school)
            values = energies.loc[chosen, "lungs"].to_numpy()
            heights = np.full(len(values), place + 0.25 * (step - 1))
            label = names[school] if place == 0 else None
            axes.plot(values, heights, "o^s"[step], color=colour, ms=5, alpha=0.7, label=label)
            spans.append(f"{names[school]}, de {number(values.min())} a {number(values.max())}")
        told.append(f"{method}: {'; '.join(spans)}")
    axes.axvline(blind, color="black", linewidth=1, linestyle="--")
    axes.set(ylim=(len(methods) - 0.5, -0.5), xlabel="energia nos pulmões, em múltiplos do acaso")
    axes.set_yticks(range(len(methods)), methods)
    canvas.legend(figure)
    canvas.write(axes.xaxis, lambda value: number(value, 1))
    canvas.guide(axes)
    alt = (
        "Energia nos pulmões do mapa de cada rede, em múltiplos do acaso, média dos filmes."
        f" {'. '.join(told)}. A de uma mancha no centro, que não olha a rede, é {number(blind)}."
    )
    return figure, alt
