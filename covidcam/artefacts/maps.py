"""Os mapas de um conjunto de teste e as suas medidas, guardados no depósito."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from covidcam import cam, datasets, evaluation, store
from covidcam.artefacts.films import abnormal_films
from covidcam.artefacts.networks import model_2
from covidcam.artefacts.trained import Trained
from covidcam.settings import Settings

# Quantas perguntas fazem os métodos lentos quando medem muitas radiografias de uma vez.
SAMPLES = {"samples": 50, "steps": 8, "channels": 16, "window": 40, "stride": 20}
FEW = 12  # radiografias em que se mede o que pergunta muitas vezes à rede
# Poucas idas e voltas da rede: medem-se em todas as radiografias com lesão. Os que numa rede de
# cabeça simples são um mapa só estão juntos, para que ele seja medido e mostrado uma vez.
GRADIENT_FAMILY = (
    "grad-cam",
    "cam",
    "xgrad-cam",
    "hires-cam",
    "shapley-cam",
    "grad-cam++",
    "layer-cam",
    "grad-cam-elementwise",
    "smooth-grad-cam++",
    "gradient",
    "guided-grad-cam",
)
DELETIONS = tuple(("deletion", reference) for reference in evaluation.REFERENCES)


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
        Como o de `covidcam.evaluation.summarize`.
    """
    metrics, methods = tuple(evaluation.WHERE), tuple(cam.METHODS)
    values = measured(settings, trained, metrics, methods, options=SAMPLES)
    return evaluation.summarize(values, abnormal_films(trained).patients)


def faithful_values(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O que os mapas dizem da rede, filme a filme, nos fantomas de teste com lesão.

    O apagamento, com cada referência, e a queda média: em todos os filmes para `GRADIENT_FAMILY` e
    os oponentes, em `FEW` para os outros métodos. A inserção e o ROAD, em `FEW` para todos.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    DataFrame
        Como o de `covidcam.evaluation.measure`; film conta as radiografias de `abnormal_films`.
    """
    fast = tuple(name for name in cam.METHODS if name in GRADIENT_FAMILY)
    slow = tuple(name for name in cam.METHODS if name not in fast)
    cheap, dear = (*DELETIONS, "average_drop"), ("insertion", "road")
    parts = [measured(settings, trained, cheap, fast), measured(settings, trained, dear, fast, FEW)]
    if slow:
        metrics = (*cheap, *dear)
        parts.append(measured(settings, trained, metrics, slow, FEW, blind=False, options=SAMPLES))
    return pd.concat(parts).reset_index(drop=True)


def faithful_board(settings: Settings, trained: Trained) -> pd.DataFrame:
    """O placar do que os mapas dizem da rede.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained

    Returns
    -------
    DataFrame
        Como o de `covidcam.evaluation.summarize`.
    """
    values = faithful_values(settings, trained)
    patients = abnormal_films(trained).patients
    return evaluation.summarize(values, patients)


def measured(
    settings: Settings,
    trained: Trained,
    metrics: Sequence[str | tuple[str, str]],
    methods: Sequence[str],
    limit: int | None = None,
    blind: bool = True,
    options: Mapping = MappingProxyType({}),
) -> pd.DataFrame:
    """A nota de cada mapa em cada fantoma de teste com lesão.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte.
    trained : Trained
    metrics, methods, blind
        Como em `covidcam.evaluation.measure`.
    limit : int, optional
        Em quantas radiografias.
    options : mapping
        Opções dos métodos, como em `covidcam.cam.explain`.

    Returns
    -------
    DataFrame
        Como o de `covidcam.evaluation.measure`; film conta as radiografias de `abnormal_films`,
        mesmo se são poucas.
    """

    def make(folder: Path) -> None:
        films, everyone = abnormal_films(trained, limit), abnormal_films(trained)
        table = evaluation.measure(
            trained.model,
            films.images,
            films.lesions,
            methods,
            films.lungs,
            metrics,
            blind=blind,
            **options,
        )
        place = pd.Index(everyone.rows["path"]).get_indexer(films.rows["path"])
        table["film"] = place[table["film"]]
        table.to_csv(folder / "values.csv", index=False)

    parameters = {
        "model": trained.key,
        "metrics": list(metrics),
        "methods": list(methods),
        "limit": limit,
        "blind": blind,
        "options": dict(options),
    }
    code = ["artefacts/films", "artefacts/trained", "cam", "datasets", "evaluation", "models"]
    folder = store.keep(settings.cache, "placares", parameters, code, make)
    return read_board(folder / "values.csv")


def read_board(file: Path) -> pd.DataFrame:
    """Um placar guardado em CSV.

    Parameters
    ----------
    file : Path

    Returns
    -------
    DataFrame
        Com reference e same_as vazias onde não há: o CSV ali não guarda nada.
    """
    names = {"reference": "", "same_as": ""}
    return pd.read_csv(file, dtype=dict.fromkeys(names, str)).fillna(names)


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
    """O IoU de cada mapa no limiar que foi melhor para ele na validação, ao lado do de Otsu.

    Parameters
    ----------
    trained : Trained
        Treinada em fantomas.
    methods : sequence of str
        Métodos rápidos de `covidcam.cam.METHODS`; os oponentes entram sempre.

    Returns
    -------
    DataFrame
        Uma linha por mapa: tuned (o IoU nas imagens de teste, com o limiar ajustado), otsu, e
        difference, difference_low e difference_high (ajustado menos Otsu, pareada, com o intervalo
        de 95 % por paciente), e threshold. Em same_as, o nome do primeiro de dois mapas iguais.
    """
    maps = {}
    for part in ("validation", "test"):
        films = abnormal_films(trained, part=part)
        explained = cam.explain(trained.model, films.images, list(methods))
        drawn = evaluation.opponents(films.images, films.lungs)
        maps[part] = films, {name: each.values for name, each in explained.items()} | drawn
    (validation, before), (test, after) = maps.values()
    first = evaluation.twins(after)
    records = {}
    for name in after:
        threshold = evaluation.tune_threshold(before[name], validation.lesions)
        tuned = evaluation.iou(after[name], test.lesions, threshold)
        otsu = evaluation.iou(after[name], test.lesions)
        change = evaluation.interval(tuned - otsu, test.patients)
        same_as = first[name] if first[name] != name else ""
        means = float(np.mean(tuned)), float(np.mean(otsu))
        records[name] = (same_as, threshold, *means, *change)
    columns = ["same_as", "threshold", "tuned", "otsu", "difference"]
    columns += ["difference_low", "difference_high"]
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
            interval = evaluation.interval(ratios[part.index], part["patient"].to_numpy(), "ratio")
            records[label] = (len(part), part["patient"].nunique(), *interval)
    columns = ["imagens", "pacientes", "energia, em múltiplos do acaso", "de", "a"]
    return pd.DataFrame.from_dict(records, orient="index", columns=columns)
