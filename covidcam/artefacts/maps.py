"""Os mapas de um conjunto de teste e as suas medidas, guardados no depósito."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from covidcam import cam, datasets, evaluation, store
from covidcam.artefacts.films import abnormal_films
from covidcam.artefacts.networks import model_2
from covidcam.artefacts.trained import Trained
from covidcam.settings import Settings

# Quantas perguntas fazem os métodos lentos quando medem muitas radiografias de uma vez.
SAMPLES = {"samples": 80, "steps": 8, "channels": 24, "window": 40, "stride": 20}


FEW = 12  # radiografias em que se mede o que pergunta muitas vezes à rede


def where_board(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O placar de onde os mapas caem, em todos os fantomas de teste com lesão.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    DataFrame
        Como o de `board`.
    """
    return board(settings, trained, tuple(evaluation.WHERE))


def faithful_board(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O placar do que os mapas dizem da rede, em `FEW` fantomas de teste com lesão.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    DataFrame
        Como o de `board`.
    """
    return board(settings, trained, tuple(evaluation.FAITHFUL), FEW)


def board(
    settings: Settings, trained: Trained, metrics: Sequence[str], limit: int | None = None
) -> pd.DataFrame:
    """O placar de todos os métodos e oponentes nos fantomas de teste com lesão.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained
    metrics : sequence of str
        Como em `covidcam.evaluation.scoreboard`.
    limit : int, optional
        Em quantas radiografias.

    Returns
    -------
    DataFrame
        Como o de `covidcam.evaluation.scoreboard`.
    """

    def make(folder: Path) -> None:
        films = abnormal_films(trained, limit)
        table = evaluation.scoreboard(
            trained.model,
            films.images,
            films.lesions,
            films.patients,
            list(cam.METHODS),
            lungs=films.lungs,
            metrics=metrics,
            **SAMPLES,
        )
        table.to_csv(folder / "board.csv", index=False)

    parameters = {
        "model": trained.key,
        "metrics": list(metrics),
        "limit": limit,
        "samples": SAMPLES,
    }
    code = ["artefacts/films", "artefacts/trained", "cam", "datasets", "evaluation", "models"]
    folder = store.keep(settings.cache, "placares", parameters, code, make)
    return pd.read_csv(folder / "board.csv")


def predicted_maps(settings: Settings, trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """O Grad-CAM da classe prevista em cada imagem de teste.

    Parameters
    ----------
    settings : Settings
    trained : Trained

    Returns
    -------
    values : ndarray, float32 (N, H, W)
        De 0 a 1, como em `covidcam.cam.explain`.
    target : ndarray, int (N,)
        A classe prevista.
    """

    def make(folder: Path) -> None:
        maps = cam.explain(trained.model, trained.data.X[trained.test])
        np.savez_compressed(folder / "maps.npz", values=maps.values, target=maps.target)

    parameters = {"model": trained.key}
    code = ["artefacts/trained", "cam", "models"]
    folder = store.keep(settings.cache, "mapas-de-teste", parameters, code, make)
    with np.load(folder / "maps.npz") as stored:
        return stored["values"], stored["target"]


def tuned_overlap(trained: Trained, methods: Sequence[str]) -> pd.DataFrame:
    """O IoU de cada método no limiar que foi melhor para ele nos pacientes da validação.

    Parameters
    ----------
    trained : Trained
        Treinada em fantomas.
    methods : sequence of str
        Métodos rápidos de `covidcam.cam.METHODS`.

    Returns
    -------
    DataFrame
        Uma linha por método: o limiar e o IoU nas imagens de teste, com o intervalo de 95 % por
        paciente.
    """
    validation = abnormal_films(trained, part="validation")
    test = abnormal_films(trained)
    before = cam.explain(trained.model, validation.images, list(methods))
    after = cam.explain(trained.model, test.images, list(methods))
    records = {}
    for name in methods:
        threshold = evaluation.tune_threshold(before[name].values, validation.lesions)
        overlap = evaluation.iou(after[name].values, test.lesions, threshold)
        records[name] = (threshold, *evaluation.bootstrap(overlap, test.patients))
    columns = ["limiar", "IoU", "de", "a"]
    return pd.DataFrame.from_dict(records, orient="index", columns=columns)


def lung_energy(settings: Settings) -> pd.DataFrame:
    """Nas radiografias reais com caixas dos pulmões: a energia do Grad-CAM dentro delas.

    Parameters
    ----------
    settings : Settings
        Com radiografias reais como fonte.

    Returns
    -------
    DataFrame
        Uma linha por classe: imagens, pacientes e a energia em vezes a parte da imagem que as
        caixas cobrem, com o intervalo de 95 % por paciente.
    """
    trained = model_2(settings)
    rows = trained.rows
    boxes = datasets.read_masks(rows, "lung_boxes")
    kept = np.flatnonzero(boxes.any(axis=(1, 2)))
    maps = cam.explain(trained.model, trained.data.X[trained.test[kept]])
    ratios = evaluation.energy_ratio(maps.values, boxes[kept])
    records = {}
    for label, part in rows.iloc[kept].reset_index(drop=True).groupby("label"):
        if part["patient"].nunique() > 1:
            interval = evaluation.bootstrap(ratios[part.index], part["patient"].to_numpy())
            records[label] = (len(part), part["patient"].nunique(), *interval)
    columns = ["imagens", "pacientes", "energia, em vezes o acaso", "de", "a"]
    return pd.DataFrame.from_dict(records, orient="index", columns=columns)
