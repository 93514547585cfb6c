"""As divisões: nenhum paciente dos dois lados, cada classe nos dois, sempre a mesma."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from covidcam.datasets import select, split_2020, split_by_patient
from covidcam.errors import DataError


def patients_table(seed, patients=150):
    """Pacientes de uma a quatro imagens, em três classes desiguais."""
    random = np.random.default_rng(seed)
    label = random.choice(["COVID-19", "NORMAL", "OUTRAS"], patients, p=[0.5, 0.3, 0.2])
    patient = random.permutation(np.repeat(np.arange(patients), random.integers(1, 5, patients)))
    return pd.DataFrame({"label": label[patient], "patient": patient})


@pytest.mark.parametrize("seed", range(5))
def test_patients_stay_on_one_side_and_classes_keep_their_shares(seed):
    rows = patients_table(seed)
    train, test = split_by_patient(rows, seed=seed)
    assert sorted([*train, *test]) == list(range(len(rows)))
    assert not set(rows["patient"].iloc[train]) & set(rows["patient"].iloc[test])
    assert len(test) / len(rows) == pytest.approx(0.2, abs=0.03)
    shares = [rows["label"].iloc[part].value_counts(normalize=True) for part in (train, test)]
    assert (shares[0] - shares[1]).abs().max() < 0.06


def test_positions_do_not_depend_on_the_index():
    rows = patients_table(0)
    shifted = rows.set_index(rows.index[::-1] + 1000)
    for a, b in zip(split_by_patient(rows), split_by_patient(shifted), strict=True):
        assert a.tolist() == b.tolist()


def test_the_seed_decides():
    rows = patients_table(0)
    first, again, other = (split_by_patient(rows, seed=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("seed", range(80))
def test_each_class_is_on_both_sides_or_the_split_is_refused(seed):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"label": random.integers(0, 3, 20), "patient": random.integers(0, 8, 20)})
    try:
        train, test = split_by_patient(rows, seed=seed)
    except DataError:
        assert rows["patient"].nunique() < 9
    else:
        assert set(rows["label"].iloc[train]) == set(rows["label"].iloc[test]) == {0, 1, 2}


def test_a_class_of_one_patient_is_refused_by_name():
    rows = pd.DataFrame({"label": list("aaaabb"), "patient": [1, 2, 3, 4, 5, 5]})
    with pytest.raises(DataError, match="classe b tem 1 paciente; são precisos ao menos 2"):
        split_by_patient(rows)


def test_two_patients_of_a_class_go_one_to_each_side():
    rows = pd.DataFrame({"label": list("aaaaaabb"), "patient": [1, 2, 3, 4, 5, 6, 7, 8]})
    train, test = split_by_patient(rows)
    assert {"a", "b"} == set(rows["label"].iloc[train]) == set(rows["label"].iloc[test])


def test_patients_that_cannot_be_divided_are_refused():
    rows = pd.DataFrame({"label": list("aabbcc"), "patient": [1, 2, 2, 3, 3, 1]})
    with pytest.raises(DataError, match="Com 3 pacientes"):
        split_by_patient(rows)


def test_the_2020_split_is_the_one_of_2020():
    X = np.arange(375) * 10
    train, test, *_ = train_test_split(X, X, test_size=0.2, random_state=40)
    ours = split_2020(375)
    assert (ours[0] * 10).tolist() == train.tolist() and (ours[1] * 10).tolist() == test.tolist()
    order = np.random.RandomState(40).permutation(375)  # o sorteio que está por baixo
    assert ours[1].tolist() == order[:75].tolist() and ours[0].tolist() == order[75:].tolist()


@pytest.fixture
def catalog():
    rows = [(source, label) for source in "xy" for label in "ab" for _ in range(10)]
    return pd.DataFrame(rows, columns=["source", "label"]).assign(path=range(40))


def test_select_draws_the_counts_in_catalog_order(catalog):
    chosen = select(catalog, {("x", "a"): 4, ("y", "b"): 99})
    assert chosen.groupby(["source", "label"]).size().to_dict() == {("x", "a"): 4, ("y", "b"): 10}
    assert chosen["path"].is_monotonic_increasing and chosen["path"].is_unique
    assert chosen.index.tolist() == list(range(14))


def test_select_is_drawn_by_the_seed(catalog):
    counts = {("x", "a"): 4}
    draws = [select(catalog, counts, seed)["path"].tolist() for seed in (1, 1, 2, 3)]
    assert draws[0] == draws[1] and len({tuple(draw) for draw in draws}) > 1
    assert draws[0] != [0, 1, 2, 3]


def test_select_names_the_pair_it_cannot_find(catalog):
    with pytest.raises(DataError, match=r"imagens de c do acervo x; tem: \[\('x', 'a'\)"):
        select(catalog, {("x", "c"): 1})
