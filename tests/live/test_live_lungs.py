"""Da saída da rede dos pulmões à máscara, na página e no pacote."""

import numpy as np
import pytest

from covidcam.lungs.network import GRID
from covidcam.lungs.search import locate

LOCATE = """({ logits, side }) => {
  const source = laboratory.received.motor.source;
  const { mask, confidence } = new Function(`${source}; return locateLungs;`)()(logits, side);
  return { mask: Array.from(mask), confidence };
}"""


def ellipse(row, column, height, width, most):
    """Logits que passam de zero dentro de uma elipse."""
    y, x = np.mgrid[:GRID, :GRID]
    away = ((y - row) / height) ** 2 + ((x - column) / width) ** 2
    return np.clip(most * (1 - away), -8, 8)


LEFT, RIGHT = ellipse(32, 18, 20, 9, 20), ellipse(31, 46, 21, 10, 20)
CASES = {
    "os dois": (LEFT, RIGHT),
    "um pedaço a mais": (np.maximum(LEFT, ellipse(8, 50, 5, 6, 20)), RIGHT),
    "um só": (LEFT, np.full((GRID, GRID), -8.0)),
    "um de que se duvida": (ellipse(32, 18, 20, 9, 1.5), RIGHT),
    "um pequeno demais": (ellipse(30, 18, 3, 3, 60), RIGHT),
    "nenhum": (np.full((GRID, GRID), -8.0),) * 2,
}


@pytest.mark.parametrize("name", CASES)
def test_the_lungs_are_where_the_package_finds_them(browser, name):
    browser.start("pulmoes")
    logits = np.stack(CASES[name], axis=-1)
    for side in (237, 180):
        found = browser.tab.evaluate(LOCATE, {"logits": logits.ravel().tolist(), "side": side})
        expected = locate(logits, (side, side))
        assert found["confidence"] == pytest.approx(expected.confidence, abs=1e-5)
        assert (np.array(found["mask"]).reshape(side, side) == 255 * expected.mask).all()
