"""Imagens do leitor -> mapas, tabelas e um relatório, numa pasta que se pode retomar."""

from covidcam.batch.films import content_of, in_unnamed_file, resampled, scaled, size_of
from covidcam.batch.inputs import Found, Item, collect, share, told
from covidcam.batch.job import Job
from covidcam.batch.results import DISCLAIMER, Output, request_for
from covidcam.batch.work import Tools, run

__all__ = [
    "DISCLAIMER",
    "Found",
    "Item",
    "Job",
    "Output",
    "Tools",
    "collect",
    "content_of",
    "in_unnamed_file",
    "request_for",
    "resampled",
    "run",
    "scaled",
    "share",
    "size_of",
    "told",
]
