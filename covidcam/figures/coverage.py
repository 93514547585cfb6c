"""Quanto os intervalos cobrem, e quantos pacientes eles pedem."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter

from covidcam.figures import canvas
from covidcam.figures.text import listing, number, percent, sentences

INTERVALS = {
    "wilson": "Wilson, por imagem",
    "wilson_by_patient": "Wilson, por paciente",
    "bootstrap": "bootstrap, percentis",
    "bootstrap_t": "bootstrap de Student",
}
MEASURES = {
    "right": "acurácia",
    "pointing_game": "jogo do ponto",
    "auprc": "AUPRC",
    "lead": "vantagem no jogo do ponto",
    "energy_ratio": "energia, em múltiplos do acaso",
}
MISS = canvas.COLOURS[4]
TITLE = {"fontsize": 9, "fontweight": "bold", "ha": "right", "va": "center"}


def intervals_drawn(
    drawn: Mapping[str, pd.DataFrame], truth: float, shown: int = 100
) -> tuple[Figure, str]:
    """Os intervalos de muitas provas, um traço por prova, e a verdade que deveriam conter.

    Parameters
    ----------
    drawn : mapping of str to DataFrame
        Nome do intervalo e o que `covidcam.evaluation.redraw` devolve, nas mesmas provas.
    truth : float
        De 0 a 1.
    shown : int
        Quantas das provas, tomadas do começo.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Em azul os que contêm a verdade, em vermelho os que não.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, len(drawn), height=3.6)
    lowest = min(table.head(shown)["low"].min() for table in drawn.values())
    lowest, parts, narrow = min(0.4, lowest - 0.02), [], []
    for axes, (name, table) in zip(figure.axes, drawn.items(), strict=True):
        rows = table.head(shown).sort_values(["mean", "low"], kind="stable").reset_index(drop=True)
        inside = (rows["low"] <= truth) & (truth <= rows["high"])
        for chosen, colour in ((inside, canvas.COLOURS[0]), (~inside, MISS)):
            part = rows[chosen]
            axes.hlines(part.index, part["low"], part["high"], color=colour, linewidth=1.2)
            points = part[part["low"] == part["high"]]
            axes.plot(points["mean"], points.index, ".", color=colour, ms=3)
        axes.axvline(truth, color="black", linewidth=1)
        title = f"{INTERVALS.get(name, name)}\n{int((~inside).sum())} de {len(rows)} erram"
        axes.set(title=title, yticks=[], xlim=(lowest, 1.04))
        axes.spines["left"].set_visible(False)  # a única vertical é a verdade
        axes.set_xticks([0.6, 0.8, 1.0])
        canvas.write(axes.xaxis, percent)
        parts.append(f"{int((~inside).sum())} de {len(rows)} ({INTERVALS.get(name, name)})")
        narrow.append(str(int((rows["low"] == rows["high"]).sum())))
    alt = (
        "Intervalos de 95 % das mesmas provas, um traço por prova; a verdade é"
        f" {percent(truth)}, e não a contêm: {'; '.join(parts)}."
        f" Sem largura nenhuma, na mesma ordem: {listing(narrow)}."
    )
    return figure, alt


def coverage(table: pd.DataFrame, least: float = 0.93) -> tuple[Figure, str]:
    """A parte das provas que cada intervalo cobre, por medida e tamanho.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.interval_coverage` devolve, só com os tamanhos que todos têm.
    least : float
        A cobertura que se exige.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Um grupo de linhas por medida; vazado o tamanho menor, cheio o maior.
    alt : str
        O texto alternativo, para `show`.
    """
    measures, sizes = list(table["measure"].unique()), sorted(table["size"].unique())
    lines = table[["measure", "interval"]].drop_duplicates()
    figure = canvas.new(width=5.0, height=0.25 * (len(lines) + len(measures)) + 0.8)
    axes, places, place = figure.axes[0], {}, 0
    beside = axes.get_yaxis_transform()  # x em partes do eixo, y no que ele conta
    for measure, part in lines.groupby("measure", sort=False):
        axes.text(-0.01, place, MEASURES.get(measure, measure), TITLE, transform=beside)
        for name in part["interval"]:
            place -= 1
            places[measure, name] = place
        place -= 1.2
    for row in table.itertuples():
        height = places[row.measure, row.interval] + 0.3 * (sizes.index(row.size) == 0)
        colour = canvas.COLOURS[0] if row.covered >= least else MISS
        inside = colour if row.size == sizes[-1] else "white"
        axes.plot([row.covered_low, row.covered_high], [height, height], color=colour, lw=2)
        axes.plot(row.covered, height, "o", color=colour, markerfacecolor=inside, ms=5)
    axes.axvline(0.95, color="black", linewidth=0.8)
    axes.axvline(least, color="black", linewidth=0.8, linestyle=":")
    lowest = axes.get_xlim()[0]
    ticks = np.arange(1, lowest, -0.2 if lowest < 0.6 else -0.1).round(1)  # 0,9999 seria “99 %”
    axes.set(ylim=(place + 0.6, 0.6), xlabel="cobertura", xticks=ticks)
    names = [INTERVALS.get(name, name) for _, name in places]
    axes.set_yticks(list(places.values()), names, fontsize=8)
    canvas.write(axes.xaxis, percent)
    canvas.guide(axes)
    told = []
    for measure in measures:
        rows = table[table["measure"] == measure]
        each = [
            f"{INTERVALS[name]}, "
            + " e ".join(percent(c) for c in part.sort_values("size")["covered"])
            for name, part in rows.groupby("interval", sort=False)
        ]
        name = MEASURES.get(measure, measure)
        told.append(f"{name}: {'; '.join(each)}")
    alt = (
        f"Parte das provas cujo intervalo contém a verdade, com {listing([str(s) for s in sizes])}"
        f" pacientes. {sentences(told)}."
    )
    return figure, alt


def patients_needed(table: pd.DataFrame, targets: Mapping[str, float]) -> tuple[Figure, str]:
    """A metade da largura do intervalo contra o número de pacientes, com o que se quer dela.

    Parameters
    ----------
    table : DataFrame
        Linhas de `covidcam.artefacts.interval_coverage`, um intervalo só por medida.
    targets : mapping of str to float
        Medida e a metade de largura que bastaria.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    kinds = [[m for m in targets if m != "energy_ratio"], ["energy_ratio"]]
    figure = canvas.new(1, 2, height=3.2)
    told = []
    for axes, measures in zip(figure.axes, kinds, strict=True):
        for measure, colour in zip(measures, canvas.COLOURS, strict=False):
            rows = table[table["measure"] == measure].sort_values("size")
            name = MEASURES.get(measure, measure)
            axes.plot(rows["size"], rows["width"] / 2, "o-", ms=4, color=colour, label=name)
            told.append(
                f"{name}, de {number(rows['width'].iloc[0] / 2)} com"
                f" {rows['size'].iloc[0]} a {number(rows['width'].iloc[-1] / 2)} com"
                f" {rows['size'].iloc[-1]}"
            )
        for target in sorted({targets[measure] for measure in measures}):
            axes.axhline(target, color="black", linewidth=1.2, linestyle=":")
        sizes = sorted(table["size"].unique())
        axes.set(xscale="log", yscale="log", xlabel="pacientes na prova")
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_minor_formatter(NullFormatter())
        canvas.write(axes.xaxis, lambda value: number(value, 0))
        low, high = axes.get_ylim()
        ticks = [t for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if low <= t <= high]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_minor_formatter(NullFormatter())
        canvas.write(axes.yaxis, lambda value: number(value, 2 if value < 0.1 else 1))
        axes.grid(axis="x", color=canvas.LIGHT, linewidth=0.8)
        axes.legend(frameon=False, fontsize=8)
    figure.axes[0].set_ylabel("metade do intervalo")
    return figure, f"Metade da largura média do intervalo de 95 %: {'; '.join(told)}."


def needed(rows: pd.DataFrame, target: float) -> str:
    """Com quantos pacientes a metade do intervalo cai ao que se quer, em palavras.

    Parameters
    ----------
    rows : DataFrame
        Uma medida e um intervalo: size e width.
    target : float

    Returns
    -------
    str
        Entre dois tamanhos medidos, o que as larguras em escala logarítmica dizem.

    Examples
    --------
    >>> rows = pd.DataFrame({"size": [10, 1000], "width": [1.0, 0.1]})
    >>> needed(rows, 0.5), needed(rows, 0.158), needed(rows, 0.01)
    ('10 ou menos', '100', 'mais de 1000')
    """
    rows = rows.sort_values("size")
    sizes, halves = rows["size"].to_numpy(float), rows["width"].to_numpy() / 2
    if target >= halves[0]:
        return f"{sizes[0]:.0f} ou menos"
    if target < halves[-1]:
        return f"mais de {sizes[-1]:.0f}"
    return f"{np.exp(np.interp(-np.log(target), -np.log(halves), np.log(sizes))):.0f}"
