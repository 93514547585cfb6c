"""Os implantes nas páginas: os pares, as respostas e os dois placares lado a lado."""

import numpy as np
import pandas as pd
import pytest

from covidcam import evaluation, figures

PATIENTS = np.array([f"p{k}" for k in range(8)])


def values(means, spread=0.0):
    """Uma nota por filme em torno da média de cada mapa, na mesma ordem em todas as medidas."""
    rng = np.random.default_rng(0)
    return pd.concat(
        pd.DataFrame(
            {
                "method": name,
                "kind": "oponente" if name == "centro" else "método",
                "metric": metric,
                "reference": "",
                "same_as": "",
                "film": range(8),
                "target": 0,
                "value": mean + spread * rng.normal(size=8),
            }
        )
        for metric in ("pointing_game", "energy_ratio")
        for name, mean in means.items()
    )


def test_the_pictures_are_sham_lesion_and_where_it_is():
    films = np.full((2, 20, 20, 3), 90, np.uint8)
    masks = np.zeros((2, 20, 20), bool)
    masks[0, 5:15, 5:15] = True
    figure, alt = figures.implanted(films, films, masks, ["COVID-19", "OUTRAS"])
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "placebo",
        "lesão: COVID-19",
        "onde ela está",
    ]
    assert "COVID-19, 25 %" in alt


def test_the_answers_count_films_pairs_and_the_difference():
    """Um filme de quatro errado, três pares de quatro na ordem, diferença média 0,2."""
    first, second = [0.9, 0.8, 0.6, 0.4], [0.4, 0.4, 0.2, 0.9]
    answers = pd.DataFrame(
        {"question": "lesion", "film": range(4), "first": first, "second": second}
    )
    (row,) = figures.implants_answers(answers, PATIENTS[:4]).itertuples()
    assert row.Index == "lesão ou placebo?"
    assert row[1] == "4"
    assert row[2].startswith("75 %")  # seis de oito
    assert row[3].startswith("75 %")
    assert row[4].startswith("20 %")


def test_the_boards_stand_side_by_side_in_the_order_of_the_implants():
    boards = [
        evaluation.summarize(values(means), PATIENTS)
        for means in ({"grad-cam": 0.2, "cam": 0.9, "centro": 0.5, "rise": 0.1}, IMPLANTS)
    ]
    table = figures.beside_phantoms(*boards)
    assert table.index.tolist() == ["grad-cam", "centro", "cam"]
    assert table.iloc[0, 0].startswith("0,20") and table.iloc[0, 1].startswith("0,80")


IMPLANTS = {"grad-cam": 0.8, "cam": 0.3, "centro": 0.5}


@pytest.mark.parametrize(
    ("means", "correlation", "beaten"),
    [
        ({"grad-cam": 0.2, "cam": 0.9, "centro": 0.5}, "−1,00", "cam"),
        ({"grad-cam": 0.9, "cam": 0.2, "centro": 0.5}, "1,00", "grad-cam"),
        ({"grad-cam": 0.4, "cam": 0.2, "centro": 0.5}, "1,00", "nenhum"),
    ],
)
def test_the_order_of_the_methods_and_who_beats_the_opponents(means, correlation, beaten):
    note = figures.transfer_note(
        (values(means, 0.01), PATIENTS), (values(IMPLANTS, 0.01), PATIENTS)
    ).data
    first = note.splitlines()[0]
    assert f"é {correlation}" in first
    assert f"nos fantomas: {beaten}; nos implantes: grad-cam." in first
