"""A cobertura, em populações de que a teoria diz quanto cada intervalo cobre."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from covidcam import evaluation
from covidcam.errors import InputError
from covidcam.evaluation import Interval, best_interval, coverage, redraw

PATIENTS = np.arange(1000)


def known_error(values, groups):
    """O intervalo normal de uma população de desvio 1, um filme por paciente."""
    half = 1.96 / np.sqrt(len(set(groups)))
    return Interval(values.mean(), values.mean() - half, values.mean() + half)


def test_the_normal_interval_of_a_normal_population_covers_what_it_says():
    values = norm.ppf((PATIENTS + 0.5) / 1000)  # média 0, desvio 1
    found = coverage(redraw(values, PATIENTS, known_error, size=12, tests=3000), 0.0)
    assert found.covered.low < 0.95 < found.covered.high
    assert found.below == pytest.approx(0.025, abs=0.01)
    assert found.above == pytest.approx(0.025, abs=0.01)
    assert found.width == pytest.approx(2 * 1.96 / np.sqrt(12))


@pytest.mark.parametrize("share", [0.9, 0.5])
def test_wilson_covers_a_binomial_as_often_as_the_sum_over_its_outcomes(share):
    size, values = 12, (1000 * share > PATIENTS).astype(float)
    hits = np.arange(size + 1)
    limits = [evaluation.wilson(int(k), size) for k in hits]
    inside = np.array([low <= share <= high for _, low, high in limits])
    exact = binom.pmf(hits, size, share)[inside].sum()
    for interval in (evaluation.wilson_by_image, evaluation.wilson_by_patient):
        found = coverage(redraw(values, PATIENTS, interval, size, tests=3000), share)
        assert found.covered.low < exact < found.covered.high


def test_percentiles_collapse_as_often_as_every_drawn_patient_is_a_hit():
    values = (PATIENTS < 900).astype(float)
    found = coverage(redraw(values, PATIENTS, evaluation.bootstrap, 12, tests=2000), 0.9)
    assert found.collapsed == pytest.approx(0.9**12, abs=0.03)
    assert found.below >= found.collapsed  # um ponto em 100 % não contém 90 %


def test_films_of_a_patient_come_together_and_the_truth_is_of_all_films():
    values = np.array([1.0, 1.0, 1.0, 0.0, np.nan])
    seen = set()

    def record(drawn, groups):
        for name in set(groups):
            seen.add(tuple(drawn[groups == name]))
        assert len(set(groups)) == 4
        return Interval(drawn.mean(), 0.0, 1.0)

    table = redraw(values, ["a", "a", "a", "b", "c"], record, size=4, tests=200)
    assert seen == {(1.0, 1.0, 1.0), (0.0,)}  # quem só tem NaN não entra
    possible = {3 * k / (3 * k + 4 - k) for k in range(5)}
    assert all(min(abs(m - p) for p in possible) < 1e-12 for m in table["mean"])


@pytest.mark.parametrize(("values", "size"), [([np.nan, np.nan], 5), ([1.0, 0.0], 1)])
def test_a_test_of_nobody_is_refused(values, size):
    with pytest.raises(InputError, match="é preciso ao menos"):
        redraw(np.array(values), [1, 2], evaluation.bootstrap, size)


def rows(**widths):
    covered = {"curto": [0.95, 0.90], "médio": [0.94, 0.93], "largo": [0.99, 0.99]}
    table = [(n, c, w) for n, cs in covered.items() for c, w in zip(cs, widths[n], strict=True)]
    return pd.DataFrame(table, columns=["interval", "covered", "width"])


def test_the_shortest_that_covers_enough_everywhere_is_taken():
    table = rows(curto=[1.0, 10.0], médio=[2.0, 20.0], largo=[3.0, 30.0])
    assert best_interval(table, 0.93) == ("médio", True)
    assert best_interval(table, 0.90) == ("curto", True)
    assert best_interval(table, 0.995) == ("largo", False)  # o que mais cobre onde menos cobre
    table = rows(curto=[1.0, 10.0], médio=[2.0, 20.0], largo=[0.5, 30.0])
    assert best_interval(table, 0.93) == ("largo", True)  # em razão, e não na soma


def test_the_interval_of_the_book_is_told_by_the_kind_of_the_number():
    values = np.array([1.0, 1.0, 0.0, 1.0, np.nan])
    groups = np.array(list("aabcd"))
    expected = evaluation.wilson_by_patient(values[:4], groups[:4])
    assert evaluation.interval(values, groups, "proportion") == expected
    for kind in ("mean", "ratio"):
        assert evaluation.interval(values, groups, kind) == evaluation.bootstrap_t(values, groups)
    assert all(map(np.isnan, evaluation.interval(np.full(4, np.nan), groups[:4])))
    with pytest.raises(InputError, match=r"'mediana'.*proportion"):
        evaluation.interval(values, groups, "mediana")


def test_wilson_by_image_forgets_the_patients_and_refuses_nobody():
    right = np.array([True, True, False, True])
    for groups in (np.arange(4), np.zeros(4)):
        assert evaluation.wilson_by_image(right, groups) == evaluation.wilson(3, 4)
    with pytest.raises(InputError, match="nenhuma"):
        evaluation.wilson_by_image(np.array([]), np.array([]))


def test_the_draws_of_every_test_of_a_size_are_the_same_and_nobody_changes_them():
    one, other = np.array([0.0, 1.0, 5.0]), np.array([2.0, 4.0, 3.0])
    alone = [evaluation.bootstrap_t(v, np.arange(3)) for v in (one, other)]
    for first, second in itertools.permutations((one, other)):
        evaluation.bootstrap(first, np.arange(3))
        evaluation.bootstrap_t(second, np.arange(3))
    assert [evaluation.bootstrap_t(v, np.arange(3)) for v in (one, other)] == alone
