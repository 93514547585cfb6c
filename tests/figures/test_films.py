"""O mapa sobre a radiografia, conta por conta, e as grades."""

import matplotlib as mpl
import numpy as np
import pytest

from covidcam.errors import InputError
from covidcam.figures import grid, labelled, maps, overlay, predictions

END = np.array([252, 255, 164])  # o amarelo em que o mapa de cores termina


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)


def test_where_the_map_is_zero_the_greys_stay(image):
    heatmap = np.zeros((5, 7))
    heatmap[2, 3] = 1
    painted = overlay(image, heatmap)
    assert painted.dtype == np.uint8
    cold = heatmap == 0
    np.testing.assert_array_equal(painted[cold], np.repeat(image[cold, None], 3, axis=1))
    assert (painted[2, 3] != image[2, 3]).any()


def test_with_no_opacity_nothing_changes(image):
    painted = overlay(image, np.ones((5, 7)), alpha=0)
    np.testing.assert_array_equal(painted, np.dstack([image] * 3))


def test_grey_and_three_channels_are_painted_alike(image):
    heatmap = np.random.default_rng(1).random((5, 7))
    np.testing.assert_array_equal(overlay(image, heatmap), overlay(np.dstack([image] * 3), heatmap))


def test_the_mix_by_hand():
    film = np.full((1, 2), 100, np.uint8)
    painted = overlay(film, np.array([[1.0, 0.5]]), alpha=0.6)
    np.testing.assert_allclose(painted[0, 0], 0.4 * 100 + 0.6 * END, atol=1)
    middle = 255 * np.array(mpl.colormaps["inferno"](0.5)[:3])
    np.testing.assert_allclose(painted[0, 1], 0.7 * 100 + 0.3 * middle, atol=1)


def test_colours_grow_lighter_with_the_map():
    painted = overlay(np.zeros((1, 11), np.uint8), np.linspace(0, 1, 11)[None], alpha=1)
    luminance = painted[0] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()


@pytest.mark.parametrize(
    ("heatmap", "said"),
    [
        (np.zeros((7, 5)), r"mapa tem a forma \(7, 5\) e a imagem, \(5, 7\)"),
        (np.full((5, 7), 1.5), r"de 1\.5 a 1\.5; deve estar em \[0, 1\]"),
        (np.linspace(-1, 1, 35).reshape(5, 7), "de -1 a 1"),
        (np.where(np.eye(5, 7), np.nan, 0.5), r"deve estar em \[0, 1\]"),
    ],
)
def test_overlay_refusals(image, heatmap, said):
    with pytest.raises(InputError, match=said):
        overlay(image, heatmap)


def test_the_label_stands_above_the_picture(image):
    picture = np.dstack([image] * 3)
    page = np.asarray(labelled(picture, "COVID-19: 98 %"))
    assert page.shape == (5 + 22, 7, 3)
    np.testing.assert_array_equal(page[22:], picture)
    assert page[:22].any()  # há letras
    assert not np.asarray(labelled(picture, ""))[:22].any()


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.images]


def test_the_grid_has_each_film_with_its_title(image):
    figure = grid([image] * 5, list("abcde"), columns=3)
    assert titles(figure) == list("abcde")
    assert len(figure.axes) == 6 and not figure.axes[5].axison  # a última casa fica vazia
    for axes in figure.axes[:5]:
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.images[0].get_clim() == (0, 255)  # o brilho de uma não depende de si mesma


def test_only_films_with_a_lesion_have_an_outline(image):
    lesion = np.zeros((5, 7), bool)
    lesion[1:3, 2:5] = True
    figure = grid([image] * 3, list("abc"), outlines=[lesion, ~lesion & lesion, None])
    assert [len(axes.collections) > 0 for axes in figure.axes] == [True, False, False]


def test_predictions_say_class_probability_and_truth(image):
    films = np.stack([np.dstack([image] * 3)] * 3)
    probabilities = np.array([[0.9, 0.1], [0.25, 0.75], [0.999, 0.001]])
    figure, alt = predictions(films, [0, 0, 1], probabilities, ("NORMAL", "COVID-19"))
    assert titles(figure) == [
        "NORMAL 90 %\n(é NORMAL)",
        "COVID-19 75 %\n(é NORMAL)",
        "NORMAL 99 %\n(é COVID-19)",
    ]
    colours = [axes.title.get_color() for axes in figure.axes]
    assert colours[0] == "black" and colours[1] == colours[2] != "black"
    assert "1 de NORMAL lida como COVID-19 e 1 de COVID-19 lida como NORMAL" in alt
    alt = predictions(films, [0, 0, 0], probabilities[[1, 1, 0]], ("NORMAL", "COVID-19"))[1]
    assert "erradas: 2 de NORMAL lidas como COVID-19." in alt


def test_predictions_without_mistakes_say_so(image):
    films = np.dstack([image] * 3)[None]
    assert "todas certas" in predictions(films, [0], np.array([[1, 0]]), ("a", "b"))[1]


def test_each_film_stands_beside_its_map(image):
    films = np.stack([np.dstack([image] * 3)] * 2)
    heatmaps = np.random.default_rng(1).random((2, 5, 7))
    figure, alt = maps(films, heatmaps, [0, 1], [0, 0], ("NORMAL", "COVID-19"))
    assert titles(figure) == ["era NORMAL", "mapa de NORMAL", "era COVID-19", "mapa de NORMAL"]
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    np.testing.assert_array_equal(drawn[2], films[1])
    np.testing.assert_array_equal(drawn[3], overlay(films[1], heatmaps[1]))
    assert "ao lado do mapa" in alt and "COVID-19, com o mapa de NORMAL" in alt


def test_three_films_stand_over_their_maps(image):
    films = np.stack([np.dstack([image] * 3)] * 3)
    heatmaps = np.random.default_rng(1).random((3, 5, 7))
    figure, alt = maps(films, heatmaps, [0, 1, 0], [0, 0, 1], ("a", "b"))
    assert titles(figure) == ["era a", "era b", "era a", "mapa de a", "mapa de a", "mapa de b"]
    np.testing.assert_array_equal(
        figure.axes[5].images[0].get_array(), overlay(films[2], heatmaps[2])
    )
    assert figure.axes[5].get_subplotspec().colspan == figure.axes[2].get_subplotspec().colspan
    assert "cada uma acima do mapa" in alt
