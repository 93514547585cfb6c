"""Tudo o que se desenha: radiografias, mapas sobre elas, curvas e matrizes."""

from covidcam.figures.boards import board, board_table, deletion, randomization, verdict
from covidcam.figures.canvas import film, new, png, show
from covidcam.figures.classification import accuracies, discrimination, losses, reliability
from covidcam.figures.curves import confusion, training
from covidcam.figures.explorer import Exploration, explorer
from covidcam.figures.films import family, grid, labelled, maps, overlay, predictions
from covidcam.figures.notes import beside_2020_note, credits, pairs_sentence, source_note
from covidcam.figures.physics import greys, profile, thickness
from covidcam.figures.text import counted, home_relative, listing, number, percent

__all__ = [
    "Exploration",
    "accuracies",
    "beside_2020_note",
    "board",
    "board_table",
    "confusion",
    "counted",
    "credits",
    "deletion",
    "discrimination",
    "explorer",
    "family",
    "film",
    "greys",
    "grid",
    "home_relative",
    "labelled",
    "listing",
    "losses",
    "maps",
    "new",
    "number",
    "overlay",
    "pairs_sentence",
    "percent",
    "png",
    "predictions",
    "profile",
    "randomization",
    "reliability",
    "show",
    "source_note",
    "thickness",
    "training",
    "verdict",
]
