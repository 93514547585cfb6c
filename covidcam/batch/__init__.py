"""Imagens do leitor -> mapas, tabelas e um relatório, numa pasta que se pode retomar."""

from covidcam.batch.inputs import Item, collect, one_line, share
from covidcam.batch.results import DISCLAIMER, Output, content_of, request_for
from covidcam.batch.work import Tools, run

__all__ = [
    "DISCLAIMER",
    "Item",
    "Output",
    "Tools",
    "collect",
    "content_of",
    "one_line",
    "request_for",
    "run",
    "share",
]
