"""As redes: construir, treinar sobre características congeladas, guardar e abrir."""

from covidcam.models.architectures import BACKBONES, HEADS, INPUT_SHAPE, build
from covidcam.models.files import load, save
from covidcam.models.inference import extract, predict, split, unfreeze
from covidcam.models.notes import Notes, describe, source_of
from covidcam.models.training import train
from covidcam.models.weights import PRETRAINED, weights_file

__all__ = [
    "BACKBONES",
    "HEADS",
    "INPUT_SHAPE",
    "PRETRAINED",
    "Notes",
    "build",
    "describe",
    "extract",
    "load",
    "predict",
    "save",
    "source_of",
    "split",
    "train",
    "unfreeze",
    "weights_file",
]
