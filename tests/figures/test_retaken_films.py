"""As figuras das intervenções dizem, no texto alternativo, o que mostram."""

import numpy as np
import pandas as pd

from covidcam import figures

ANSWERS = pd.DataFrame(
    {
        "label": ["COVID-19", "OUTRAS", "COVID-19"],
        "part": ["mamas", "clavícula direita", "mamas"],
        "whole": [0.9, 0.8, 0.7],
        "empty": [0.1, 0.2, 0.3],
        "control": [0.88, 0.75, 0.72],
    }
)


def test_the_pair_says_the_probabilities():
    films = np.zeros((3, 20, 20), np.uint8)
    images = dict.fromkeys(("whole", "empty", "control"), films)
    figure, alt = figures.retaken(images, ANSWERS, [0, 1])
    assert "90 % com as lesões, 10 % sem elas e 88 % sem as mamas" in alt
    assert figure.axes[5].get_title() == "sem a clavícula direita\nOUTRAS: 75 %"


def test_every_film_is_in_the_figure():
    figure, alt = figures.falls(ANSWERS)
    assert "COVID-19, 80 % com as lesões, 20 % sem elas e 80 % sem uma parte sadia" in alt
    assert [axes.get_title() for axes in figure.axes] == ["COVID-19: 2 filmes", "OUTRAS: 1 filmes"]
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.7, 0.9]


def test_one_object_at_a_time():
    masks = np.zeros((3, 20, 20), bool)
    masks[:, 5:9, 5:9] = True
    objects = pd.DataFrame(
        {
            "name": ["foco 1", "foco 2", "letra"],
            "kind": ["lesão", "lesão", "marca"],
            "removed": [0.25, 3.0, -0.5],
            "added": [2.0, 3.5, 0.0],
        }
    )
    figure, alt = figures.one_by_one(objects)
    assert "2 lesões e, em laranja, 1 outro objeto" in alt
    assert "foco 2 (3,00 logits)" in alt and "mais de 0,50" in alt
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == [-0.5, 0.25, 3.0]
    figure, alt = figures.numbered(np.zeros((20, 20), np.uint8), masks, objects)
    assert "2 lesões, contornadas em conjunto" in alt
    assert [text.get_text() for text in figure.axes[1].texts] == ["2"], "a que mais pesa"
    assert "fica o da lesão que mais pesa" in alt


def test_the_dial():
    table = pd.DataFrame(
        {"dial": [0.0, 0.0, 1.0, 1.0], "patient": [1, 2, 1, 2]}
        | {"whole": [0.9, 0.7, 1.0, 1.0], "empty": [0.1, 0.1, 1.0, 0.9], "turned": [0.8, 0.8, 0, 0]}
    )
    _, alt = figures.dial_retaken(table)
    assert "2 pacientes" in alt and "com o botão em 0, 80 % no filme, 10 % sem a lesão" in alt
    assert "com o botão em 1, 100 % no filme, 95 % sem a lesão e 0 % do outro modo" in alt
