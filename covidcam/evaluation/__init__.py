"""Dos mapas e da verdade às figuras de mérito."""

from covidcam.evaluation.localization import energy_inside, pointing_game

__all__ = ["energy_inside", "pointing_game"]
