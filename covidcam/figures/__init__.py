"""Tudo o que se desenha: radiografias, mapas sobre elas, curvas e matrizes."""

from covidcam.figures.boards import board, board_table, deletion, randomization, verdict
from covidcam.figures.canvas import film, new, png, show
from covidcam.figures.curves import confusion, training
from covidcam.figures.films import family, grid, labelled, maps, overlay, predictions
from covidcam.figures.notes import credits, source_note
from covidcam.figures.physics import greys, profile, thickness
from covidcam.figures.shortcuts import (
    controls,
    controls_verdict,
    dial,
    dial_verdict,
    repairs,
    repairs_table,
    repairs_verdicts,
    standing,
)
from covidcam.figures.text import between, counted, home_relative, listing, number, percent

__all__ = [
    "between",
    "board",
    "board_table",
    "confusion",
    "controls",
    "controls_verdict",
    "counted",
    "credits",
    "deletion",
    "dial",
    "dial_verdict",
    "family",
    "film",
    "greys",
    "grid",
    "home_relative",
    "labelled",
    "listing",
    "maps",
    "new",
    "number",
    "overlay",
    "percent",
    "png",
    "predictions",
    "profile",
    "randomization",
    "repairs",
    "repairs_table",
    "repairs_verdicts",
    "show",
    "source_note",
    "standing",
    "thickness",
    "training",
    "verdict",
]
