"""O mesmo filme com e sem os seus objetos, e o que a rede e os mapas fazem disso."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from covidcam.figures import canvas
from covidcam.figures.films import grid
from covidcam.figures.text import counted, listing, number, percent, quantity


def retaken(
    images: dict[str, np.ndarray], answers: pd.DataFrame, chosen: list[int]
) -> tuple[Figure, str]:
    """Filmes completos, sem as lesões e sem uma parte sadia, com a probabilidade de cada um.

    Parameters
    ----------
    images : dict of str to ndarray, uint8 (N, H, W)
        Com as chaves whole, empty e control, como em `covidcam.artefacts.Retakes`.
    answers : DataFrame
        Como em `covidcam.artefacts.Retakes`.
    chosen : list of int
        Que filmes, um por fileira.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    pictures, titles, said = [], [], []
    for film in chosen:
        row = answers.iloc[film]
        part = f"{'as' if row['part'].split()[0].endswith('s') else 'a'} {row['part']}"
        names = {"whole": "o filme", "empty": "sem as lesões", "control": f"sem {part}"}
        for state, name in names.items():
            pictures.append(images[state][film])
            titles.append(f"{name}\n{row['label']}: {percent(row[state])}")
        said.append(
            f"num filme de {row['label']}, {percent(row['whole'])} com as lesões,"
            f" {percent(row['empty'])} sem elas e {percent(row['control'])} sem {part}"
        )
    alt = (
        "O mesmo filme refeito: completo, sem as lesões e sem uma parte sadia. A probabilidade da"
        f" classe verdadeira é: {'; '.join(said)}."
    )
    return grid(pictures, titles, columns=3), alt


def falls(answers: pd.DataFrame) -> tuple[Figure, str]:
    """A probabilidade da classe verdadeira em cada filme, com e sem as lesões.

    Parameters
    ----------
    answers : DataFrame
        Como em `covidcam.artefacts.Retakes`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Um traço por filme, do ponto cheio (completo) ao vazado (sem as lesões); o losango é o
        filme sem a parte sadia.
    alt : str
        O texto alternativo, para `show`.
    """
    labels = sorted(answers["label"].unique())
    figure = canvas.new(1, len(labels), height=3.4)
    means = []
    for axes, label, colour in zip(figure.axes, labels, canvas.class_colours(labels), strict=True):
        rows = answers[answers["label"] == label].sort_values(["whole", "empty"])
        place = np.arange(len(rows))
        axes.vlines(place, rows["empty"], rows["whole"], color=colour, alpha=0.35, linewidth=1.5)
        axes.plot(place, rows["whole"], "o", color=colour, ms=4)
        axes.plot(place, rows["empty"], "o", color=colour, ms=4, mfc="white")
        axes.plot(place, rows["control"], "D", color=canvas.COLOURS[1], ms=5, mfc="none")
        axes.set(title=f"{label}: {len(rows)} filmes", ylim=(-0.03, 1.03), xticks=[])
        canvas.write(axes.yaxis, percent)
        mean = rows[["whole", "empty", "control"]].mean().map(percent)
        means.append(
            f"{label}, {mean['whole']} com as lesões, {mean['empty']} sem elas e"
            f" {mean['control']} sem uma parte sadia"
        )
    figure.axes[0].set_ylabel("probabilidade da classe verdadeira")
    # a forma é o que a legenda diz; a cor é da classe, e o título de cada quadro a diz
    grey, first = canvas.COLOURS[3], figure.axes[0]
    first.plot([], [], "o", color=grey, ms=4, label="completo")
    first.plot([], [], "o", color=grey, ms=4, mfc="white", label="sem as lesões")
    first.plot([], [], "D", color=canvas.COLOURS[1], ms=5, mfc="none", label="sem parte sadia")
    canvas.legend(figure)
    alt = (
        f"A probabilidade da classe verdadeira em {len(answers)} filmes; em média,"
        f" {'; '.join(means)}."
    )
    return figure, alt


def numbered(image: np.ndarray, masks: np.ndarray, objects: pd.DataFrame) -> tuple[Figure, str]:
    """Um filme sem marcas e, ao lado, as suas lesões contornadas e numeradas.

    Parameters
    ----------
    image : ndarray, uint8 (H, W)
    masks : ndarray, bool (K, H, W)
    objects : DataFrame
        Uma linha por máscara: name (“foco 3”, por exemplo), kind, removed e added.

    Returns
    -------
    figure : matplotlib.figure.Figure
    alt : str
        O texto alternativo, para `show`.
    """
    from scipy.ndimage import binary_fill_holes  # carregá-lo demora

    lesions = np.flatnonzero(objects["kind"] == "lesão")
    together = binary_fill_holes(masks[lesions].any(axis=0))
    count = counted(len(lesions), "lesão", "lesões")
    figure = grid([image, image], ["o filme", f"{count}, pelo número"], 2, [None, together])
    most = objects[["removed", "added"]].abs().max(axis=1).to_numpy()
    written = []
    for k in lesions[np.argsort(-most[lesions], kind="stable")]:
        y, x = (axis.mean() for axis in np.nonzero(masks[k]))
        if any(np.hypot(y - down, x - right) < image.shape[0] / 20 for down, right in written):
            continue  # um número sobre outro não se lê; fica o da que mais pesa, e o alt o diz
        written.append((y, x))
        halo = [withStroke(linewidth=2.5, foreground=canvas.HALO)]
        style = {"color": "white", "fontsize": 9, "ha": "center", "va": "center", "zorder": 5}
        name = objects["name"].iloc[k].removeprefix("foco ")
        figure.axes[1].text(x, y, name, path_effects=halo, **style)
    alt = f"Um filme e, ao lado, as suas {count}, contornadas em conjunto e numeradas"
    if len(written) < len(lesions):
        alt += "; onde um número cobriria outro, fica o da lesão que mais pesa"
    return figure, f"{alt}."


def one_by_one(objects: pd.DataFrame) -> tuple[Figure, str]:
    """O que a rede perde sem cada objeto de um filme.

    Parameters
    ----------
    objects : DataFrame
        Uma linha por objeto: name, kind, removed e added.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Barra cheia, o que o contraste perde quando o objeto sai; risco, o que ganha quando ele
        entra, sozinho, no filme sem lesões.
    alt : str
        O texto alternativo, para `show`.
    """
    figure = canvas.new(width=5.0, height=0.19 * len(objects) + 1.0)
    bars = figure.axes[0]
    ordered = objects.sort_values("removed").reset_index(drop=True)
    sick = ordered["kind"] == "lesão"
    colours = np.where(sick, canvas.COLOURS[0], canvas.COLOURS[1])
    bars.barh(ordered.index, ordered["removed"], color=colours, height=0.7)
    bars.plot(ordered["added"], ordered.index, "|", color="black", ms=9, mew=1.6)
    bars.axvline(0, color=canvas.COLOURS[3], linewidth=0.8)
    bars.set_yticks(ordered.index, ordered["name"], fontsize=8)
    bars.set_xlabel("o que o contraste perde sem ele (logit)")
    canvas.write(bars.xaxis, lambda value: number(value, 1))
    top = ordered[::-1].head(3)
    healthy = ordered[~sick]["removed"].abs().max()
    missed = [f"{row.name} ({quantity(row.removed, 'logit')})" for row in top.itertuples()]
    alt = (
        f"O que o contraste perde sem cada objeto: {counted(int(sick.sum()), 'lesão', 'lesões')} e,"
        f" em laranja, {counted(int((~sick).sum()), 'outro objeto', 'outros objetos')}."
        " Os que mais fazem falta: " + listing(missed) + "."
    )
    if not sick.all():
        alt += (
            " Nenhum dos que não são lesões muda o contraste, ao sair, em mais de"
            f" {quantity(healthy, 'logit')}."
        )
    return figure, alt


def dial_retaken(table: pd.DataFrame) -> tuple[Figure, str]:
    """Duas redes do botão diante do mesmo filme, sem a lesão e do outro modo.

    Parameters
    ----------
    table : DataFrame
        O que `covidcam.artefacts.dial_retakes` devolve.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Um traço por paciente; o grosso é a média.
    alt : str
        O texto alternativo, para `show`.
    """
    states = {"empty": "sem a lesão", "whole": "o filme", "turned": "do outro modo"}
    figure, said = canvas.new(1, 2, height=3.0), []
    for axes, (dial, rows), colour in zip(
        figure.axes, table.groupby("dial"), canvas.COLOURS[::4], strict=True
    ):
        values = rows[list(states)]
        thin = {"color": canvas.COLOURS[3], "alpha": 0.5, "linewidth": 0.7}
        axes.plot(range(len(states)), values.T, **thin)
        axes.plot(range(len(states)), values.mean(), "o-", color=colour, linewidth=3)
        axes.set_xticks(range(len(states)), states.values())
        axes.set(title=f"botão em {number(dial, 0)}", ylim=(-0.03, 1.03), xlim=(-0.3, 2.3))
        canvas.write(axes.yaxis, percent)
        mean = values.mean().map(percent)
        said.append(
            f"com o botão em {number(dial, 0)}, {mean['whole']} no filme, {mean['empty']} sem a"
            f" lesão e {mean['turned']} do outro modo"
        )
    figure.axes[0].set_ylabel("probabilidade de COVID-19")
    alt = (
        f"A probabilidade de COVID-19 em {table['patient'].nunique()} pacientes com a doença"
        f" (traços finos) e a média (traço grosso): {'; '.join(said)}."
    )
    return figure, alt
