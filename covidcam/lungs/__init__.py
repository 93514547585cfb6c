"""Onde estão os pulmões de um filme que veio sem máscaras: uma rede treinada só com fantomas."""

from covidcam.lungs.search import Lungs, find, find_many

__all__ = ["Lungs", "find", "find_many"]
