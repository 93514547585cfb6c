"""Até onde se vê: as curvas de quem detecta uma sombra e de quem a aponta."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from covidcam.figures import canvas
from covidcam.figures.text import listing, number, percent, shortest

PLACES = {"lung": "no pulmão", "heart": "atrás do coração"}
READERS = {
    "network": "a rede",
    "observer": "o observador linear",
    "grad-cam": "Grad-CAM",
    "layer-cam": "LayerCAM",
    "gradient": "gradiente",
}
COLOURS = dict(zip(READERS, (canvas.COLOURS[i] for i in (0, 3, 1, 2, 4)), strict=True))
LINES = ("-", "--")  # a dose inteira e a menor


def seeing(
    readings: pd.DataFrame, readers: Sequence[str], levels: Mapping[str, tuple[str, float]]
) -> tuple[Figure, str]:
    """A parte dos pacientes em que cada leitor acha a sombra, contra o contraste dela.

    Parameters
    ----------
    readings : DataFrame
        O que `covidcam.artefacts.psychometric.readings` devolve.
    readers : sequence of str
        Os leitores a desenhar.
    levels : mapping of str to (str, float)
        Por lugar, o nome e a altura da linha pontilhada: o que se acharia sem ver.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Um quadro por lugar; linha cheia e faixa, a dose inteira e o seu intervalo; tracejada, a
        menor.
    alt : str
        O texto alternativo, para `show`.
    """
    figure, halves, told = canvas.new(1, len(PLACES), height=3.5), [], []
    doses = sorted(readings["dose"].unique(), reverse=True)
    for axes, (place, title) in zip(figure.axes, PLACES.items(), strict=True):
        here, half = readings[readings["place"] == place], {}
        for reader in readers:
            curves = here[here["reader"] == reader].sort_values("contrast").groupby("dose")
            for dose, line in zip(doses, LINES, strict=True):
                rows = curves.get_group(dose)
                label = READERS[reader] if line == "-" else None
                style = {"color": COLOURS[reader], "linestyle": line}
                axes.plot(rows["contrast"], rows["share"], marker="o", ms=4, label=label, **style)
                if line == "-":
                    band = {"color": COLOURS[reader], "alpha": 0.15, "linewidth": 0}
                    axes.fill_between(rows["contrast"], rows["low"], rows["high"], **band)
            full = curves.get_group(doses[0])
            half[READERS[reader]] = halfway(full)
            shares = listing([percent(share) for share in full["share"]])
            told.append(f"{READERS[reader]} {title}, {shares}")
        if len(half) > len(set(half.values())) == 1:
            half = {"todos": next(iter(half.values()))}
        halves.append(f"{title}, {listing([f'{who} {value}' for who, value in half.items()])}")
        name, height = levels[place]
        axes.axhline(height, color="black", linewidth=1, linestyle=":")
        axes.set(title=title, ylim=(-0.03, 1.03))
        axes.set_xlabel(f"contraste da sombra\n(pontilhada: {name})", fontsize=9)
        axes.set_xticks(sorted(readings["contrast"].unique()))
        canvas.write(axes.xaxis, shortest)
        canvas.write(axes.yaxis, percent)
        axes.grid(color=canvas.LIGHT, linewidth=0.8)
        axes.set_axisbelow(True)
    figure.axes[0].set_ylabel("pacientes")
    canvas.legend(figure)
    contrasts = [shortest(each) for each in sorted(readings["contrast"].unique())]
    alt = (
        f"Contraste com que se acha a sombra em metade dos pacientes: {'; '.join(halves)}. Em que"
        " parte dos pacientes se acha a sombra, na dose inteira, com contrastes"
        f" {listing(contrasts, '; ')}: {'; '.join(told)}."
    )
    return figure, alt


def halfway(rows: pd.DataFrame) -> str:
    """O contraste em que uma curva passa pela metade dos pacientes, em palavras.

    Parameters
    ----------
    rows : DataFrame
        Uma curva: contrast e share.

    Returns
    -------
    str
        O da primeira passagem, em linha reta entre os dois contrastes medidos que a cercam.

    Examples
    --------
    >>> rows = pd.DataFrame({"contrast": [0, 1, 2], "share": [0.0, 0.25, 0.75]})
    >>> halfway(rows), halfway(rows.iloc[:2])
    ('1,5', 'mais de 1')
    """
    rows = rows.sort_values("contrast")
    contrasts, shares = rows["contrast"].to_numpy(float), rows["share"].to_numpy()
    over = np.flatnonzero(shares >= 0.5)
    if not len(over):
        return f"mais de {shortest(contrasts[-1])}"
    if over[0] == 0:
        return f"{shortest(contrasts[0])} ou menos"
    pair = slice(over[0] - 1, over[0] + 1)
    return number(np.interp(0.5, shares[pair], contrasts[pair]), 1)
