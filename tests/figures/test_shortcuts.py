"""O que se diz dos atalhos sai dos números, e só afirma o que os intervalos separam."""

import numpy as np
import pandas as pd
import pytest

from covidcam import figures

CONTROLS = pd.DataFrame(
    [
        ("botão em 0", "pulmões apagados", "classe", 0.48, 0.40, 0.56, 0.5),
        ("botão em 0", "só a moldura", "classe", 0.43, 0.35, 0.49, 0.5),
        ("botão em 0", "filme inteiro", "aspecto", 1.0, 1.0, 1.0, 0.5),
        ("botão em 1", "pulmões apagados", "classe", 0.95, 0.91, 0.98, 0.5),
        ("botão em 1", "só a moldura", "classe", 0.52, 0.51, 0.54, 0.5),
    ],
    columns=["films", "control", "answer", "balanced", "low", "high", "chance"],
)
DIAL = pd.DataFrame(
    {
        "dial": [0, 0, 1, 1],
        "seed": [0, 1, 0, 1],
        "confounded": [0.88, 0.86, 1.0, 0.98],
        "unconfounded": [0.88, 0.86, 0.5, 0.52],
        "grad-cam": [1.9, 1.3, 1.4, 1.1],
        "occlusion": [2.2, 1.8, 0.4, 0.3],
    }
)


def repairs(after=(0.5, 0.4, 0.6), change=(-0.4, -0.5, -0.3)):
    none = (np.nan,) * 3
    rows = [
        (films, state, measure, *interval, 0.5, *difference)
        for films in ("coleções", "um só modo")
        for measure in ("network", "energy")
        for state, interval, difference in (
            ("como vieram", (0.9, 0.8, 0.95), none),
            ("reparados", after, change),
        )
    ]
    columns = ["films", "state", "measure", "mean", "low", "high", "chance"]
    return pd.DataFrame(rows, columns=[*columns, "change", "change_low", "change_high"])


def test_the_controls_figure_says_every_control_of_the_class_and_no_other():
    figure, alt = figures.controls(CONTROLS)
    assert "botão em 1: pulmões apagados, 95 % e só a moldura, 52 %" in alt
    assert "filme inteiro" not in alt
    assert "acaso é 50 %" in alt
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["só a moldura", "pulmões apagados"]


def test_only_what_is_wholly_above_chance_is_above():
    said = figures.controls_verdict(CONTROLS)
    assert "em «botão em 0», acima do acaso: nenhum (não: pulmões apagados e só a moldura)" in said
    assert "em «botão em 1», todos acima do acaso" in said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.6, 0.9, "acima"), (0.1, 0.4, "abaixo"), (0.5, 0.9, "contém")],
)
def test_standing(low, high, said):
    assert said in figures.standing(0.7, low, high, 0.5)


def test_the_dial_is_read_from_all_trainings():
    _, alt = figures.dial(DIAL)
    assert "de 87 % a 99 %" in alt
    assert "2,0 a 0,3 (oclusão)" in alt
    said = figures.dial_verdict(DIAL)
    assert "publicaria sobe" in said
    assert "hospital cai" in said
    assert "não muda além do sorteio no Grad-CAM" in said  # 1,3 e 1,4 se cruzam
    assert "cai na oclusão" in said


def test_repairs_claim_a_change_only_where_the_difference_excludes_zero():
    _, alt = figures.repairs(repairs())
    assert "coleções, reparados, 50 % (de 40 % a 60 %)" in alt
    assert "0,50 (de 0,40 a 0,60)" in alt
    assert figures.repairs_verdicts(repairs())["network"].count("queda") == 2
    same = figures.repairs_verdicts(repairs(change=(-0.05, -0.2, 0.1)))["network"]
    assert same.count("sem mudança") == 2
    # os dois intervalos se tocam, mas filme a filme todos melhoraram
    more = figures.repairs_verdicts(repairs((0.94, 0.9, 0.97), (0.04, 0.01, 0.07)))["network"]
    assert more.count("aumento") == 2


def test_the_table_has_a_row_a_measure_and_a_column_a_state():
    table = figures.repairs_table(repairs())
    assert table.shape == (2, 4)
    assert table.loc[table.index[0], ("coleções", "reparados")] == "50 % (de 40 % a 60 %)"
