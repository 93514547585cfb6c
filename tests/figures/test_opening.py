"""A abertura: o que ela diz do mapa e da lesão, com e sem uma."""

import numpy as np
import pytest

from covidcam import figures
from covidcam.errors import InputError


def opening(lesion, hottest):
    heatmap = np.zeros((40, 40))
    heatmap[hottest] = 1
    film = np.full((40, 40), 90, np.uint8)
    return figures.opening(film, heatmap, lesion, "A < B, 98 %", "a.html").data


@pytest.mark.parametrize(("hottest", "where"), [((12, 15), "dentro"), ((30, 5), "fora")])
def test_it_says_whether_the_hottest_point_falls_in_the_lesion(hottest, where):
    lesion = np.zeros((40, 40), bool)
    lesion[10:20, 10:20] = True
    page = opening(lesion, hottest)
    assert f"o ponto mais quente do mapa cai {where} dela" in page
    assert 'd="M10 10' in page and "A &lt; B" in page


def test_where_no_lesion_is_known_nothing_is_said_of_it():
    page = opening(np.zeros((40, 40), bool), (0, 0))
    assert "Em ciano" not in page and 'd=""' in page and "Isso prova" in page


def test_a_map_of_another_size_is_refused():
    with pytest.raises(InputError, match=r"\(4, 5\)"):
        figures.opening(
            np.zeros((4, 4), np.uint8), np.zeros((4, 5)), np.zeros((4, 4), bool), "", ""
        )
