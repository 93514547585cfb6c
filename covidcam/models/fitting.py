"""Uma rede do começo ao fim: construir, passar pela parte congelada, treinar e anotar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam.models.architectures import build
from covidcam.models.inference import cut, extract, predict
from covidcam.models.notes import describe
from covidcam.models.training import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Fitted:
    """Uma rede treinada, com o que sobra do treino.

    Attributes
    ----------
    model : keras.Model
        Anotada, pronta para `covidcam.models.save`.
    history : DataFrame
        O que `covidcam.models.train` devolve.
    features : ndarray, float32 (N, …)
        A saída da parte congelada para cada imagem.
    """

    model: "keras.Model"
    history: pd.DataFrame
    features: np.ndarray

    def predict(self, rows: Sequence[int]) -> np.ndarray:
        """As probabilidades de algumas das imagens, sem passar de novo pela parte congelada.

        Parameters
        ----------
        rows : sequence of int

        Returns
        -------
        ndarray, float32 (len(rows), classes)
        """
        return predict(cut(self.model)[1], self.features[rows])


def fit(
    name: str,
    classes: Sequence[str],
    images: np.ndarray,
    Y: np.ndarray,
    parts: tuple[Sequence[int], Sequence[int]],
    recipe: Mapping,
    source: str,
    *,
    weights: Path | str | None = None,
    head: str = "pooled",
    features: np.ndarray | None = None,
) -> Fitted:
    """Constrói e treina uma rede do livro.

    Parameters
    ----------
    name, classes, weights, head
        Como em `covidcam.models.build`.
    images : ndarray, uint8 (N, H, W, 3)
        Pode estar mapeado do disco.
    Y : ndarray (N, classes)
        Um em cada linha, na coluna da classe.
    parts : tuple of two sequences of int
        As linhas do treino e as da validação.
    recipe : mapping
        As opções de `covidcam.models.train`, como as de `covidcam.models.ARCHITECTURES`; a semente
        dela decide também os pesos iniciais.
    source : str
        De onde são as imagens: ``"fantoma"`` ou ``"real"``.
    features : ndarray, float32 (N, …), optional
        A saída da parte congelada, se já existe.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError, ModelError
        Como em `covidcam.models.build` e `covidcam.models.train`.
    """
    seed = recipe.get("seed", 0)
    model = build(name, classes, weights, head, images.shape[1:], seed)
    features = extract(model, images) if features is None else features
    history = train(model, features, Y, *parts, **recipe)
    return Fitted(describe(model, classes, source), history, features)
