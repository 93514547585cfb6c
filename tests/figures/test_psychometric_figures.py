"""As curvas de quem vê a sombra são as da tabela, e o texto as diz."""

import pandas as pd
import pytest

from covidcam import figures

SHARES = {"network": [0.05, 0.2, 0.9], "gradient": [0.1, 0.7, 0.8]}
LEVELS = {"lung": ("ao acaso", 0.3), "heart": ("ao acaso", 0.1)}


@pytest.fixture
def readings():
    rows = [
        {"place": place, "dose": dose, "contrast": contrast, "reader": reader, "share": share}
        for place in ("lung", "heart")
        for dose in (0.1, 1.0)
        for reader, shares in SHARES.items()
        for contrast, share in zip((0.0, 0.5, 1.0), shares, strict=True)
    ]
    rows = pd.DataFrame(rows)
    rows["share"] *= rows["dose"].map({1.0: 1.0, 0.1: 0.5})
    return rows.assign(low=rows["share"] - 0.05, high=rows["share"] + 0.05)


def test_each_reader_has_a_full_line_and_a_dashed_one(readings):
    figure, alt = figures.seeing(readings, list(SHARES), LEVELS)
    lines = {(line.get_label(), line.get_linestyle()): line for line in figure.axes[0].lines}
    assert lines["gradiente", "-"].get_ydata() == pytest.approx(SHARES["gradient"])
    full, dashed = (line.get_ydata() for line in figure.axes[1].lines[:2])
    assert full == pytest.approx(SHARES["network"]) and dashed == pytest.approx(full / 2)
    assert figure.axes[0].lines[-1].get_ydata()[0] == 0.3
    assert "com contrastes 0; 0,5 e 1: a rede no pulmão, 5 %, 20 % e 90 %;" in alt
    assert "metade dos pacientes: no pulmão, a rede 0,7 e gradiente 0,3; atrás" in alt
    _, blind = figures.seeing(readings.assign(share=0.0), list(SHARES), LEVELS)
    assert "no pulmão, todos mais de 1; atrás do coração, todos mais de 1." in blind
