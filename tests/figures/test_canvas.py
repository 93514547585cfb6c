"""Mostrar uma figura: a imagem, o texto alternativo, e a recusa de quem não o tem."""

import base64
import io

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from covidcam.errors import InputError
from covidcam.figures import film, grid, new, png, show


@pytest.fixture
def displayed(monkeypatch):
    """O que se mandou mostrar: pares de dados e opções."""
    calls = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: calls.append((data, options))
    )
    return calls


def test_show_displays_a_png_with_its_alternative_text(displayed):
    show(new(1, 2), "Duas   telas\n  vazias.")
    ((data, options),) = displayed
    assert data["text/plain"] == "Duas telas vazias."
    said = options["metadata"]["image/png"]
    assert said.pop("narrow") and said == {"alt": "Duas telas vazias.", "plot": True}
    image = Image.open(io.BytesIO(data["image/png"]))
    assert image.format == "PNG" and image.size == (825, 330)  # 7,5 × 3 polegadas a 110 por uma


def test_on_a_phone_the_axes_of_a_figure_stand_one_below_the_other(displayed):
    figure = new(2, 2, height=4)
    for place, axes in enumerate(figure.axes[:3]):  # o quarto lugar, vazio, não ganha espaço
        axes.bar([0], [1], color=("#ff0000", "#00ff00", "#0000ff")[place])
    before = png(figure)
    show(figure, "Três barras.")
    narrow = displayed[0][1]["metadata"]["image/png"]["narrow"]
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(narrow))).convert("RGB"))
    assert image.shape == (660, 462, 3)  # 4,2 × 6 polegadas
    reds, greens, blues = (
        np.flatnonzero((image == colour).all(axis=2).any(axis=1))
        for colour in ([255, 0, 0], [0, 255, 0], [0, 0, 255])
    )
    assert 0 < reds.min() < reds.max() < greens.min() < greens.max() < blues.min()
    assert png(figure) == before == displayed[0][0]["image/png"], "a figura fica como era"


def test_a_figure_that_fits_a_phone_goes_alone(displayed):
    show(new(width=4.2), "Uma tela.")
    assert "narrow" not in displayed[0][1]["metadata"]["image/png"]


def test_a_figure_with_a_film_in_it_is_not_a_plot(displayed):
    figure = new(1, 2)
    figure.axes[0].imshow(np.eye(3))
    show(figure, "Um filme e uma curva.")
    assert displayed[0][1]["metadata"]["image/png"]["plot"] is False


def test_films_alone_are_shown_one_by_one_with_what_each_one_is(displayed):
    greys = [np.full((40, 30), grey, np.uint8) for grey in (20, 220)]
    show(grid(greys, ["escuro\n< 1", "claro"], columns=5), "Dois “filmes”.")
    ((data, _),) = displayed
    assert data["text/plain"] == "Dois “filmes”." and "image/png" not in data
    page = BeautifulSoup(data["text/html"], "html.parser")
    assert page.select_one(".films")["aria-label"] == "Dois “filmes”."
    assert [image["alt"] for image in page.select("img")] == ["escuro; < 1", "claro"]
    assert [caption.get_text("|") for caption in page.select("figcaption")] == [
        "escuro|< 1",
        "claro",
    ]
    for image, grey in zip(page.select("img"), (20, 220), strict=True):
        picture = Image.open(io.BytesIO(base64.b64decode(image["src"].split(",")[1])))
        width, height = picture.size
        assert (str(width), str(height)) == (image["width"], image["height"])
        assert height / width == pytest.approx(40 / 30, rel=0.02)
        values = np.asarray(picture.convert("L"), float)
        assert np.abs(values - grey).max() < 6, "nada do fundo branco entra no recorte"


@pytest.mark.parametrize(
    ("drawn", "titles", "wide", "narrow"),
    [
        (1, "a", 1, 1),
        (3, "abc", 3, 3),
        (5, "abcde", 5, 2),
        (6, "abcdef", 3, 3),
        (7, "abcdefg", 4, 2),
    ],
)
def test_rows_that_are_compared_stay_rows(displayed, drawn, titles, wide, narrow):
    show(grid([np.zeros((9, 9), np.uint8)] * drawn, list(titles), columns=drawn), "Filmes.")
    assert f"--columns: {wide}; --narrow: {narrow}" in displayed[0][0]["text/html"]


def test_a_column_named_only_above_stays_a_column(displayed):
    show(grid([np.zeros((9, 9), np.uint8)] * 4, ["a", "b", "", ""], columns=2), "Filmes.")
    show(grid([np.zeros((9, 9), np.uint8)] * 8, [*"abcd", "", "", "", ""], columns=4), "Filmes.")
    assert [
        "--narrow: 2" in displayed[0][0]["text/html"],
        "--narrow: 4" in displayed[1][0]["text/html"],
    ] == [True, True]


def test_a_film_beside_a_curve_is_one_figure(displayed):
    figure = new(1, 2)
    film(figure.axes[0], np.zeros((4, 4), np.uint8))
    show(figure, "Um filme e uma curva.")
    assert "image/png" in displayed[0][0]


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_words_is_not_shown(displayed, alt):
    with pytest.raises(InputError, match="texto alternativo"):
        show(new(), alt)
    assert not displayed


def test_the_same_figure_has_the_same_bytes():
    def draw(value):
        figure = new()
        figure.axes[0].plot([0, value])
        return png(figure)

    assert draw(1) == draw(1) != draw(2)


def test_new_has_the_axes_asked_for():
    figure = new(2, 3, width=6, height=4)
    assert len(figure.axes) == 6
    np.testing.assert_allclose(figure.get_size_inches(), (6, 4))
