"""Placares: cada método com o seu intervalo, do melhor ao pior."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from covidcam import evaluation
from covidcam.evaluation import LOWER_IS_BETTER, Curve, Interval
from covidcam.figures import canvas
from covidcam.figures.text import listing, number, shortest

METRICS = {
    "pointing_game": "jogo do ponto",
    "energy_inside": "energia dentro da lesão",
    "energy_ratio": "energia, em múltiplos do acaso",
    "rank_accuracy": "acerto da ordem",
    "iou_otsu": "IoU (limiar de Otsu)",
    "auprc": "AUPRC",
    "deletion": "apagamento (menor é melhor)",
    "insertion": "inserção",
    "road": "ROAD",
    "average_drop": "queda média (menor é melhor)",
}


def board(table: pd.DataFrame, metric: str) -> tuple[Figure, str]:
    """Um ponto por método, com o intervalo de 95 %, do melhor ao pior.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.scoreboard` devolve.
    metric : str
        Uma das medidas da tabela.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Métodos em azul, oponentes que não olham para a rede em laranja.
    alt : str
        O texto alternativo, para `show`.
    """
    rows = table[table["metric"] == metric].sort_values(
        "mean", ascending=metric in LOWER_IS_BETTER, kind="stable"
    )[::-1]
    figure = canvas.new(width=5.0, height=0.24 * len(rows) + 0.9)
    axes = figure.axes[0]
    for place, row in enumerate(rows.itertuples()):
        colour = canvas.COLOURS[0 if row.kind == "método" else 1]
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2)
        axes.plot(row.mean, place, "o" if row.kind == "método" else "D", color=colour, ms=5)
    axes.set_yticks(np.arange(len(rows)), rows["method"])
    axes.set_xlabel(METRICS.get(metric, metric))
    canvas.write(axes.xaxis, shortest)
    canvas.guide(axes)
    best, worst = rows.iloc[-1], rows.iloc[0]
    blind = rows[rows["kind"] == "oponente"]
    alt = (
        f"Placar de {len(rows)} mapas em {best.images} radiografias: {METRICS.get(metric, metric)}."
        f" Do melhor ao pior: {best.method}, {number(best['mean'])}, a {worst.method},"
        f" {number(worst['mean'])}. Oponentes: "
        + listing([f"{r.method} {number(r.mean)}" for r in blind.itertuples()])
        + "."
    )
    return figure, alt


def board_table(table: pd.DataFrame, sort: str) -> pd.DataFrame:
    """A média de cada método em cada medida, com nomes e vírgulas para quem lê.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.scoreboard` devolve.
    sort : str
        A medida que ordena as linhas, da melhor à pior.

    Returns
    -------
    DataFrame of str
        Uma linha por método, uma coluna por medida.
    """
    means = table.pivot(index="method", columns="metric", values="mean")
    means = means.loc[table["method"].unique()]  # os empates ficam na ordem do placar
    means = means.sort_values(sort, ascending=sort in LOWER_IS_BETTER, kind="stable")
    means = means[[sort, *means.columns.drop(sort)]].rename(columns=METRICS)
    return means.map(number).rename_axis(index="mapa", columns=None)


def verdict(table: pd.DataFrame, metric: str, compare: str = "grad-cam") -> str:
    """Diz em palavras que diferenças para um método são reais, isto é, não incluem zero.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.scoreboard` devolve.
    metric : str
    compare : str
        O método a que a tabela compara.

    Returns
    -------
    str
    """
    rows = table[(table["metric"] == metric) & (table["method"] != compare)]
    found = {
        row.method: evaluation.verdict(
            Interval(row.difference, row.difference_low, row.difference_high)
        )
        for row in rows.itertuples()
    }
    said = {
        "above": f"acima de {compare}",
        "below": "abaixo",
        "undecided": "sem diferença que estas imagens permitam afirmar",
    }
    parts = {key: [name for name in found if found[name] == key] for key in said}
    return "; ".join(f"{said[key]}: {listing(parts[key]) or 'nenhum'}" for key in said)


def randomization(tests: dict[str, pd.DataFrame]) -> tuple[Figure, str]:
    """Quanto cada mapa ainda se parece com o original à medida que a rede é sorteada de novo.

    Parameters
    ----------
    tests : dict of str to DataFrame
        Nome do método e o que `covidcam.evaluation.randomization_test` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=3.2)
    ends = {}
    for axes, measure in zip(figure.axes, ("spearman", "ssim"), strict=True):
        for (name, test), colour in zip(tests.items(), canvas.COLOURS, strict=False):
            means = test.groupby("step")[measure].mean()
            axes.plot(means.index, means, "o-", ms=3, color=colour, label=name)
            ends.setdefault(measure, []).append(f"{name}, {number(means.iloc[-1])}")
        axes.axhline(0, color="#5a6b73", linewidth=0.8)
        axes.set(title="Spearman" if measure == "spearman" else "SSIM", ylim=(-0.5, 1.05))
        axes.set_xlabel("camadas sorteadas, do topo à base")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        canvas.write(axes.yaxis, lambda value: number(value, 1))
    figure.axes[0].legend(frameon=False, fontsize=8)
    alt = (
        "Semelhança entre o mapa da rede treinada e o da rede com camadas sorteadas, do topo à"
        f" base. Com todas sorteadas, a correlação de Spearman é: {'; '.join(ends['spearman'])};"
        f" e o SSIM: {'; '.join(ends['ssim'])}."
    )
    return figure, alt


def deletion(curves: dict[str, Curve]) -> tuple[Figure, str]:
    """As curvas de apagamento de cada imagem, finas, e a média delas, grossa.

    Parameters
    ----------
    curves : dict of str to Curve
        Nome do mapa e o que `covidcam.evaluation.deletion` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, len(curves), height=2.8)
    for axes, (name, curve), colour in zip(
        figure.axes, curves.items(), canvas.COLOURS, strict=False
    ):
        axes.plot(curve.shares, curve.scores.T, color=colour, alpha=0.3, linewidth=1)
        axes.plot(curve.shares, curve.scores.mean(axis=0), color=colour, linewidth=2.5)
        axes.set(title=f"{name}: área {number(curve.auc.mean())}", ylim=(0, 1.02))
        axes.set_xlabel("parte dos pixels já apagada")
        for axis in (axes.xaxis, axes.yaxis):
            canvas.write(axis, lambda value: number(value, 1))
    figure.axes[0].set_ylabel("probabilidade da classe")
    areas = [f"{name}, {number(curve.auc.mean())}" for name, curve in curves.items()]
    alt = (
        "Probabilidade da classe à medida que os pixels mais quentes de cada mapa são apagados;"
        f" área média sob a curva: {listing(areas)}."
    )
    return figure, alt
