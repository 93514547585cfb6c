"""As figuras das escolas e das redes refeitas dizem as energias e as semelhanças dadas."""

import numpy as np
import pandas as pd

from covidcam import figures

FILM = np.full((64, 64, 3), 90, np.uint8)
LESION = np.zeros((64, 64), bool)
LESION[16:32, 16:32] = True  # um dezesseis avos


def test_the_mean_map_of_each_school_is_told_by_its_energy_in_the_lesion():
    maps = np.stack([np.stack([LESION, LESION]), np.ones((2, 64, 64))]).astype(float)
    figure, alt = figures.alarm_maps(FILM, LESION, maps, ["honestas", "modo"], each=1)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "honestas\nmédia de 2 redes",
        "aprenderam o modo\nmédia de 2 redes",
        "honestas\nsemente 0",
        "aprenderam o modo\nsemente 0",
    ]
    assert "honestas, 16,0; aprenderam o modo, 1,0" in alt


def test_each_network_is_a_point_and_the_text_gives_the_ends():
    rows = [("honestas", 1.5), ("honestas", 1.7), ("letra", 1.1), ("modo", 1.25)]
    table = pd.DataFrame(rows, columns=["school", "lungs"]).assign(method="grad-cam")
    figure, alt = figures.alarm_energies(table, blind=1.33)
    drawn = [line.get_xdata().tolist() for line in figure.axes[0].lines[:3]]
    assert drawn == [[1.5, 1.7], [1.1], [1.25]]
    assert "grad-cam: honestas, de 1,50 a 1,70; aprenderam a letra, de 1,10 a 1,10" in alt
    assert "não olha a rede, é 1,33" in alt


def test_the_points_inside_the_lesion_are_counted_by_recipe():
    inside, outside = np.zeros((2, 64, 64))
    inside[20, 20] = outside[50, 50] = 1
    maps = np.array([[inside, outside], [inside, inside]])
    figure, alt = figures.redone_maps(FILM, LESION, maps, ["a", "b"])
    assert [axes.get_title() for axes in figure.axes] == [
        "a\nsemente 0",
        "a\nsemente 1",
        "b\nsemente 0",
        "b\nsemente 1",
    ]
    assert "na lesão em: a, 1 de 2; b, 2 de 2" in alt


def test_the_likeness_stands_beside_that_of_strangers():
    pairs = pd.DataFrame(
        [("outra semente (x)", 0.8, 0.5), ("outra semente (x)", 0.6, 0.7), ("y", 0.4, 0.2)],
        columns=["what", "spearman", "ssim"],
    )
    strangers = pd.DataFrame({"spearman": [0.1, 0.3], "ssim": [0.25, 0.35]})
    figure, alt = figures.redone_likeness(pairs, strangers)
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0.8, 0.6]
    assert "Spearman: pacientes diferentes, de 0,10 a 0,30; outra semente (x), 0,70; y, 0,40" in alt
    assert "SSIM: pacientes diferentes, de 0,25 a 0,35; outra semente (x), 0,60; y, 0,20" in alt
