"""Atalhos: os controles, o botão e o que os reparos mudam."""

from collections.abc import Callable
from functools import partial
from textwrap import fill

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from covidcam.evaluation import (
    Interval,
    against_chance,
    balanced_accuracy,
    interval,
    spread,
    verdict,
)
from covidcam.figures import canvas
from covidcam.figures.text import between, listing, number, percent, sentences, shortest

GREY = canvas.COLOURS[3]
MAPS = {"grad-cam": "Grad-CAM", "occlusion": "oclusão"}
BLIND = {"centro": "centro, que não olha a rede"}
CHANGES = {"above": "sobe", "below": "cai", "undecided": "vai"}
STANDINGS = {
    "above": "acima do acaso",
    "below": "abaixo do acaso",
    "undecided": "dentro da faixa do acaso",
}
BAND = "por acaso"
TIMES = ("energy", "centre", "lead")  # em múltiplos do acaso; o resto são partes
MEASURES = {
    "network": "acerto da rede, em pacientes que não viu",
    "both_looks": "acerto com cada paciente nos dois modos",
    "energy": "energia do Grad-CAM nos pulmões, em múltiplos do acaso",
    "centre": "a do oponente “centro”, que não olha a rede",
    "lead": "quanto a do Grad-CAM excede a do centro",
    "share": "parte da imagem que os pulmões cobrem",
    "hidden": "acerto com os pulmões apagados",
    "shape": "acerto só com a forma dos pulmões",
    "look": "acerto do modo de radiografar (ou do acervo)",
}


def controls(table: pd.DataFrame) -> tuple[Figure, str]:
    """A acurácia balanceada de cada controle, sobre a faixa em que cairia por acaso.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.shortcut_controls` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Uma cor por conjunto de filmes; o traço é o intervalo de 95 %, e a barra clara, a faixa de
        95 % com as classes permutadas entre os pacientes.
    alt : str
        O texto alternativo, para `show`.
    """
    rows = table[table["answer"] == "classe"]
    names, sets = list(rows["control"].unique())[::-1], list(rows["films"].unique())
    band = {"color": canvas.BAND, "linewidth": 6}
    figure = canvas.new(width=5.0, height=0.34 * len(names) + 1)
    axes = figure.axes[0]
    parts = []
    for place, films in enumerate(sets):
        found = rows[rows["films"] == films].set_index("control").loc[names]
        places = np.arange(len(names)) + 0.24 * ((len(sets) - 1) / 2 - place)
        colour = canvas.COLOURS[place]
        axes.hlines(
            places, found["null_low"], found["null_high"], **band, label=None if place else BAND
        )
        axes.hlines(places, found["low"], found["high"], color=colour, linewidth=2)
        axes.plot(found["balanced"], places, "o", color=colour, ms=5, label=films)
        told = [
            f"{row.Index}, {percent(row.balanced)} (por acaso, de {percent(row.null_low)} a"
            f" {percent(row.null_high)})"
            for row in found[::-1].itertuples()
        ]
        parts.append(f"{films}: {listing(told)}")
    axes.set_yticks(np.arange(len(names)), names)
    axes.set(xlabel="acurácia balanceada", xlim=(rows["null_low"].min() - 0.1, 1.02))
    canvas.write(axes.xaxis, percent)
    canvas.guide(axes)
    canvas.legend(figure)
    named = listing([f"“{films}”" for films in sets])
    alt = f"Acurácia balanceada de cada controle, em {named}. {'; '.join(parts)}."
    return figure, alt


def controls_verdict(table: pd.DataFrame) -> str:
    """Diz em palavras que controles adivinham a classe.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.shortcut_controls` devolve.

    Returns
    -------
    str
        Em cada conjunto de filmes, até três listas: acima, abaixo e dentro da faixa do acaso; a
        primeira letra é minúscula, para vir depois de dois-pontos.
    """
    parts = []
    for films, rows in table[table["answer"] == "classe"].groupby("films", sort=False):
        found = {f"“{row.control}”": standing(row) for row in rows.itertuples()}
        said = _lists(found, {where: f"{where}:" for where in STANDINGS.values()})
        parts.append(f"em “{films}”, {said}")
    return ". ".join(filter(None, [*parts[:1], sentences(parts[1:])]))


def standing(row: pd.Series) -> str:
    """Diz em palavras onde um controle está em relação ao acaso.

    Parameters
    ----------
    row : Series
        Uma linha de `covidcam.evaluation.controls.measure`.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"balanced": 0.6, "null": 0.5, "null_low": 0.4, "null_high": 0.62}
    >>> standing(pd.Series(row))
    'dentro da faixa do acaso'
    """
    null = Interval(row.null, row.null_low, row.null_high)
    return STANDINGS[against_chance(row.balanced, null)]


def against_blind(values: np.ndarray, blind: dict[str, np.ndarray], patients: np.ndarray) -> str:
    """Diz em palavras se um mapa supera os que não olham a rede, nos mesmos filmes.

    Parameters
    ----------
    values : ndarray, float (N,)
        A nota do mapa em cada filme.
    blind : dict of str to ndarray, float (N,)
        As dos oponentes.
    patients : ndarray (N,)

    Returns
    -------
    str
        Até três listas: os que o mapa supera, os que o superam, e aqueles de que não se distingue.

    Examples
    --------
    >>> scores = np.arange(9.0)
    >>> against_blind(scores, {"centro": scores + 1, "ao acaso": scores - 1}, np.arange(9))
    'supera “ao acaso”; fica abaixo de “centro”'
    """
    words = {"above": "supera", "below": "fica abaixo de", "undecided": "não se distingue de"}
    found = {
        f"“{name}”": verdict(interval(values - each, patients)) for name, each in blind.items()
    }
    return _lists(found, words)


def _lists(found, words):
    """Os nomes de cada veredito, depois das palavras dele; o veredito de ninguém não aparece."""
    lists = {where: [name for name, each in found.items() if each == where] for where in words}
    return "; ".join(f"{words[where]} {listing(names)}" for where, names in lists.items() if names)


def measured(mean: float, low: float, high: float, write: Callable[[float], str] = percent) -> str:
    """Escreve uma medida com o seu intervalo, se algum sorteio de pacientes a muda.

    Parameters
    ----------
    mean, low, high : float
    write : callable
        Como se escreve cada número.

    Returns
    -------
    str

    Examples
    --------
    >>> measured(0.9, 0.8, 0.95), measured(0.5, 0.5, 0.5)
    ('90 % (de 80 % a 95 %)', '50 % (sem intervalo)')
    """
    return f"{write(mean)} (sem intervalo)" if low == high else between(mean, low, high, write)


def dial(table: pd.DataFrame) -> tuple[Figure, str]:
    """O que a acurácia mostra e o que ela esconde, com o botão de 0 a 1.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.dial_experiment` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        À esquerda, as duas acurácias; à direita, a energia na lesão dos mapas e de um oponente que
        não olha a rede. Um ponto por treino, a linha na média.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=3.2)
    accuracies = {"confounded": "teste como o treino", "unconfounded": "teste dos dois modos"}
    means = table.groupby("dial").mean()
    colours = (canvas.COLOURS[1], canvas.COLOURS[0], GREY)
    for axes, curves in zip(figure.axes, (accuracies, MAPS | BLIND), strict=True):
        for (column, label), colour in zip(curves.items(), colours, strict=False):
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
        f"Com o botão de 0 a 1, a acurácia vai de {percent(first.confounded)} a"
        f" {percent(last.confounded)} no teste feito como o treino, e de"
        f" {percent(first.unconfounded)} a {percent(last.unconfounded)} com cada paciente"
        " radiografado dos dois modos. A energia na lesão vai "
        + listing(
            [
                f"de {number(first[name], 1)} a {number(last[name], 1)} ({label})"
                for name, label in (MAPS | BLIND).items()
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
        Só sobe ou cai o que se separa em todos os treinos; e só fica acima do oponente o mapa que,
        com o botão em 1, o supera em todos.
    """
    first, last = (table[table["dial"] == edge(table["dial"])] for edge in (min, max))

    words = {"above": "sobe", "below": "cai", "undecided": "não muda além do sorteio"}

    def trend(name):
        return words[verdict(spread(first[name], last[name]))]

    ahead = [label for name, label in MAPS.items() if (last[name] > last["centro"]).all()]
    beaten = f"só {listing(ahead)} supera" if len(ahead) == 1 else "os dois mapas superam"
    return (
        f"a acurácia que um artigo publicaria {trend('confounded')}; a da prova em que o modo não"
        f" ajuda {trend('unconfounded')}; a energia na lesão {trend('grad-cam')} no Grad-CAM e"
        f" {trend('occlusion')} na oclusão; com o botão em 1,"
        f" {beaten if ahead else 'nenhum dos dois mapas supera'} em todos os treinos uma mancha no"
        " centro da imagem"
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
    hidden = ("share", "lead")  # estão na tabela
    measures = [name for name in MEASURES if name in {*table["measure"]} - {*hidden}]
    figure = canvas.new(-(-len(measures) // 2), 2, height=2.0 * -(-len(measures) // 2))
    for axes in figure.axes[len(measures) :]:
        axes.set_axis_off()
    widest = 1.05 * table.loc[table["measure"].isin(TIMES), "high"].max()
    most = table.groupby("measure").size()[measures].max()
    parts = []
    for axes, measure in zip(figure.axes, measures, strict=False):
        rows = table[table["measure"] == measure].iloc[::-1]
        names = [f"{row.films},\n{row.state}" for row in rows.itertuples()]
        show = _writer(measure)
        colours = [canvas.COLOURS[state == "como vieram"] for state in rows["state"]]
        axes.hlines(range(len(rows)), rows["low"], rows["high"], color=colours, linewidth=2)
        axes.scatter(rows["mean"], range(len(rows)), color=colours, s=28, zorder=3)
        axes.set_yticks(range(len(rows)), names, fontsize=8)
        axes.set_ylim(len(rows) - most - 0.6, len(rows) - 0.4)  # as linhas, igualmente espaçadas
        axes.set_title(fill(MEASURES[measure], 34), fontsize=9)
        axes.set_xlim(0, widest if measure in TIMES else 1.03)
        for place, chance in enumerate(rows["chance"]):
            axes.plot([chance] * 2, [place - 0.5, place + 0.5], color=GREY, lw=1, ls="--")
        canvas.write(axes.xaxis, show)
        axes.tick_params(axis="x", labelsize=8)
        told = [
            f"{row.films}, {row.state}, {measured(row.mean, row.low, row.high, show)}"
            for row in rows.iloc[::-1].itertuples()
        ]
        parts.append(f"{MEASURES[measure]}: {'; '.join(told)}")
    return figure, f"Antes e depois dos reparos; tracejado, o acaso. {sentences(parts)}."


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
        text=[measured(r.mean, r.low, r.high, _writer(r.measure)) for r in table.itertuples()]
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
        As medidas da tabela, cada uma com a sua frase; o que se afirma é a diferença filme a filme,
        de que se dá só o intervalo: a média é a que vai de uma ponta à outra.
    """
    return {name: _verdict(rows, _writer(name)) for name, rows in table.groupby("measure")}


def repairs_reading(table: pd.DataFrame, measures: dict[str, str]) -> Markdown:
    """As frases de `repairs_verdicts` numa lista, só com as medidas que há.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.
    measures : dict of str to str
        Nome da medida e como a página a chama.

    Returns
    -------
    IPython.display.Markdown
    """
    found = repairs_verdicts(table)
    return Markdown("\n".join(f"- {m}: {found[n]}." for n, m in measures.items() if n in found))


def repaired_lead(table: pd.DataFrame) -> str:
    """Diz em palavras se, nos filmes reparados, o Grad-CAM supera uma mancha no centro.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.shortcuts.before_and_after` devolve.

    Returns
    -------
    str
        Uma oração por veredito, com os filmes em que ele vale; o sujeito é a energia do Grad-CAM.
    """
    words = {
        "above": "supera a de uma mancha no centro",
        "below": "perde para a de uma mancha no centro",
        "undecided": "não se distingue da de uma mancha no centro",
    }
    rows = table[(table["measure"] == "lead") & (table["state"] == "reparados")]
    found = {
        f"em “{row.films}”": verdict(Interval(row.mean, row.low, row.high))
        for row in rows.itertuples()
    }
    return _lists(found, words)


def by_class_and_mode(answers: pd.DataFrame) -> pd.DataFrame:
    """Quanto cada rede acerta de cada classe em cada modo de radiografar.

    Parameters
    ----------
    answers : DataFrame
        O que `covidcam.artefacts.shortcuts.both_modes` devolve.

    Returns
    -------
    DataFrame of str
        Uma linha por rede, com os filmes de que aprendeu no nome; uma coluna por classe e modo, e
        a acurácia balanceada no fim.
    """
    means = _cells(answers, ["label"]).mean(axis=1)
    return _cells(answers).assign(**{"acurácia balanceada": means}).map(percent)


def _cells(answers, keys=("label", "modo")):
    """A parte que cada rede acerta de cada grupo de filmes: uma linha por rede."""
    networks = answers.columns.difference(["patient", "label", "modo"], sort=False)
    cells = answers.groupby(list(keys))[list(networks)].mean().T
    return cells.set_axis([", ".join(np.atleast_1d(name)) for name in cells.columns], axis=1)


def remedies(answers: pd.DataFrame) -> dict[str, str]:
    """O que cada rede acerta a mais do que a de antes, nos mesmos pacientes.

    Parameters
    ----------
    answers : DataFrame
        O que `covidcam.artefacts.shortcuts.both_modes` devolve.

    Returns
    -------
    dict of str to str
        ``"reparo"`` (da rede das coleções à das coleções reparadas) e ``"laço"`` (desta à rede sem
        o laço): de quanto a quanto vai a acurácia balanceada, com o intervalo da diferença.
    """
    *_, free = answers.columns
    pairs = {"reparo": ("coleções, reparadas", "coleções"), "laço": (free, "coleções, reparadas")}
    labels, patients = answers["label"].to_numpy(), answers["patient"].to_numpy()
    found = {}
    for name, (better, other) in pairs.items():
        gained = answers[better].to_numpy(float) - answers[other].to_numpy(float)
        change = balanced_accuracy(gained, labels, patients)
        ends = (answers.groupby("label")[each].mean().mean() for each in (other, better))
        found[name] = _changed(*ends, change)
    return found


def remedies_note(answers: pd.DataFrame) -> Markdown:
    """A leitura de `by_class_and_mode`: onde cada rede mais erra, e o que cada remédio muda.

    Parameters
    ----------
    answers : DataFrame
        O que `covidcam.artefacts.shortcuts.both_modes` devolve.

    Returns
    -------
    IPython.display.Markdown
    """
    cells = _cells(answers)
    lowest = {name: row.index[row == row.min()] for name, row in cells.iterrows()}
    worst = [
        f"em “{name}”, {percent(cells.loc[name].min())} ({listing([f'“{one}”' for one in those])})"
        for name, those in lowest.items()
    ]
    found = remedies(answers)
    return Markdown(
        f"Onde cada rede menos acerta: {'; '.join(worst)}. Nos mesmos pacientes, da rede das"
        f" coleções à das coleções reparadas, a acurácia balanceada {found['reparo']}; dessa"
        f" rede à rede sem o laço, {found['laço']}. “Um só modo” é a rede que só"
        " viu filmes de adulto: também não tem esse atalho, mas nunca viu um filme infantil."
    )


def _changed(before, after, change, show=percent):
    """De quanto a quanto vai uma medida, com o intervalo da diferença e o que ele afirma."""
    if change.low == change.high == 0:
        return f"fica em {show(before)}"
    scale, places, unit = (100, 0, " pontos") if show is percent else (1, 2, "")
    low, high = (_signed(scale * end, places) for end in change[1:])
    if show(before) == show(after):
        show = partial(show, places=places + 1)
    found = verdict(change)
    doubt = "sem mudança que se possa afirmar; " if found == "undecided" else ""
    difference = f"{doubt}diferença de {low} a {high}{unit}"
    return f"{CHANGES[found]} de {show(before)} a {show(after)} ({difference})"


def _signed(value, places=0):
    """Um número com o sinal, e as casas que bastem para que o que não é zero não pareça zero."""
    places = max(places, int(0 < abs(value) < 1))
    while value and places < 4 and not round(value, places):
        places += 1
    return ("+" if value > 0 else "") + number(value, places)


def _verdict(rows, show):
    parts = []
    for films, pair in rows.groupby("films", sort=False):
        states = pair.set_index("state")
        before, after = (states.loc[state] for state in ("como vieram", "reparados"))
        change = Interval(after["change"], after["change_low"], after["change_high"])
        told = _changed(before["mean"], after["mean"], change, show)
        parts.append(f"em “{films}”, {told}")
    return "; ".join(parts)


def _writer(measure):
    return number if measure in TIMES else percent
