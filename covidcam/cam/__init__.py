"""Mapas de ativação de classe: um modelo e imagens entram, mapas de calor saem.

Este pacote conhece um modelo Keras e uma matriz de imagens, e nada mais.
"""

from covidcam.cam.concepts import Concepts, concepts
from covidcam.cam.explanation import explain, stream
from covidcam.cam.heatmaps import Heatmaps
from covidcam.cam.methods import METHODS, activation_methods

__all__ = [
    "METHODS",
    "Concepts",
    "Heatmaps",
    "activation_methods",
    "concepts",
    "explain",
    "stream",
]
