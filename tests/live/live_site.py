"""O caminho da extensão e do conferente do livro, e redes que não são as do começo."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "book" / "_ext"), str(ROOT / ".ci")]

from check_browser import AXE, browser_path  # noqa: E402
from covidcam_book import laboratory  # noqa: E402

__all__ = ["AXE", "CLASSES", "ROOT", "browser_path", "laboratory", "unlike_new"]

CLASSES = ("COVID-19", "NORMAL", "OUTRAS")


def unlike_new(model, seed=0):
    """A rede com normalizações que já não são as do começo, como depois de um treino."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            channels = layer.gamma.shape[0]
            layer.gamma.assign(random.uniform(0.5, 1.5, channels))
            layer.beta.assign(random.normal(0, 0.3, channels))
            layer.moving_mean.assign(random.normal(0, 0.3, channels))
            layer.moving_variance.assign(random.uniform(0.5, 2, channels))
    return model
