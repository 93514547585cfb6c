"""O que o explorador mostra, guardado no depósito."""

from pathlib import Path

import numpy as np

from covidcam import cam, datasets, evaluation, store
from covidcam.artefacts.maps import SAMPLES
from covidcam.artefacts.trained import Trained
from covidcam.figures.explorer import Exploration
from covidcam.settings import Settings

METHODS = (
    "grad-cam",
    "grad-cam++",
    "layer-cam",
    "eigen-cam",
    "score-cam",
    "integrated-gradients",
    "guided-grad-cam",
    "occlusion",
)
# Aqui não há RISE, o único que usa "samples".
OPTIONS = {name: SAMPLES[name] for name in ("steps", "channels", "window", "stride")}
EACH = 2  # radiografias de cada classe


def exploration(settings: Settings, trained: Trained) -> Exploration:
    """Duas radiografias de teste de cada classe, com oito mapas de cada classe possível.

    Parameters
    ----------
    settings : Settings
        Com fantomas como fonte: são de todos, e a lesão de cada um é conhecida.
    trained : Trained

    Returns
    -------
    Exploration
    """
    data, truth = trained.data, trained.truth
    labels = range(len(trained.classes))
    kept = np.concatenate([np.flatnonzero(truth == label)[:EACH] for label in labels])
    rows = trained.test[kept]
    images = np.array(data.X[rows])
    lesions = datasets.read_masks(data.rows.iloc[rows], "lesions")

    def make(folder: Path) -> None:
        maps = [
            cam.explain(trained.model, images, list(METHODS), target=label, **OPTIONS)
            for label in labels
        ]
        heat = np.array([[found[name].values for found in maps] for name in METHODS])
        masks = np.broadcast_to(lesions, heat.shape)
        flat = (heat.reshape(-1, *heat.shape[3:]), masks.reshape(-1, *heat.shape[3:]))
        hits, ratios = (
            measure(*flat).reshape(heat.shape[:3])
            for measure in (evaluation.pointing_game, evaluation.energy_ratio)
        )
        np.savez_compressed(
            folder / "maps.npz",
            maps=np.moveaxis((255 * heat).round().astype(np.uint8), 2, 0),
            hits=np.moveaxis(hits, 2, 0),
            ratios=np.moveaxis(ratios, 2, 0),
        )

    parameters = {
        "model": trained.key,
        "rows": rows.tolist(),
        "methods": METHODS,
        "options": OPTIONS,
    }
    code = ["artefacts/explorer", "artefacts/maps", "artefacts/trained"]
    code += ["cam", "datasets", "evaluation", "models"]
    folder = store.keep(settings.cache, "explorador", parameters, code, make)
    return Exploration(
        films=images[..., 0],
        lesions=lesions,
        truth=truth[kept],
        classes=tuple(trained.classes),
        methods=METHODS,
        probabilities=trained.probabilities[kept],
        **np.load(folder / "maps.npz"),
    )
