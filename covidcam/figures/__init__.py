"""Tudo o que se desenha: radiografias, mapas sobre elas, curvas e matrizes."""

from covidcam.figures.boards import board, board_table, by_class, deletion, randomization, verdicts
from covidcam.figures.canvas import film, new, png, show
from covidcam.figures.classification import accuracies, discrimination, reliability
from covidcam.figures.curves import confusion, losses, training
from covidcam.figures.explorer import Exploration, explorer
from covidcam.figures.films import concepts, family, grid, labelled, maps, overlay, predictions
from covidcam.figures.notes import (
    beside_2020_note,
    credits,
    pairs_sentence,
    pairs_table,
    source_note,
)
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
    "Exploration",
    "accuracies",
    "beside_2020_note",
    "between",
    "board",
    "board_table",
    "by_class",
    "concepts",
    "confusion",
    "controls",
    "controls_verdict",
    "counted",
    "credits",
    "deletion",
    "dial",
    "dial_verdict",
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
    "pairs_table",
    "percent",
    "png",
    "predictions",
    "profile",
    "randomization",
    "reliability",
    "repairs",
    "repairs_table",
    "repairs_verdicts",
    "show",
    "source_note",
    "standing",
    "thickness",
    "training",
    "verdicts",
]
