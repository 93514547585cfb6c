"""As radiografias frontais com que as do leitor são comparadas, guardadas no depósito."""

from pathlib import Path

from covidcam import novelty, store
from covidcam.artefacts.data import arrays
from covidcam.settings import Settings


def usual_films(settings: Settings) -> novelty.UsualFilms:
    """Os fantomas frontais do livro, resumidos por `covidcam.novelty.fit`.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    covidcam.novelty.UsualFilms
    """
    data = arrays(settings.with_phantoms())

    def make(target: Path) -> None:
        novelty.fit(data.X, data.labels).save(target / "usual.npz")

    parameters = {"arrays": data.key}
    target = store.keep(settings.cache, "estranheza", parameters, ["datasets", "novelty"], make)
    return novelty.load(target / "usual.npz")
