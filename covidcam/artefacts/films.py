"""Radiografias com a verdade de cada uma, e as do teste que têm lesão."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from covidcam import datasets
from covidcam.artefacts.trained import Trained
from covidcam.evaluation import controls


@dataclass(frozen=True)
class Films:
    """Radiografias com o que se sabe de cada uma.

    Attributes
    ----------
    images : ndarray, uint8 (N, H, W, 3)
    lungs : ndarray, bool (N, H, W)
    lesions : ndarray, bool (N, H, W), or None
        None onde ninguém as conhece.
    rows : DataFrame
        N linhas com label, patient e os fatos.
    facts : tuple of str
        As colunas de `rows` que são pistas de que não se precisa olhar o filme para usar.
    test : ndarray, bool (N,), or None
        Os filmes que a rede não vê; nenhum paciente está dos dois lados. None onde não se treina.
    """

    images: np.ndarray
    lungs: np.ndarray
    lesions: np.ndarray | None
    rows: pd.DataFrame
    facts: tuple[str, ...] = ()
    test: np.ndarray | None = None

    @property
    def labels(self) -> np.ndarray:
        """A classe de cada filme."""
        return self.rows["label"].to_numpy()

    @property
    def patients(self) -> np.ndarray:
        """O paciente de cada filme."""
        return self.rows["patient"].to_numpy()

    @property
    def classes(self) -> list[str]:
        """As classes presentes, na ordem do livro."""
        return [label for label in datasets.CLASSES if label in set(self.labels)]

    def pick(self, index: np.ndarray) -> "Films":
        """Só os filmes escolhidos.

        Parameters
        ----------
        index : ndarray, int ou bool

        Returns
        -------
        Films
        """
        return replace(
            self,
            images=self.images[index],
            lungs=self.lungs[index],
            lesions=None if self.lesions is None else self.lesions[index],
            rows=self.rows.iloc[np.arange(len(self.rows))[index]].reset_index(drop=True),
            test=None if self.test is None else self.test[index],
        )

    def measure(self, features: Callable = controls.pixels) -> pd.DataFrame:
        """Os controles destes filmes, como `covidcam.evaluation.controls.measure`."""
        return controls.measure(
            self.images,
            self.labels,
            self.patients,
            self.lungs,
            self.rows[list(self.facts)],
            features,
        )


def abnormal_films(trained: Trained, limit: int | None = None, part: str = "test") -> Films:
    """Os fantomas de uma parte dos dados que têm lesão.

    Parameters
    ----------
    trained : Trained
        A rede cujo teste interessa, treinada em fantomas.
    limit : int, optional
        Quantos, tomados a intervalos iguais; todos por padrão.
    part : str
        ``"test"``, ``"validation"`` ou ``"train"``.

    Returns
    -------
    Films
    """
    chosen = getattr(trained, part)
    rows = trained.data.rows.iloc[chosen]
    lesions = datasets.read_masks(rows, "lesions")
    kept = np.flatnonzero(lesions.any(axis=(1, 2)))
    if limit is not None and limit < len(kept):
        kept = kept[np.linspace(0, len(kept) - 1, limit).round().astype(int)]
    rows = rows.iloc[kept]
    return Films(
        images=np.array(trained.data.X[chosen[kept]]),
        lungs=datasets.read_masks(rows, "lungs"),
        lesions=lesions[kept],
        rows=rows.reset_index(drop=True),
    )
