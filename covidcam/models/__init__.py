"""As redes: construir, treinar sobre características congeladas, guardar e abrir."""

from covidcam.models.architectures import (
    ARCHITECTURES,
    INPUT_SHAPE,
    Architecture,
    Published,
    build,
)
from covidcam.models.files import load, read_notes, save
from covidcam.models.fitting import Fitted, fit
from covidcam.models.heads import HEADS
from covidcam.models.inference import cut, extract, predict
from covidcam.models.notes import Notes, describe, source_of
from covidcam.models.training import train
from covidcam.models.weights import PRETRAINED, weights_file

__all__ = [
    "ARCHITECTURES",
    "HEADS",
    "INPUT_SHAPE",
    "PRETRAINED",
    "Architecture",
    "Fitted",
    "Notes",
    "Published",
    "build",
    "cut",
    "describe",
    "extract",
    "fit",
    "load",
    "predict",
    "read_notes",
    "save",
    "source_of",
    "train",
    "weights_file",
]
