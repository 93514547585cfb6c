"""O que se diz dos atalhos sai dos números, e só afirma o que os intervalos separam."""

import numpy as np
import pandas as pd

from covidcam import figures

CONTROLS = pd.DataFrame(
    [
        ("botão em 0", "pulmões apagados", "classe", 0.48, 0.40, 0.56, 0.50, 0.41, 0.59),
        ("botão em 0", "só a moldura", "classe", 0.38, 0.35, 0.42, 0.50, 0.41, 0.59),
        ("botão em 0", "filme inteiro", "aspecto", 1.0, 1.0, 1.0, 0.50, 0.41, 0.59),
        ("botão em 1", "pulmões apagados", "classe", 0.95, 0.91, 0.98, 0.50, 0.41, 0.59),
        ("botão em 1", "só a moldura", "classe", 0.58, 0.56, 0.60, 0.50, 0.41, 0.59),
    ],
    columns=[
        *("films", "control", "answer", "balanced", "low", "high"),
        *("null", "null_low", "null_high"),
    ],
)
DIAL = pd.DataFrame(
    {
        "dial": [0, 0, 1, 1],
        "seed": [0, 1, 0, 1],
        "confounded": [0.88, 0.86, 1.0, 0.98],
        "unconfounded": [0.88, 0.86, 0.5, 0.52],
        "grad-cam": [1.9, 1.3, 1.4, 1.1],
        "occlusion": [2.2, 1.8, 0.4, 0.3],
        "centro": [1.2, 1.2, 1.2, 1.2],
        "ao acaso": [1.0, 1.0, 1.0, 1.0],
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
    assert "botão em 1: pulmões apagados, 95 % (por acaso, de 41 % a 59 %) e só a moldura" in alt
    assert "filme inteiro" not in alt
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["só a moldura", "pulmões apagados"]


def test_only_what_leaves_the_band_of_chance_is_above_or_below():
    said = figures.controls_verdict(CONTROLS)
    assert said == (
        "em “botão em 0”, abaixo do acaso: “só a moldura”; dentro da faixa do acaso: “pulmões"
        " apagados”. Em “botão em 1”, acima do acaso: “pulmões apagados”; dentro da faixa do acaso:"
        " “só a moldura”"
    )  # o intervalo de 56 % a 60 % não contém o acaso; a faixa contém a medida


def test_a_map_is_told_from_each_blind_one_by_film():
    random = np.random.default_rng(0)
    scores = random.normal(2, 1, 60)
    blind = {
        "centro": scores + random.normal(0.4, 0.2, 60),  # sempre um pouco melhor
        "pulmões": scores + random.normal(0, 0.5, 60),
        "ao acaso": random.normal(1, 0.1, 60),
    }
    said = figures.against_blind(scores, blind, np.arange(60))
    assert said == "supera “ao acaso”; fica abaixo de “centro”; não se distingue de “pulmões”"
    assert figures.against_blind(scores, {"ao acaso": blind["ao acaso"]}, np.arange(60)) == (
        "supera “ao acaso”"
    )


def test_the_dial_is_read_from_all_trainings():
    _, alt = figures.dial(DIAL)
    assert "de 87 % a 99 %" in alt
    assert "2,0 a 0,3 (oclusão)" in alt and "de 1,2 a 1,2 (centro, que não olha a rede)" in alt
    said = figures.dial_verdict(DIAL)
    assert "publicaria sobe" in said
    assert "a da prova em que o modo não ajuda cai" in said
    assert "não muda além do sorteio no Grad-CAM" in said  # 1,3 e 1,4 se cruzam
    assert "cai na oclusão" in said
    # com o botão em 1, o Grad-CAM de um dos treinos (1,1) fica abaixo do centro (1,2)
    assert said.endswith(
        "nenhum dos dois mapas supera em todos os treinos uma mancha no centro da imagem"
    )
    ahead = figures.dial_verdict(DIAL.assign(centro=1.05))
    assert "só Grad-CAM supera em todos os treinos" in ahead
    assert "os dois mapas superam" in figures.dial_verdict(DIAL.assign(centro=0.1))


def test_repairs_claim_a_change_only_where_the_difference_excludes_zero():
    _, alt = figures.repairs(repairs())
    assert "coleções, reparados, 50 % (de 40 % a 60 %)" in alt
    assert "0,50 (de 0,40 a 0,60)" in alt
    assert figures.repairs_verdicts(repairs())["network"].count("cai de") == 2
    same = figures.repairs_verdicts(repairs(change=(-0.05, -0.2, 0.1)))["network"]
    assert same.count("sem mudança") == 2
    # os dois intervalos se tocam, mas filme a filme todos melhoraram
    more = figures.repairs_verdicts(repairs((0.94, 0.9, 0.97), (0.04, 0.01, 0.07)))["network"]
    assert more.count("sobe de") == 2


def test_the_table_has_a_row_a_measure_and_a_column_a_state():
    table = figures.repairs_table(repairs())
    assert table.shape == (2, 4)
    assert table.loc[table.index[0], ("coleções", "reparados")] == "50 % (de 40 % a 60 %)"


def test_a_change_is_told_with_its_interval_and_a_sign():
    said = figures.repairs_verdicts(repairs())["network"]
    assert "em “coleções”, cai de 90 % a 50 % (diferença de −50 a −30 pontos)" in said
    said = figures.repairs_verdicts(repairs((0.902, 0.8, 0.95), (0.002, -0.1, 0.1)))["network"]
    # as duas pontas, sem casas, pareceriam iguais
    assert "vai de 90,0 % a 90,2 % (sem mudança que se possa afirmar; diferença de −10" in said
    said = figures.repairs_verdicts(repairs())["energy"]
    assert "cai de 0,90 a 0,50 (diferença de −0,50 a −0,30)" in said


def test_a_tenth_is_told_where_a_point_would_hide_it():
    said = figures.repairs_verdicts(repairs(change=(-0.03, -0.07, -0.004)))["network"]
    assert "(diferença de −7 a −0,4 pontos)" in said
    said = figures.repairs_verdicts(repairs(change=(-0.03, -0.07, -0.0002)))["network"]
    assert "(diferença de −7 a −0,02 pontos)" in said  # um zero não mostraria que é queda


def test_what_no_draw_of_patients_changes_has_no_interval():
    table = figures.repairs_table(repairs(after=(0.5, 0.5, 0.5)))
    assert table.loc[table.index[0], ("coleções", "reparados")] == "50 % (sem intervalo)"


def test_only_what_is_measured_is_read():
    said = figures.repairs_reading(repairs(), {"network": "A rede", "both_looks": "Dos dois"}).data
    assert said.startswith("- A rede: em “coleções”") and "Dos dois" not in said


ANSWERS = pd.DataFrame(
    {
        "patient": np.repeat(np.arange(40), 2),
        "label": np.repeat(["NORMAL", "COVID-19"], 40),
        "modo": ["infantil", "adulto"] * 40,
        "coleções": [True, False] * 20 + [False, True] * 20,
        "coleções, reparadas": [True] * 60 + [True, False] * 10,
        "um só modo": [False, True] * 40,
        "modo sorteado": [True] * 79 + [False],
    }
)


def test_each_cell_of_class_and_mode_by_hand():
    table = figures.by_class_and_mode(ANSWERS)
    assert list(table.index) == list(ANSWERS.columns[3:])
    assert table.loc["coleções"].to_dict() == {
        "COVID-19, adulto": "100 %",
        "COVID-19, infantil": "0 %",
        "NORMAL, adulto": "0 %",
        "NORMAL, infantil": "100 %",
        "acurácia balanceada": "50 %",
    }
    assert table.loc["coleções, reparadas", "COVID-19, adulto"] == "50 %"


def test_the_remedies_are_compared_on_the_same_patients():
    found = figures.remedies(ANSWERS)
    assert found["reparo"].startswith("sobe de 50 % a 88 % (diferença de +")
    assert found["laço"].startswith("sobe de 88 % a 99 % (diferença de +")
    same = figures.remedies(ANSWERS.assign(**{"modo sorteado": ANSWERS["coleções, reparadas"]}))
    assert same["laço"] == "fica em 88 %"
    said = figures.remedies_note(ANSWERS).data
    assert "em “coleções”, 0 % (“COVID-19, infantil” e “NORMAL, adulto”)" in said
    assert "em “um só modo”, 0 % (“COVID-19, infantil”" in said

    assert found["reparo"] in said and found["laço"] in said


def test_a_repaired_map_beats_a_blob_only_where_its_interval_leaves_zero_out():
    table = pd.DataFrame(
        [
            ("coleções", "como vieram", "lead", 0.3, 0.2, 0.4),
            ("coleções", "reparados", "lead", 0.02, -0.05, 0.09),
            ("um só modo", "reparados", "lead", 0.15, 0.07, 0.22),
            ("outros", "reparados", "lead", -0.15, -0.22, -0.07),
            ("outros", "reparados", "energy", 1.2, 1.1, 1.3),
            ("mais", "reparados", "lead", 0.2, 0.1, 0.3),
        ],
        columns=["films", "state", "measure", "mean", "low", "high"],
    )
    assert figures.repaired_lead(table) == (
        "supera a de uma mancha no centro em “um só modo” e em “mais”; perde para a de uma mancha"
        " no centro em “outros”; não se distingue da de uma mancha no centro em “coleções”"
    )


def test_what_does_not_change_is_not_told_twice():
    same = repairs(after=(0.9, 0.8, 0.95), change=(0, 0, 0))
    said = figures.repairs_verdicts(same)["network"]
    assert said.startswith("em “coleções”, fica em 90 %; em")
