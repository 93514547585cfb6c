"""Mostrar uma figura: a imagem, o texto alternativo, e a recusa de quem não o tem."""

import io

import numpy as np
import pytest
from PIL import Image

from covidcam.errors import InputError
from covidcam.figures import new, png, show


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
    assert options == {"raw": True, "metadata": {"image/png": {"alt": "Duas telas vazias."}}}
    image = Image.open(io.BytesIO(data["image/png"]))
    assert image.format == "PNG" and image.size == (825, 330)  # 7,5 × 3 polegadas a 110 por uma


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
