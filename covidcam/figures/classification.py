"""Quanto uma rede separa, quanto vale a probabilidade que dá, e redes lado a lado."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from covidcam.evaluation import OneVsRest, interval, verdict
from covidcam.figures import canvas
from covidcam.figures.text import between, listing, number, percent, sentences


def discrimination(curves: Sequence[OneVsRest], classes: Sequence[str]) -> tuple[Figure, str]:
    """As curvas ROC e de precisão e revocação, cada classe contra as outras.

    Parameters
    ----------
    curves : sequence of OneVsRest
        O que `covidcam.evaluation.one_vs_rest` devolve.
    classes : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
        O acaso em tracejado: a diagonal à esquerda, a prevalência de cada classe à direita.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, 2, height=3.4)
    roc, precision_recall = figure.axes
    roc.plot([0, 1], [0, 1], "--", color=canvas.COLOURS[3], linewidth=1)
    colours = canvas.class_colours(classes)
    for place, (curve, label) in enumerate(zip(curves, classes, strict=True)):
        colour = colours[place]
        roc.plot(
            curve.false_positive_rate,
            curve.sensitivity,
            color=colour,
            label=f"{label}: {number(curve.auc)}",
        )
        precision_recall.step(
            curve.recall,
            curve.precision,
            where="post",
            color=colour,
            label=f"{label}: {number(curve.average_precision)}",
        )
        # duas classes do mesmo tamanho têm o mesmo acaso: os traços se alternam
        dashes = (4 * place, (4, 4 * max(1, len(curves) - 1)))
        precision_recall.axhline(curve.prevalence, color=colour, linestyle=dashes, linewidth=1.2)
    roc.set(title="ROC (área)", xlabel="falsos positivos", ylabel="sensibilidade")
    precision_recall.set(title="Precisão e revocação (área)", xlabel="revocação", ylabel="precisão")
    for axes in figure.axes:
        _unit_square(axes)
        axes.legend(frameon=False, fontsize=8, loc="lower center")
    areas = [
        f"{label}, {number(curve.auc)} na ROC e {number(curve.average_precision)} na de precisão"
        f" e revocação (acaso: 0,50 e {number(curve.prevalence)})"
        for curve, label in zip(curves, classes, strict=True)
    ]
    alt = "As curvas de cada classe contra as outras; em tracejado, o acaso. Área sob elas: "
    return figure, f"{alt}{'; '.join(areas)}."


def reliability(tables: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """O diagrama de confiabilidade: o que a rede diz contra o que acerta.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Título e o que `covidcam.evaluation.reliability` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Um painel por tabela; o tamanho do ponto é o número de imagens da faixa, e a barra clara,
        onde cairia em 95 % dos sorteios uma rede de probabilidades exatas.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(1, len(tables), height=3.4)
    parts = []
    for axes, (title, table) in zip(figure.axes, tables.items(), strict=True):
        axes.plot([0, 1], [0, 1], "--", color=canvas.COLOURS[3], linewidth=1)
        for row in table.itertuples():
            axes.plot(
                [row.confidence] * 2,
                [row.noise_low, row.noise_high],
                color=canvas.BAND,
                linewidth=4,
                solid_capstyle="butt",
                zorder=1,
            )
        axes.scatter(
            table["confidence"],
            table["accuracy"],
            s=20 + 240 * table["images"] / table["images"].sum(),
            color=canvas.COLOURS[0],
            zorder=3,
            clip_on=False,
        )
        axes.set(title=title, xlabel="probabilidade que a rede dá", ylabel="parte que acerta")
        _unit_square(axes)
        rows = [
            f"diz {percent(row.confidence)} e acerta {percent(row.accuracy)} de {row.images}"
            f" (por acaso, de {percent(row.noise_low)} a {percent(row.noise_high)})"
            for row in table.itertuples()
        ]
        parts.append(f"{title}: {listing(rows)}")
    alt = "Na diagonal estaria a rede calibrada; a barra é onde ela cairia por acaso. "
    return figure, f"{alt}{sentences(parts)}."


def calibration_table(rows: Mapping[str, pd.Series]) -> pd.DataFrame:
    """As notas das probabilidades de uma rede, para ler.

    Parameters
    ----------
    rows : mapping of str to Series
        Título e o que `covidcam.evaluation.calibration` devolve.

    Returns
    -------
    DataFrame of str
        Uma linha por título.
    """
    return pd.DataFrame(
        {
            title: {
                "NLL": number(row.nll, 3),
                "Brier": number(row.brier, 3),
                "ECE": percent(row.ece, 1),
                "ECE por acaso, em média": percent(row.noise, 1),
                "ECE por acaso, até": percent(row.noise_high, 1),
            }
            for title, row in rows.items()
        }
    ).T


def calibration_verdict(rows: Mapping[str, pd.Series]) -> str:
    """Diz em palavras se o ECE de cada curva passa do que o acaso explica.

    Parameters
    ----------
    rows : mapping of str to Series
        Como em `calibration_table`.

    Returns
    -------
    str

    Examples
    --------
    >>> calibration_verdict({"crua": pd.Series({"ece": 0.3, "noise_high": 0.2})})
    'a curva “crua” passa do que o acaso explica'
    """
    beyond = [f"“{title}”" for title, row in rows.items() if row.ece > row.noise_high]
    if not beyond:
        return "nenhuma das curvas passa do que o acaso explica"
    if len(beyond) == 1:
        return f"a curva {beyond[0]} passa do que o acaso explica"
    return f"as curvas {listing(beyond)} passam do que o acaso explica"


def temperature_verdict(raw: pd.DataFrame, tempered: pd.DataFrame, patients: np.ndarray) -> str:
    """Diz em palavras o que a temperatura faz às duas perdas, nas mesmas imagens.

    Parameters
    ----------
    raw, tempered : DataFrame
        O que `covidcam.evaluation.losses` devolve, antes e depois.
    patients : ndarray (N,)

    Returns
    -------
    str
        A diferença de cada perda, com o intervalo de 95 % por paciente; só piora ou melhora a que
        o intervalo separa do zero.
    """
    words = {"above": "piora", "below": "melhora", "undecided": "não muda além do acaso"}
    changes = [interval(tempered[column] - raw[column], patients) for column in ("nll", "brier")]
    nll, brier = (between(*change, number, 4) for change in changes)
    first, second = (verdict(change) for change in changes)
    if first == second == "undecided":
        return f"nem a NLL, {nll}, nem a de Brier, {brier}, muda além do acaso"
    if first == second:
        return f"a NLL, {nll}, e a de Brier, {brier}, {words[first]}m"
    return f"a NLL {words[first]}, {nll}; a de Brier {words[second]}, {brier}"


def accuracies(table: pd.DataFrame) -> tuple[Figure, str]:
    """A acurácia de cada rede com os seus dois intervalos de 95 %.

    Parameters
    ----------
    table : DataFrame
        O nome da rede no índice e as colunas de `covidcam.evaluation.accuracy`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(width=4.0, height=0.5 * len(table) + 1.1)
    axes = figure.axes[0]
    for place, row in enumerate(table.itertuples()):
        for shift, low, high, colour, label in (
            (-0.12, row.wilson_low, row.wilson_high, canvas.COLOURS[1], "Wilson, por imagem"),
            (0.12, row.patients_low, row.patients_high, canvas.COLOURS[0], "por paciente"),
        ):
            axes.plot(
                [low, high],
                [place + shift] * 2,
                color=colour,
                linewidth=3,
                label=label if place == 0 else None,
            )
        axes.plot(row.accuracy, place, "o", color="black", ms=5)
    axes.set_yticks(range(len(table)), table.index)
    axes.set(ylim=(len(table) - 0.4, -0.6), xlabel="acurácia no teste")
    axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))  # nada de 2,5 %
    canvas.write(axes.xaxis, percent)
    canvas.guide(axes)
    canvas.legend(figure)
    parts = [
        f"{row.Index}, {percent(row.accuracy, 1)} (por paciente de {percent(row.patients_low, 1)} a"
        f" {percent(row.patients_high, 1)})"
        for row in table.itertuples()
    ]
    return figure, f"Acurácia no teste: {listing(parts)}."


def _one_place(value):
    return number(value, 1)


def _unit_square(axes):
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    canvas.write(axes.xaxis, _one_place)
    canvas.write(axes.yaxis, _one_place)
