"""Os mapas de um conjunto de teste e as suas medidas, guardados no depósito."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from covidcam import datasets, store
from covidcam.artefacts.data import arrays
from covidcam.artefacts.networks import Trained, model_2
from covidcam.settings import Settings

# Quantas perguntas fazem os métodos lentos quando medem muitas radiografias de uma vez.
SAMPLES = {"samples": 80, "steps": 8, "channels": 24, "window": 40, "stride": 20}


@dataclass(frozen=True)
class Films:
    """Radiografias de teste com a verdade de cada uma.

    Attributes
    ----------
    images : ndarray, uint8 (N, H, W, 3)
    lesions, lungs : ndarray, bool (N, H, W)
    patients : ndarray of str (N,)
    """

    images: np.ndarray
    lesions: np.ndarray
    lungs: np.ndarray
    patients: np.ndarray


def abnormal_films(
    settings: Settings, trained: Trained, limit: int | None = None, part: str = "test"
) -> Films:
    """Os fantomas de uma parte dos dados que têm lesão.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained
        A rede cujo teste interessa.
    limit : int, optional
        Quantos, tomados a intervalos iguais; todos por padrão.
    part : str
        ``"test"``, ``"validation"`` ou ``"train"``.

    Returns
    -------
    Films
    """
    data, _ = arrays(settings, trained.classes)
    chosen = getattr(trained, part)
    rows = data.rows.iloc[chosen]
    lesions = datasets.read_masks(rows, "lesions")
    kept = np.flatnonzero(lesions.any(axis=(1, 2)))
    if limit is not None and limit < len(kept):
        kept = kept[np.linspace(0, len(kept) - 1, limit).round().astype(int)]
    return Films(
        images=np.array(data.X[chosen[kept]]),
        lesions=lesions[kept],
        lungs=datasets.read_masks(rows.iloc[kept], "lungs"),
        patients=rows["patient"].to_numpy()[kept],
    )


def board(
    settings: Settings, trained: Trained, metrics: Sequence[str], limit: int | None = None
) -> pd.DataFrame:
    """O placar de todos os métodos e referências nos fantomas de teste com lesão.

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
    from covidcam import cam, evaluation

    def make(folder: Path) -> None:
        films = abnormal_films(settings, trained, limit)
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
        "model": trained.file.parent.name,
        "metrics": list(metrics),
        "limit": limit,
        "samples": SAMPLES,
    }
    folder = store.keep(settings.cache, "placares", parameters, ["cam", "evaluation"], make)
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
        from covidcam import cam

        data, _ = arrays(settings, trained.classes)
        maps = cam.explain(trained.model, data.X[trained.test])
        np.savez_compressed(folder / "maps.npz", values=maps.values, target=maps.target)

    parameters = {"model": trained.file.parent.name}
    folder = store.keep(settings.cache, "mapas-de-teste", parameters, ["cam"], make)
    with np.load(folder / "maps.npz") as stored:
        return stored["values"], stored["target"]


def tuned_overlap(settings: Settings, trained: Trained, methods: Sequence[str]) -> pd.DataFrame:
    """O IoU de cada método no limiar que foi melhor para ele nos pacientes da validação.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained
    methods : sequence of str
        Métodos rápidos de `covidcam.cam.METHODS`.

    Returns
    -------
    DataFrame
        Uma linha por método: o limiar e o IoU nas imagens de teste, com o intervalo de 95 % por
        paciente.
    """
    from covidcam import cam, evaluation

    validation = abnormal_films(settings, trained, part="validation")
    test = abnormal_films(settings, trained)
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
    from covidcam import cam, evaluation

    trained = model_2(settings)
    data, _ = arrays(settings)
    rows = data.rows.iloc[trained.test].reset_index(drop=True)
    boxes = datasets.read_masks(rows, "lung_boxes")
    kept = np.flatnonzero(boxes.any(axis=(1, 2)))
    maps = cam.explain(trained.model, data.X[trained.test[kept]])
    ratios = evaluation.energy_ratio(maps.values, boxes[kept])
    records = {}
    for label, part in rows.iloc[kept].reset_index(drop=True).groupby("label"):
        if part["patient"].nunique() > 1:
            interval = evaluation.bootstrap(ratios[part.index], part["patient"].to_numpy())
            records[label] = (len(part), part["patient"].nunique(), *interval)
    columns = ["imagens", "pacientes", "energia, em vezes o acaso", "de", "a"]
    return pd.DataFrame.from_dict(records, orient="index", columns=columns)
