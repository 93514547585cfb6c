"""Radiografias sintéticas com a verdade conhecida: fantomas."""

from covidcam.phantom.archive import write_archive
from covidcam.phantom.film import (
    LABELS,
    Formation,
    Radiograph,
    detect,
    formation,
    radiograph,
    refilm,
)
from covidcam.phantom.implant import implant
from covidcam.phantom.objects import Object, inventory, objects
from covidcam.phantom.pathology import AERATED
from covidcam.phantom.projection import DENSITY, ENERGY, MASS_ATTENUATION, attenuation
from covidcam.phantom.stages import build_up, chords

__all__ = [
    "AERATED",
    "DENSITY",
    "ENERGY",
    "LABELS",
    "MASS_ATTENUATION",
    "Formation",
    "Object",
    "Radiograph",
    "attenuation",
    "build_up",
    "chords",
    "detect",
    "formation",
    "implant",
    "inventory",
    "objects",
    "radiograph",
    "refilm",
    "write_archive",
]
