"""A tabela de figuras de mérito: métodos e oponentes, com intervalos e diferenças pareadas."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from tqdm import tqdm

from covidcam.errors import InputError
from covidcam.evaluation import faithfulness, localization
from covidcam.evaluation.checks import check_masks
from covidcam.evaluation.intervals import bootstrap
from covidcam.evaluation.opponents import opponents

WHERE = {
    "pointing_game": localization.pointing_game,
    "energy_inside": localization.energy_inside,
    "energy_ratio": localization.energy_ratio,
    "rank_accuracy": localization.rank_accuracy,
    "iou_otsu": localization.iou,
    "auprc": localization.auprc,
}
FAITHFUL = {
    "deletion": lambda *arguments: faithfulness.deletion(*arguments).auc,
    "insertion": lambda *arguments: faithfulness.insertion(*arguments).auc,
    "road": faithfulness.road,
    "average_drop": lambda *arguments: faithfulness.average_drop(*arguments)[0],
}
LOWER_IS_BETTER = {"deletion", "average_drop"}
THREADS = 2


def scoreboard(
    model,
    images: np.ndarray,
    masks: np.ndarray,
    groups: Sequence,
    methods: Sequence[str],
    lungs: np.ndarray | None = None,
    metrics: Sequence[str] = tuple(WHERE),
    compare: str = "grad-cam",
    target=None,
    seed: int = 0,
    **options,
) -> pd.DataFrame:
    """Mede métodos e oponentes nas mesmas imagens.

    Parameters
    ----------
    model : keras.Model
    images : ndarray (N, H, W, C)
    masks : ndarray, bool (N, H, W)
        Onde está a verdade.
    groups : sequence (N,)
        O paciente de cada imagem.
    methods : sequence of str
        Nomes de `covidcam.cam.METHODS`.
    lungs : ndarray, bool (N, H, W), optional
        Máscaras dos pulmões, de que dois dos oponentes precisam; por padrão, a imagem inteira.
    metrics : sequence of str
        Nomes de `WHERE` (medidas contra a máscara) e de `FAITHFUL` (medidas contra a rede).
    compare : str
        O método ou oponente ao qual os outros são comparados, imagem a imagem.
    target : int, ndarray (N,) or None
        A classe explicada; None é a prevista.
    seed : int
        Dos sorteios do intervalo.
    **options
        Opções dos métodos, como em `covidcam.cam.explain`.

    Returns
    -------
    DataFrame
        Uma linha por método e medida: method, kind (``"método"`` ou ``"oponente"``), metric,
        mean, low e high (intervalo de 95 %, por paciente), difference, difference_low e
        difference_high (contra `compare`, pareada), images e patients.

    Raises
    ------
    InputError
        Se uma medida não existe, faltam pacientes ou as formas não combinam.
    """
    from covidcam import cam

    if unknown := set(metrics) - set(WHERE) - set(FAITHFUL):
        raise InputError(f"Não há as medidas {sorted(unknown)}; há {[*WHERE, *FAITHFUL]}.")
    masks = check_masks(masks)
    groups = np.asarray(groups)
    if masks.shape != np.shape(images)[:3]:
        raise InputError(f"As imagens têm a forma {np.shape(images)} e as máscaras, {masks.shape}.")
    if groups.shape != (len(images),):
        raise InputError(f"Há {len(images)} imagens e {groups.shape} pacientes; um para cada uma.")
    bootstrap(np.zeros(len(images)), groups, samples=1)  # recusa os pacientes antes do trabalho
    lungs = np.ones_like(masks) if lungs is None else lungs
    explained = cam.explain(model, images, list(methods), target=target, **options)
    target = next(iter(explained.values())).target
    maps = {name: heatmaps.values for name, heatmaps in explained.items()}
    kinds = dict.fromkeys(maps, "método")
    blind = opponents(images, lungs)
    kinds |= dict.fromkeys(blind, "oponente")
    maps |= blind
    if compare not in maps:
        raise InputError(f"Não há {compare!r} a que comparar; há {list(maps)}.")
    pairs = [(name, metric) for metric in metrics for name in maps]
    with ThreadPoolExecutor(THREADS) as pool:  # o NumPy, o OpenCV e a rede soltam o interpretador
        measured = pool.map(
            lambda pair: _measure(pair[1], model, images, masks, target, maps[pair[0]]), pairs
        )
        measured = tqdm(measured, "Medindo", len(pairs), leave=False, disable=None)
        values = dict(zip(pairs, measured, strict=True))
    records = []
    for name, metric in pairs:
        mean, low, high = bootstrap(values[name, metric], groups, seed=seed)
        change = bootstrap(values[name, metric] - values[compare, metric], groups, seed=seed)
        present = np.isfinite(values[name, metric])
        records.append(
            {
                "method": name,
                "kind": kinds[name],
                "metric": metric,
                "mean": mean,
                "low": low,
                "high": high,
                "difference": change.mean,
                "difference_low": change.low,
                "difference_high": change.high,
                "images": int(present.sum()),
                "patients": len(set(groups[present])),
            }
        )
    return pd.DataFrame(records)


def _measure(metric, model, images, masks, target, maps):
    if metric in WHERE:
        return WHERE[metric](maps, masks)
    return FAITHFUL[metric](model, images, maps, target)
