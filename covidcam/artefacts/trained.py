"""Uma rede treinada e o que se pergunta dela."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from covidcam.datasets import Arrays

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trained:
    """Uma rede treinada e o que a página quer saber dela.

    Attributes
    ----------
    name : str
    data : Arrays
        As imagens que a treinaram e testaram.
    recipe : mapping
        As opções de `covidcam.models.train` que a treinaram; as outras são as de costume.
    history : DataFrame
        Uma linha por época.
    train, validation, test : ndarray of int
        Linhas dos arrays em cada parte; por padrão nenhum paciente está em duas.
    probabilities : ndarray, float32 (len(test), classes)
        O que a rede diz de cada imagem de teste.
    held : ndarray, float32 (len(validation), classes)
        O que a rede diz de cada imagem de validação.
    file : Path
        O arquivo ``.keras``.
    """

    name: str
    data: Arrays
    recipe: Mapping
    history: pd.DataFrame
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    probabilities: np.ndarray
    held: np.ndarray
    file: Path

    @functools.cached_property
    def model(self) -> "keras.Model":
        """A rede; lida do arquivo, e o TensorFlow com ela, só quando alguém a pede."""
        from covidcam import models

        return models.load(self.file)

    @property
    def key(self) -> str:
        """A chave do artefato, que entra na dos que se fazem dele."""
        return self.file.parent.name

    @property
    def classes(self) -> tuple[str, ...]:
        """As classes, na ordem das colunas de `probabilities`."""
        return self.data.classes

    @property
    def rows(self) -> pd.DataFrame:
        """As linhas do catálogo das imagens de teste, numeradas de 0."""
        return self.data.rows.iloc[self.test].reset_index(drop=True)

    @property
    def patients(self) -> np.ndarray:
        """O paciente de cada imagem de teste."""
        return self.rows["patient"].to_numpy()

    @property
    def truth(self) -> np.ndarray:
        """A classe de cada imagem de teste, int (len(test),)."""
        return self.data.labels[self.test]

    @property
    def held_truth(self) -> np.ndarray:
        """A classe de cada imagem de validação, int (len(validation),)."""
        return self.data.labels[self.validation]

    @property
    def said(self) -> np.ndarray:
        """A classe que a rede dá a cada imagem de teste, int (len(test),)."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> np.ndarray:
        """Se ela acertou cada imagem de teste, bool (len(test),)."""
        return self.said == self.truth
