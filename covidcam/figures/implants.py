"""Lesões de fantoma em filmes reais: os pares, o que as redes respondem e o placar ao lado."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from covidcam import evaluation
from covidcam.figures.boards import METRICS
from covidcam.figures.films import grid
from covidcam.figures.text import between, listing, number, percent

ASKED = {"lesion": "lesão ou placebo?", "processing": "placebo ou filme intacto?"}
BESIDE = ("pointing_game", "energy_ratio")


def implanted(
    sham: np.ndarray, lesion: np.ndarray, masks: np.ndarray, labels: Sequence[str]
) -> tuple[Figure, str]:
    """Filmes reais com o placebo e com a lesão de um fantoma, lado a lado.

    Parameters
    ----------
    sham, lesion : ndarray, uint8 (N, H, W, 3)
    masks : ndarray, bool (N, H, W)
        Onde está a lesão.
    labels : sequence of str
        A doença que cada uma imita.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Três filmes por fileira: o placebo, o com a lesão, e este com o contorno dela.
    alt : str
        O texto alternativo, para `show`.
    """
    pictures = [film for pair in zip(sham, lesion, lesion, strict=True) for film in pair]
    titles = [t for label in labels for t in ("placebo", f"lesão: {label}", "onde ela está")]
    outlines = [outline for mask in masks for outline in (None, None, mask)]
    covered = [
        f"{label}, {percent(mask.mean())}" for label, mask in zip(labels, masks, strict=True)
    ]
    alt = (
        "Radiografias reais sem doença, cada uma com o placebo, com a lesão de um fantoma e com o"
        f" contorno dela. A parte do filme que a lesão cobre: {listing(covered)}."
    )
    return grid(pictures, titles, columns=3, outlines=outlines), alt


def implants_answers(answers: pd.DataFrame, patients: np.ndarray) -> pd.DataFrame:
    """O que as redes respondem a cada pergunta, em pacientes que não viram.

    Parameters
    ----------
    answers : DataFrame
        O que `covidcam.artefacts.implants_asked` devolve.
    patients : ndarray (N,)
        O paciente de cada filme.

    Returns
    -------
    DataFrame of str
        Uma linha por pergunta: a parte dos filmes que acertam, a dos pares que põem na ordem e a
        diferença entre as probabilidades do par, com o intervalo de 95 % por paciente.
    """
    records = {}
    for question, rows in answers.groupby("question", sort=False):
        who, first, second = patients[rows["film"]], rows["first"], rows["second"]
        right = np.concatenate([first > 0.5, second < 0.5])
        measures = {
            "filmes certos": (right, np.tile(who, 2), "proportion"),
            "pares na ordem": (first > second, who, "proportion"),
            "diferença no par": (first - second, who, "mean"),
        }
        told = {name: between(*evaluation.interval(*each)) for name, each in measures.items()}
        records[ASKED[question]] = {"pares": str(len(rows)), **told}
    return pd.DataFrame.from_dict(records, orient="index").rename_axis(index="pergunta")


def beside_phantoms(phantoms: pd.DataFrame, implants: pd.DataFrame) -> pd.DataFrame:
    """As notas dos mesmos mapas nos fantomas e nos implantes, lado a lado.

    Parameters
    ----------
    phantoms, implants : DataFrame
        O que `covidcam.evaluation.summarize` devolve.

    Returns
    -------
    DataFrame of str
        Uma linha por mapa que está nos dois placares, do melhor ao pior nos implantes; as colunas
        são pares de medida e lugar.
    """
    columns = {}
    for metric in BESIDE:
        for place, table in (("fantomas", phantoms), ("implantes", implants)):
            rows = table[table["metric"] == metric].set_index("method")
            told = [between(*row, number) for row in rows[["mean", "low", "high"]].to_numpy()]
            columns[METRICS[metric], place] = pd.Series(told, rows.index)
    first = implants[(implants["metric"] == BESIDE[0]) & (implants["same_as"] == "")]
    order = first.sort_values("mean", ascending=False, kind="stable")["method"]
    shared = [name for name in order if name in set(phantoms["method"])]
    return pd.DataFrame(columns).loc[shared].rename_axis(index="mapa")


def transfer_note(
    phantoms: tuple[pd.DataFrame, np.ndarray], implants: tuple[pd.DataFrame, np.ndarray]
) -> Markdown:
    """Se a ordem dos métodos nos fantomas é a dos implantes, e quem supera os oponentes em cada um.

    Parameters
    ----------
    phantoms, implants : tuple
        O que `covidcam.evaluation.measure` devolve, e o paciente de cada filme.

    Returns
    -------
    IPython.display.Markdown
    """
    from scipy.stats import spearmanr

    lines = []
    for metric in BESIDE:
        boards = [_against_best(*each, metric) for each in (phantoms, implants)]
        methods = [board[board["kind"] == "método"].set_index("method") for board in boards]
        shared = methods[1].index[methods[1]["same_as"] == ""].intersection(methods[0].index)
        alike = spearmanr(*(table.loc[shared, "mean"] for table in methods)).statistic
        beaten = [
            listing([name for name in shared if table.loc[name, "difference_low"] > 0]) or "nenhum"
            for table in methods
        ]
        lines.append(
            f"- **{METRICS[metric]}**: a correlação de Spearman entre as notas dos {len(shared)}"
            f" métodos nos dois lugares é {number(alike)}. Superam o melhor oponente, filme a"
            f" filme, nos fantomas: {beaten[0]}; nos implantes: {beaten[1]}."
        )
    return Markdown("\n".join(lines))


def _against_best(values, patients, metric):
    """O placar de uma medida, com cada mapa comparado ao melhor dos oponentes."""
    rows = values[values["metric"] == metric]
    blind = rows[rows["kind"] == "oponente"].groupby("method")["value"].mean()
    return evaluation.summarize(rows, patients, compare=blind.idxmax())
