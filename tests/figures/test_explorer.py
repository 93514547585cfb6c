"""O explorador: o que vai dentro dele, e o contorno desenhado em SVG."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from covidcam import figures
from covidcam.figures.explorer import TILE, outline


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    lesions = np.zeros((2, 64, 64), bool)
    lesions[0, 10:20, 30:50] = True
    maps = np.zeros((2, 2, 3, 64, 64), np.uint8)
    maps[0, 1, 2, 32:, :32] = 255  # o segundo método, a terceira classe: canto de baixo, esquerda
    missing = np.where(np.arange(2)[:, None, None] == 1, np.nan, 1.0) * np.ones((2, 2, 3))
    return figures.Exploration(
        films=rng.integers(0, 255, (2, 64, 64), np.uint8),
        lesions=lesions,
        truth=np.array([0, 1]),
        classes=("COVID-19", "NORMAL", "</script><b>"),
        methods=("grad-cam", "occlusion"),
        probabilities=np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]),
        maps=maps,
        hits=missing,
        ratios=2.5 * missing,
    )


def described(page):
    return json.loads(re.search(r'application/json">(.*?)</script>', page.data, re.DOTALL)[1])


def test_each_map_is_in_its_tile(data):
    film = described(figures.explorer(data))["films"][0]
    sprite = Image.open(io.BytesIO(base64.b64decode(film["maps"].split(",")[1]))).convert("L")
    assert sprite.size == (3 * TILE, 2 * TILE)
    tile = np.asarray(sprite)[TILE:, 2 * TILE :].astype(float)
    half = TILE // 2
    assert tile[half + 4 :, : half - 4].mean() > 245 and tile[: half - 4].mean() < 5
    assert np.asarray(sprite)[:TILE].mean() < 5


def test_scores_say_what_there_is_to_say(data):
    first, second = described(figures.explorer(data))["films"]
    assert first["truth"] == "COVID-19" and first["probabilities"] == [0.5, 0.25, 0.25]
    assert first["scores"][1][2] == {"hit": True, "ratio": 2.5, "flat": False}
    assert first["scores"][0][0]["flat"] is True
    assert second["scores"][0][0]["ratio"] is None and second["outline"] == ""


def test_nothing_in_the_data_closes_the_block_or_leaves_the_page(data):
    page = figures.explorer(data).data
    assert page.count("</script>") == 2
    assert described(figures.explorer(data))["classes"][2] == "</script><b>"
    assert not re.search(r'(?:src|href)="(?!#)', page) and "http" not in page


def test_an_outline_closes_each_region():
    mask = np.zeros((20, 20), bool)
    mask[2:5, 2:8] = mask[10:15, 10:12] = True
    assert outline(mask).count("M") == outline(mask).count("Z") == 2
