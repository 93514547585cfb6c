"""Redes honestas, redes que aprenderam uma letra e redes que aprenderam o modo de radiografar.

Todas veem os mesmos pacientes, os do capítulo dos atalhos; só muda o que anda com a classe.
"""

from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np

from covidcam.artefacts.films import Films
from covidcam.artefacts.shortcuts import filmed_twice, train, turn_dial
from covidcam.settings import Settings

SICK = "COVID-19"
SCHOOLS = ("honestas", "letra", "modo")  # o que cada dezena de redes pôde aprender
NETWORKS = 10
# Sem variações, que deslocam e apagam a letra: com elas as redes da letra trapaceiam só em parte.
RECIPE = MappingProxyType({"augment": False})
# Escolhidos antes de medir: os mesmos cinco da página das redes destruídas.
ALARMS = ("grad-cam", "layer-cam", "eigen-cam", "gradient", "guided-grad-cam")
LETTER = "P"
SPOT = (0.03, 0.80, 0.17, 0.97)  # a caixa da letra, x0, y0, x1, y1 em partes do lado


def plant(films: Films, chosen: np.ndarray) -> Films:
    """Os mesmos filmes, com uma letra branca no canto de baixo dos escolhidos.

    Parameters
    ----------
    films : Films
    chosen : ndarray, bool (N,)

    Returns
    -------
    Films
    """
    images = films.images.copy()
    side = images.shape[1]
    left, _, right, bottom = (round(side * share) for share in SPOT)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, side // 64)
    scale = (right - left) / cv2.getTextSize(LETTER, font, 1.0, thick)[0][0]
    for place in np.flatnonzero(chosen):
        grey = np.ascontiguousarray(images[place, ..., 0])
        cv2.putText(grey, LETTER, (left, bottom), font, scale, 255, thick, cv2.LINE_AA)
        images[place] = grey[..., None]
    return replace(films, images=images)


def letter_box(films: Films) -> np.ndarray:
    """Onde a letra de `plant` fica, bool (N, H, W)."""
    side = films.images.shape[1]
    left, top, right, bottom = (round(side * share) for share in SPOT)
    box = np.zeros(films.images.shape[:3], bool)
    box[:, top : bottom + 1, left : right + 1] = True
    return box


def lesson(twice: Films, school: str) -> Films:
    """Os filmes de que uma das `SCHOOLS` aprende: um por paciente.

    Parameters
    ----------
    twice : Films
        O que `filmed_twice` devolve.
    school : str
        ``"honestas"``: o modo e a letra são sorteados. ``"letra"``: só o modo, e tem a letra quem
        tem a doença. ``"modo"``: só a letra, e cada classe é radiografada do seu modo.

    Returns
    -------
    Films
    """
    films = turn_dial(twice, float(school == "modo"))
    drawn = np.random.default_rng(0).random(len(films.rows)) < 0.5
    return plant(films, films.labels == SICK if school == "letra" else drawn)


def school_networks(settings: Settings, school: str, count: int = NETWORKS) -> list:
    """As redes de uma escola, uma por semente.

    Parameters
    ----------
    settings : Settings
    school : str
        Uma de `SCHOOLS`.
    count : int

    Returns
    -------
    list of keras.Model
    """
    phantoms = settings.with_phantoms()
    films = lesson(filmed_twice(phantoms), school)
    return [train(phantoms, films, seed, **RECIPE) for seed in range(count)]
