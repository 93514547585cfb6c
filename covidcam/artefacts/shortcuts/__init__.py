"""O capítulo dos atalhos: os filmes, as redes e as tabelas, guardados no depósito."""

from covidcam.artefacts.shortcuts.films import (
    HELD_OUT,
    PATIENTS,
    SIDE,
    filmed_twice,
    flattering,
    one_mode,
    real_films,
    repair,
    turn_dial,
    unlinked,
)
from covidcam.artefacts.shortcuts.networks import deep_features, network_file, train
from covidcam.artefacts.shortcuts.tables import (
    BLIND,
    before_and_after,
    blind_energy,
    both_modes,
    dial_experiment,
    shortcut_controls,
)

__all__ = [
    "BLIND",
    "HELD_OUT",
    "PATIENTS",
    "SIDE",
    "before_and_after",
    "blind_energy",
    "both_modes",
    "deep_features",
    "dial_experiment",
    "filmed_twice",
    "flattering",
    "network_file",
    "one_mode",
    "real_films",
    "repair",
    "shortcut_controls",
    "train",
    "turn_dial",
    "unlinked",
]
