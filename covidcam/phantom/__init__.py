"""Radiografias sintéticas com a verdade conhecida: fantomas."""

from covidcam.phantom.archive import write_archive
from covidcam.phantom.film import LABELS, Radiograph, radiograph

__all__ = ["LABELS", "Radiograph", "radiograph", "write_archive"]
