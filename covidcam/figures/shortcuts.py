"""Atalhos: os controles, o botão e o que os reparos mudam."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covidcam.figures import canvas
from covidcam.figures.text import between, listing, number, percent

MAPS = {"grad-cam": "Grad-CAM", "occlusion": "oclusão"}
MEASURES = {
    "network": "acerto da rede, em pacientes que não viu",
    "both looks": "acerto com cada paciente filmado dos dois modos",
    "energy": "energia do mapa nos pulmões, em vezes o acaso",
    "share": "parte da imagem que os pulmões cobrem",
    "hidden": "acerto com os pulmões apagados",
    "shape": "acerto só com a forma dos pulmões",
    "look": "acerto do modo de filmar (ou do acervo)",
}


def controls(tables: dict[str, pd.DataFrame]) -> tuple[Figure, str]:
    """A acurácia balanceada de cada controle, com o intervalo de 95 % e o acaso ao lado.

    Parameters
    ----------
    tables : dict of str to DataFrame
        O que `covidcam.evaluation.controls.measure` devolve, com o nome de cada conjunto de
        filmes; os mesmos controles em todos.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    classes = {name: table[table["answer"] == "classe"] for name, table in tables.items()}
    names = list(next(iter(classes.values()))["control"])[::-1]
    figure = canvas.new(height=0.34 * len(names) + 1)
    axes = figure.axes[0]
    for shift, (label, table), colour in zip((0.12, -0.12), classes.items(), "10", strict=False):
        rows, colour = table.set_index("control").loc[names], canvas.COLOURS[int(colour)]
        places = np.arange(len(names)) + (shift if len(classes) > 1 else 0)
        axes.hlines(places, rows["low"], rows["high"], color=colour, linewidth=2)
        axes.plot(rows["balanced"], places, "o", color=colour, ms=5, label=label)
    chance = rows["chance"].iloc[0]
    axes.axvline(chance, color="#5a6b73", linewidth=1, linestyle="--", label="o acaso")
    axes.set_yticks(np.arange(len(names)), names)
    axes.set(xlabel="acurácia balanceada", xlim=(min(0.25, chance - 0.1), 1.02))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    axes.grid(axis="x", color="#d9dee1", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    parts = [
        f"{label}: "
        + listing([f"{row.control}, {percent(row.balanced)}" for row in table.itertuples()])
        for label, table in classes.items()
    ]
    return figure, f"Acurácia balanceada de cada controle; o acaso é {percent(chance)}. " + (
        "; ".join(parts) + "."
    )


def dial(table: pd.DataFrame) -> tuple[Figure, str]:
    """O que a acurácia mostra e o que ela esconde, com o botão de 0 a 1.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.dial_experiment` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        À esquerda, as duas acurácias; à direita, a energia dos mapas na lesão. Um ponto por
        treino, a linha na média.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=3.2)
    accuracies = {"confounded": "filmado como o treino", "unconfounded": "filmado dos dois modos"}
    means = table.groupby("dial").mean()
    for axes, curves in zip(figure.axes, (accuracies, MAPS), strict=True):
        for (column, label), colour in zip(curves.items(), canvas.COLOURS[1::-1], strict=True):
            axes.plot(table["dial"], table[column], "o", ms=3, alpha=0.5, color=colour)
            axes.plot(means.index, means[column], color=colour, linewidth=2, label=label)
        axes.axhline(0.5 if curves is accuracies else 1, color="#5a6b73", lw=1, ls="--")
        axes.legend(frameon=False, fontsize=8)
        axes.set_xlabel("botão: quanto o modo de filmar segue a classe")
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}".replace(".", ","))
        )
    figure.axes[0].set(title="acurácia no teste", ylim=(0.4, 1.03))
    figure.axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    figure.axes[1].set(title="energia do mapa na lesão, em vezes o acaso", ylim=(0, None))
    figure.axes[1].yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 1)))
    first, last = means.iloc[0], means.iloc[-1]
    alt = (
        f"Do botão em 0 ao botão em 1, a acurácia no teste filmado como o treino vai de"
        f" {percent(first.confounded)} a {percent(last.confounded)}; com cada paciente filmado dos"
        f" dois modos, de {percent(first.unconfounded)} a {percent(last.unconfounded)}. A energia"
        " na lesão vai de "
        + listing(
            [
                f"{number(first[name], 1)} a {number(last[name], 1)} ({label})"
                for name, label in MAPS.items()
            ]
        )
        + "."
    )
    return figure, alt


def repairs(table: pd.DataFrame) -> tuple[Figure, str]:
    """Antes e depois dos reparos, medida por medida.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    measures = [name for name in MEASURES if name in set(table["measure"]) and name != "share"]
    figure = canvas.new(-(-len(measures) // 2), 2, height=1.7 * -(-len(measures) // 2))
    for axes in figure.axes[len(measures) :]:
        axes.set_axis_off()
    parts = []
    for axes, measure in zip(figure.axes, measures, strict=False):
        rows = table[table["measure"] == measure].iloc[::-1]
        names = [f"{row.films},\n{row.state}" for row in rows.itertuples()]
        show = (lambda value: number(value, 1)) if measure == "energy" else percent
        colours = [canvas.COLOURS[state == "como vieram"] for state in rows["state"]]
        axes.hlines(range(len(rows)), rows["low"], rows["high"], color=colours, linewidth=2)
        axes.scatter(rows["mean"], range(len(rows)), color=colours, s=28, zorder=3)
        axes.set_yticks(range(len(rows)), names, fontsize=7)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_title(MEASURES[measure], fontsize=8)
        axes.set_xlim((0, None) if measure == "energy" else (0, 1.03))
        axes.axvline(1 if measure == "energy" else 0.5, color="#5a6b73", lw=0.8, ls="--")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _, show=show: show(value)))
        told = [
            f"{row.films}, {row.state}, {between(row.mean, row.low, row.high, show)}"
            for row in rows.iloc[::-1].itertuples()
        ]
        parts.append(f"{MEASURES[measure]}: {'; '.join(told)}")
    return figure, "Antes e depois dos reparos. " + ". ".join(parts) + "."
