"""Placares: cada método com o seu intervalo, do melhor ao pior."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from covidcam import evaluation
from covidcam.evaluation import LOWER_IS_BETTER, Curve, Interval, Likeness
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
    "causal_pairs": "pares de objetos na ordem do efeito",
    "causal_first": "o objeto de maior efeito em primeiro",
    "lesion_pairs": "pares de lesões na ordem do efeito",
    "lesion_first": "a lesão de maior efeito em primeiro",
}
REFERENCES = {"black": "preto", "mean": "média", "blur": "borrado"}


def board(table: pd.DataFrame, metric: str, reference: str = "") -> tuple[Figure, str]:
    """Um ponto por método, com o intervalo de 95 %, do melhor ao pior.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.summarize` devolve.
    metric, reference : str
        Uma das medidas da tabela, e o que entra no lugar do que se apaga; a referência fica vazia
        se a medida só foi feita com uma.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Métodos em azul, oponentes que não olham para a rede em laranja; vazado, quem foi medido em
        menos radiografias que os outros.
    alt : str
        O texto alternativo, para `show`.
    """
    rows = _pick(table, metric, reference).sort_values(
        "mean", ascending=metric in LOWER_IS_BETTER, kind="stable"
    )[::-1]
    most = rows["images"].max()
    figure = canvas.new(width=5.0, height=0.24 * len(rows) + 0.9)
    axes = figure.axes[0]
    for place, row in enumerate(rows.itertuples()):
        colour = canvas.COLOURS[0 if row.kind == "método" else 1]
        inside = colour if row.images == most else "white"
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2)
        shape = "o" if row.kind == "método" else "D"
        axes.plot(row.mean, place, shape, color=colour, ms=5, markerfacecolor=inside)
    axes.set_yticks(np.arange(len(rows)), rows["method"])
    axes.set_xlabel(_name(metric, reference))
    canvas.write(axes.xaxis, shortest)
    canvas.guide(axes)
    few, full = rows[rows["images"] < most], rows[rows["images"] == most][::-1]
    blind = rows[rows["kind"] == "oponente"]
    films = f"{most} radiografias"
    if len(few):
        films += f" (os vazados, em {few['images'].max()})"
    other = full[full["kind"] != full["kind"].iloc[0]]
    others = "métodos" if full["kind"].iloc[0] == "oponente" else "oponentes"
    ends = ("menor", "maior") if metric in LOWER_IS_BETTER else ("maior", "menor")
    rival = f"; {ends[0]} dos {others}, {_tied(other)}" if len(other) else ""
    said = [f"{row.method} {number(row.mean)}" for row in blind.itertuples()]
    alt = (
        f"Placar de {len(rows) - len(blind)} mapas de métodos e {len(blind)} de oponentes em"
        f" {films}, {_name(metric, reference)}: {ends[0]} média{' dos cheios' if len(few) else ''},"
        f" {_tied(full)}{rival}; {ends[1]} média, {_tied(full[::-1])}. Oponentes: {listing(said)}."
    )
    if len(few):
        alt += f" Vazados: {listing(few['method'].tolist())}."
    return figure, alt


def board_table(table: pd.DataFrame, sort: str, reference: str = "") -> pd.DataFrame:
    """A média de cada método em cada medida, com nomes e vírgulas para quem lê.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.summarize` devolve.
    sort, reference : str
        A medida que ordena as linhas, da melhor à pior.

    Returns
    -------
    DataFrame of str
        Uma linha por mapa, uma coluna por medida e referência.
    """
    rows = table[table["same_as"] == ""]
    several = rows.groupby("metric")["reference"].nunique() > 1
    kinds = rows[["metric", "reference"]].drop_duplicates()
    titles = {
        (metric, fill): _name(metric, fill if several[metric] else "")
        for metric, fill in kinds.itertuples(index=False)
    }
    means = rows.pivot(index="method", columns=["metric", "reference"], values="mean")
    first = (sort, reference) if reference else next(kind for kind in titles if kind[0] == sort)
    means = means.loc[rows["method"].unique()]  # os empates ficam na ordem do placar
    means = means.sort_values(first, ascending=sort in LOWER_IS_BETTER, kind="stable")
    means = means[[first, *(kind for kind in titles if kind != first)]].map(number)
    means.columns = [titles[kind] for kind in means]
    return means.rename_axis(index="mapa")


def verdicts(
    table: pd.DataFrame, metrics: Sequence[str | tuple[str, str]], compare: str = "grad-cam"
) -> Markdown:
    """Quem é melhor, quem é pior e de quem nada se pode afirmar, numa comparação pareada.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.evaluation.summarize` devolve, com `compare` como o termo da comparação.
    metrics : sequence of str or tuple
        Medidas, ou pares de medida e referência.
    compare : str
        O método a que a tabela compara.

    Returns
    -------
    IPython.display.Markdown
        Três listas por medida; só as diferenças cujo intervalo não contém zero são melhores ou
        piores.
    """
    lines = []
    for metric in metrics:
        metric, fill = (metric, "") if isinstance(metric, str) else metric
        rows = _pick(table, metric, fill)
        found = {"above": [], "below": [], "undecided": []}
        for row in rows[rows["method"] != compare].itertuples():
            change = Interval(row.difference, row.difference_low, row.difference_high)
            found[evaluation.verdict(change)].append(row.method)
        blind = rows["method"][rows["kind"] == "oponente"].tolist()
        better, worse = ("below", "above") if metric in LOWER_IS_BETTER else ("above", "below")
        title = METRICS[metric].partition(" (")[0] + (f", {REFERENCES[fill]}" if fill else "")
        lines += [
            f"**{title}**, na comparação pareada com o {compare}\n",
            f"- melhores: {_names(found[better], blind)}",
            f"- piores: {_names(found[worse], blind)}",
            f"- sem diferença que se possa afirmar: {_names(found['undecided'], blind)}\n",
        ]
    return Markdown("\n".join(lines))


def by_class(
    values: pd.DataFrame, metric: str, classes: Sequence[str], fewest: int = 5
) -> pd.DataFrame:
    """A média de cada mapa com cada referência, em todas as radiografias e por classe explicada.

    Parameters
    ----------
    values : DataFrame
        O que `covidcam.evaluation.measure` devolve.
    metric : str
    classes : sequence of str
        Os nomes das classes, na ordem da rede.
    fewest : int
        Uma classe explicada em menos radiografias do que isto não tem coluna.

    Returns
    -------
    DataFrame of str
        Uma linha por mapa medido em todas elas; as colunas são pares de referência e classe, com o
        número de radiografias.
    """
    rows = _pick(values, metric)
    most = rows.groupby("method", sort=False)["film"].nunique()
    rows = rows[rows["method"].isin(most.index[most == most.max()])]
    counts = rows.drop_duplicates("film")["target"].value_counts().sort_index()
    shown = {f"{classes[k]} ({count})": [k] for k, count in counts.items() if count >= fewest}
    shown = {f"todas ({counts.sum()})": list(counts.index)} | shown
    columns = {}
    for fill in rows["reference"].unique():
        for title, targets in shown.items():
            part = rows[(rows["reference"] == fill) & rows["target"].isin(targets)]
            means = part.groupby("method", sort=False)["value"].mean()
            columns[REFERENCES[fill], title] = means
    table = pd.DataFrame(columns)
    last = [column for column in table if column[1].startswith("todas")][-1]
    ordered = table.sort_values(last, ascending=metric in LOWER_IS_BETTER, kind="stable")
    return ordered.map(number).rename_axis(index="mapa")


def randomization(test: pd.DataFrame, strangers: dict[str, Likeness]) -> tuple[Figure, str]:
    """Quanto cada mapa ainda se parece com o original à medida que a rede é sorteada de novo.

    Parameters
    ----------
    test, strangers
        Como em `covidcam.evaluation.remains`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Uma linha por método, a média; a faixa vai da menor à maior das redes sorteadas; o losango,
        depois do fim, é a semelhança de mapas de pacientes diferentes.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=3.4)
    left = evaluation.remains(test, strangers)
    ends = {}
    for axes, measure in zip(figure.axes, ("spearman", "ssim"), strict=True):
        for place, method in enumerate(left.index):
            colour = canvas.COLOURS[place]
            drawn = test[test["method"] == method].groupby(["step", "seed"])[measure].mean()
            drawn = drawn.unstack("seed")
            means = drawn.mean(axis=1)
            axes.plot(means.index, means, "o-", ms=3, color=colour, label=method)
            axes.fill_between(
                means.index, drawn.min(axis=1), drawn.max(axis=1), color=colour, alpha=0.15, lw=0
            )
            other = left.loc[method, f"{measure}_strangers"]
            beyond = means.index.max() + 1 + 0.7 * place  # um ao lado do outro: nenhum se cobre
            axes.plot(beyond, other, "D", color=colour, ms=5)
            ends.setdefault(measure, []).append(
                f"{method}, {number(left.loc[method, measure])}"
                f" (pacientes diferentes, {number(other)})"
            )
        axes.axhline(0, color=canvas.LIGHT, linewidth=1.5, zorder=0)
        ranks = measure == "spearman"
        axes.set(title="Spearman" if ranks else "SSIM", ylim=(-0.5 if ranks else 0, 1.05))
        axes.set_xlabel("camadas sorteadas, do topo à base")
        axes.set_xticks(means.index[:: max(1, len(means) // 6)])  # nenhum onde estão os losangos
        canvas.write(axes.yaxis, shortest)
    canvas.legend(figure)
    alt = (
        "Semelhança entre o mapa da rede treinada e o da rede com camadas sorteadas, do topo à"
        " base (losango: mapas de pacientes diferentes; faixa: da menor à maior, entre as redes)."
        f" Com todas sorteadas, a correlação de Spearman é: {'; '.join(ends['spearman'])};"
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
        axes.plot(curve.shares, curve.scores.T, color=colour, alpha=0.75, linewidth=1.1)
        axes.plot(curve.shares, curve.scores.mean(axis=0), color=colour, linewidth=3.5)
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


def _tied(rows):
    """O mapa da primeira linha, com os que empatam com ele no que se escreve, e a média."""
    means = rows["mean"].map(number)
    same = rows["method"][means == means.iloc[0]].tolist()
    return f"{listing(same)} ({means.iloc[0]})"


def _names(found, blind):
    """Os nomes de uma lista, com os oponentes numa expressão só quando estão todos nela."""
    if len(blind) > 1 and set(blind) <= set(found):
        found = [*(name for name in found if name not in blind), "todos os oponentes"]
    return listing(found) or "nenhum"


def _name(metric, reference=""):
    return METRICS.get(metric, metric) + (f", {REFERENCES[reference]}" if reference else "")


def _pick(table, metric, reference=""):
    """As linhas de uma medida, cada mapa uma vez só, por mais nomes que tenha."""
    rows = table[(table["metric"] == metric) & (table["same_as"] == "")]
    return rows[rows["reference"] == reference] if reference else rows
