"""Atalhos: os controles, o botão e o que os reparos mudam."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from covidcam.evaluation import Interval, spread, verdict
from covidcam.figures import canvas
from covidcam.figures.text import between, listing, number, percent, shortest

GREY = canvas.COLOURS[3]
MAPS = {"grad-cam": "Grad-CAM", "occlusion": "oclusão"}
CHANGES = {"above": "aumento", "below": "queda", "undecided": "sem mudança que se possa afirmar"}
MEASURES = {
    "network": "acerto da rede, em pacientes que não viu",
    "both_looks": "acerto com cada paciente radiografado dos dois modos",
    "energy": "energia do mapa nos pulmões, em múltiplos do acaso",
    "share": "parte da imagem que os pulmões cobrem",
    "hidden": "acerto com os pulmões apagados",
    "shape": "acerto só com a forma dos pulmões",
    "look": "acerto do modo de radiografar (ou do acervo)",
}


def controls(table: pd.DataFrame) -> tuple[Figure, str]:
    """A acurácia balanceada de cada controle, com o intervalo de 95 % e o acaso ao lado.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.shortcut_controls` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Uma cor por conjunto de filmes.
    alt : str
        O texto alternativo, para `show`.
    """
    rows = table[table["answer"] == "classe"]
    names, sets = list(rows["control"].unique())[::-1], list(rows["films"].unique())
    figure = canvas.new(width=5.0, height=0.34 * len(names) + 1)
    axes = figure.axes[0]
    parts = []
    for place, films in enumerate(sets):
        found = rows[rows["films"] == films].set_index("control").loc[names]
        places = np.arange(len(names)) + 0.24 * ((len(sets) - 1) / 2 - place)
        colour = canvas.COLOURS[place]
        axes.hlines(places, found["low"], found["high"], color=colour, linewidth=2)
        axes.plot(found["balanced"], places, "o", color=colour, ms=5, label=films)
        told = [f"{row.Index}, {percent(row.balanced)}" for row in found[::-1].itertuples()]
        parts.append(f"{films}: {listing(told)}")
    chance = rows["chance"].iloc[0]
    axes.axvline(chance, color=GREY, linewidth=1, linestyle="--", label="o acaso")
    axes.set_yticks(np.arange(len(names)), names)
    axes.set(xlabel="acurácia balanceada", xlim=(chance - 0.25, 1.02))
    canvas.write(axes.xaxis, percent)
    canvas.guide(axes)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    alt = f"Acurácia balanceada de cada controle; o acaso é {percent(chance)}; "
    return figure, alt + "; ".join(parts) + "."


def controls_verdict(table: pd.DataFrame) -> str:
    """Diz em palavras que controles adivinham a classe.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.shortcut_controls` devolve.

    Returns
    -------
    str
    """
    parts = []
    for films, rows in table[table["answer"] == "classe"].groupby("films", sort=False):
        found = {row.control: _against_chance(row) for row in rows.itertuples()}
        above = [name for name, where in found.items() if where == "above"]
        rest = [name for name in found if name not in above]
        said = f"acima do acaso: {listing(above) or 'nenhum'} (não: {listing(rest)})"
        parts.append(f"em «{films}», {said if rest else 'todos acima do acaso'}")
    return "; ".join(parts)


def standing(mean: float, low: float, high: float, chance: float) -> str:
    """Diz em palavras onde uma medida está em relação ao acaso.

    Parameters
    ----------
    mean, low, high : float
        A medida e o seu intervalo.
    chance : float

    Returns
    -------
    str

    Examples
    --------
    >>> standing(0.6, 0.45, 0.75, 0.5)
    'o intervalo contém o acaso'
    """
    return {
        "above": "acima do acaso",
        "below": "abaixo do acaso",
        "undecided": "o intervalo contém o acaso",
    }[verdict(Interval(mean, low, high), chance)]


def _against_chance(row):
    return verdict(Interval(row.balanced, row.low, row.high), row.chance)


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
    accuracies = {"confounded": "teste como o treino", "unconfounded": "teste dos dois modos"}
    means = table.groupby("dial").mean()
    for axes, curves in zip(figure.axes, (accuracies, MAPS), strict=True):
        for (column, label), colour in zip(curves.items(), canvas.COLOURS[1::-1], strict=True):
            axes.plot(table["dial"], table[column], "o", ms=3, alpha=0.5, color=colour)
            axes.plot(means.index, means[column], color=colour, linewidth=2, label=label)
        axes.axhline(0.5 if curves is accuracies else 1, color=GREY, lw=1, ls="--")
        axes.legend(frameon=False, fontsize=8)
        axes.set_xlabel("botão: quanto o modo segue a classe")
        canvas.write(axes.xaxis, shortest)
    figure.axes[0].set(title="acurácia no teste", ylim=(0.4, 1.03))
    canvas.write(figure.axes[0].yaxis, percent)
    figure.axes[1].set(title="energia na lesão, em múltiplos do acaso", ylim=(0, None))
    canvas.write(figure.axes[1].yaxis, lambda value: number(value, 1))
    first, last = means.iloc[0], means.iloc[-1]
    alt = (
        f"Com o botão de 0 a 1, a acurácia no teste feito como o treino vai de"
        f" {percent(first.confounded)} a {percent(last.confounded)}; com cada paciente radiografado"
        f" dos dois modos, de {percent(first.unconfounded)} a {percent(last.unconfounded)}. A"
        " energia na lesão vai "
        + listing(
            [
                f"de {number(first[name], 1)} a {number(last[name], 1)} ({label})"
                for name, label in MAPS.items()
            ]
        )
        + "."
    )
    return figure, alt


def dial_verdict(table: pd.DataFrame) -> str:
    """Diz em palavras o que muda com o botão de 0 a 1.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.dial_experiment` devolve.

    Returns
    -------
    str
        Só sobe ou cai o que se separa em todos os treinos.
    """
    first, last = (table[table["dial"] == edge(table["dial"])] for edge in (min, max))

    words = {"above": "sobe", "below": "cai", "undecided": "não muda além do sorteio"}

    def trend(name):
        return words[verdict(spread(first[name], last[name]))]

    return (
        f"a acurácia que um artigo publicaria {trend('confounded')}; a que valeria para outro"
        f" hospital {trend('unconfounded')}; a energia na lesão {trend('grad-cam')} no Grad-CAM e"
        f" {trend('occlusion')} na oclusão"
    )


def repairs(table: pd.DataFrame) -> tuple[Figure, str]:
    """Antes e depois dos reparos, medida por medida.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        O acaso de cada linha em tracejado.
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
        show = _writer(measure)
        colours = [canvas.COLOURS[state == "como vieram"] for state in rows["state"]]
        axes.hlines(range(len(rows)), rows["low"], rows["high"], color=colours, linewidth=2)
        axes.scatter(rows["mean"], range(len(rows)), color=colours, s=28, zorder=3)
        axes.set_yticks(range(len(rows)), names, fontsize=7)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_title(MEASURES[measure], fontsize=8)
        axes.set_xlim((0, None) if measure == "energy" else (0, 1.03))
        for place, chance in enumerate(rows["chance"]):
            axes.plot([chance] * 2, [place - 0.4, place + 0.4], color=GREY, lw=1, ls="--")
        canvas.write(axes.xaxis, show)
        told = [
            f"{row.films}, {row.state}, {between(row.mean, row.low, row.high, show)}"
            for row in rows.iloc[::-1].itertuples()
        ]
        parts.append(f"{MEASURES[measure].capitalize()}: {'; '.join(told)}")
    return figure, "Antes e depois dos reparos. " + ". ".join(parts) + "."


def repairs_table(table: pd.DataFrame) -> pd.DataFrame:
    """Os números de `repairs`, com os intervalos, para ler.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.

    Returns
    -------
    DataFrame of str
        Uma linha por medida e uma coluna por par (filmes, estado).
    """
    told = table.assign(
        text=[between(r.mean, r.low, r.high, _writer(r.measure)) for r in table.itertuples()]
    ).pivot(index="measure", columns=["films", "state"], values="text")
    order = [name for name in MEASURES if name in told.index]
    told = told.loc[order].rename(index=MEASURES).fillna("—")
    return told.rename_axis(index=None, columns=[None, None])


def repairs_verdicts(table: pd.DataFrame) -> dict[str, str]:
    """Diz em palavras o que o reparo mudou em cada medida.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.

    Returns
    -------
    dict of str to str
        Todas as medidas, cada uma com a sua frase; o que se afirma é a diferença filme a filme, com
        o seu intervalo.
    """
    found = {name: _verdict(rows, _writer(name)) for name, rows in table.groupby("measure")}
    return dict.fromkeys(MEASURES, "não se mede nesta fonte") | found


def _verdict(rows, show):
    parts = []
    for films, pair in rows.groupby("films", sort=False):
        states = pair.set_index("state")
        before, after = (
            states.loc[state, ["mean", "low", "high"]] for state in ("como vieram", "reparados")
        )
        row = states.loc["reparados"]
        change = verdict(Interval(row["change"], row["change_low"], row["change_high"]))
        told = f"de {between(*before, show)} para {between(*after, show)}, {CHANGES[change]}"
        parts.append(f"{films}, {told}")
    return "; ".join(parts)


def _writer(measure):
    return number if measure == "energy" else percent
