"""Onde estão os pulmões de um filme que veio sem máscaras: uma rede treinada só com fantomas."""

from covidcam.lungs.search import Finder, Lungs, find, find_many

__all__ = ["Finder", "Lungs", "find", "find_many"]
