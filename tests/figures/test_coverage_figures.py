"""As figuras dos intervalos contam os que erram e dizem as coberturas dadas."""

import pandas as pd
import pytest

from covidcam import figures
from covidcam.figures.coverage import MISS


def test_the_tests_that_miss_the_truth_are_counted_and_red():
    rows = {"mean": [0.5, 0.8, 1.0, 0.9], "low": [0.3, 0.7, 1.0, 0.8], "high": [0.6, 0.9, 1.0, 1]}
    drawn = {"bootstrap": pd.DataFrame(rows), "outro": pd.DataFrame(rows).assign(low=0.0, high=1.0)}
    figure, alt = figures.intervals_drawn(drawn, truth=0.85, shown=3)
    assert figure.axes[0].get_title().endswith("2 de 3 erram")
    right, wrong = figure.axes[0].collections
    assert len(wrong.get_segments()) == 2 and len(right.get_segments()) == 1
    assert wrong.get_edgecolor()[0][:3] == pytest.approx(
        tuple(int(MISS[k : k + 2], 16) / 255 for k in (1, 3, 5))
    )
    assert (
        "2 de 3 (bootstrap, percentis); 0 de 3 (outro). Sem largura nenhuma, na mesma ordem: 1 e 0"
        in alt
    )


def table():
    shares = {("wilson", 12): 0.90, ("wilson", 75): 0.94, ("bootstrap_t", 12): 0.955}
    records = [
        {"measure": "right", "interval": name, "size": size, "covered": share, "width": 2 / size}
        for (name, size), share in shares.items()
    ]
    rows = pd.DataFrame(records)
    return rows.assign(covered_low=rows["covered"] - 0.01, covered_high=rows["covered"] + 0.01)


def test_the_coverage_is_red_below_what_is_asked_and_hollow_for_the_small_test():
    figure, alt = figures.coverage(table(), least=0.93)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [point.get_color() == MISS for point in points] == [True, False, False]
    assert [point.get_markerfacecolor() == "white" for point in points] == [True, False, True]
    assert "com 12 e 75 pacientes. Acurácia: Wilson, por imagem, 90 % e 94 %" in alt


def test_half_the_width_goes_with_the_patients():
    both = pd.concat([table(), table().assign(measure="energy_ratio")])
    both = both[both["interval"] == "wilson"]
    figure, alt = figures.patients_needed(both, {"right": 0.05, "energy_ratio": 0.5})
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [12, 75]
    assert line.get_ydata() == pytest.approx([1 / 12, 1 / 75])
    assert "acurácia, de 0,08 com 12 a 0,01 com 75" in alt
