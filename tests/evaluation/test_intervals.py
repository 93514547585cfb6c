"""Intervalos contra fórmulas conhecidas e casos extremos."""

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from covidcam.errors import InputError
from covidcam.evaluation import (
    Interval,
    against_chance,
    balanced_accuracy,
    bootstrap,
    bootstrap_t,
    sign_flip,
    spread,
    verdict,
    wilson,
    wilson_by_patient,
)


def test_one_image_a_patient_gives_the_normal_interval():
    values = np.random.default_rng(0).normal(size=400)
    interval = bootstrap(values, np.arange(400), samples=20000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_copies_of_a_patient_add_no_certainty():
    values = np.random.default_rng(0).normal(size=40)
    once = bootstrap(values, np.arange(40))
    copied = bootstrap(np.repeat(values, 9), np.repeat(np.arange(40), 9))
    assert copied == pytest.approx(once)


def test_missing_values_do_not_count():
    values = np.array([1.0, np.nan, 3.0])
    assert bootstrap(values, np.array(["a", "b", "c"])).mean == 2
    assert np.isnan(bootstrap(np.full(3, np.nan), np.array(["a", "b", "c"]))).all()


def test_the_seed_decides():
    values, groups = np.arange(20.0), np.arange(20)
    assert bootstrap(values, groups, seed=1) == bootstrap(values, groups, seed=1)
    assert bootstrap(values, groups, seed=1) != bootstrap(values, groups, seed=2)


@pytest.mark.parametrize(
    ("groups", "word"),
    [(["a", "a"], "'a'"), (["a"], "um por valor"), (["a", None], "1 de 2 imagens")],
)
def test_too_few_patients_are_refused(groups, word):
    with pytest.raises(InputError, match=word):
        bootstrap(np.array([1.0, 2.0]), np.array(groups))


@pytest.mark.parametrize(("successes", "total"), [(0, 10), (73, 75), (10, 10), (1, 3)])
def test_wilson_agrees_with_scipy(successes, total):
    expected = binomtest(successes, total).proportion_ci(method="wilson")
    assert wilson(successes, total)[1:] == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("total", [1, 13, 35, 75, 1000])
def test_wilson_reaches_the_ends_exactly(total):
    assert wilson(total, total).high == 1 and wilson(0, total).low == 0


@pytest.mark.parametrize(("successes", "total"), [(1, 0), (4, 3), (-1, 3)])
def test_wilson_refuses_what_is_not_a_share(successes, total):
    with pytest.raises(InputError):
        wilson(successes, total)


@pytest.mark.parametrize(
    ("low", "high", "against", "said"),
    [
        (0.1, 0.3, 0.0, "above"),
        (-0.3, -0.1, 0.0, "below"),
        (-0.1, 0.1, 0.0, "undecided"),
        (0.0, 0.1, 0.0, "undecided"),  # encostar não é separar-se
        (0.6, 0.7, 0.5, "above"),
        (0.6, 0.7, 0.65, "undecided"),
    ],
)
def test_a_verdict_needs_an_interval_that_excludes(low, high, against, said):
    assert verdict(Interval((low + high) / 2, low, high), against) == said


def test_a_paired_difference_sees_what_two_intervals_hide():
    """Duas redes que erram quase os mesmos pacientes: os intervalos se cobrem, a diferença não."""
    right = np.repeat([1.0, 0.0], 50)
    better = right.copy()
    better[50:60] = 1
    people = np.arange(100)
    one, other = (bootstrap(values, people) for values in (right, better))
    assert one.high > other.low
    assert verdict(bootstrap(better - right, people)) == "above"


def test_nothing_is_said_of_a_measure_that_is_missing():
    with pytest.raises(InputError, match="NaN"):
        verdict(Interval(np.nan, np.nan, np.nan))
    assert spread([0.1, np.nan], [0.4, 0.5]) == spread([0.1], [0.4, 0.5])
    with pytest.raises(InputError, match="nenhum treino"):
        spread([np.nan], [0.4])


def test_the_spread_of_two_groups_of_trainings_by_hand():
    found = spread([0.5, 0.6], [0.7, 1.0])
    assert found == pytest.approx((0.3, 0.1, 0.5))
    assert verdict(spread([0.5, 0.8], [0.7, 1.0])) == "undecided"


def test_a_difference_of_balanced_accuracies_is_the_balanced_difference():
    random = np.random.default_rng(0)
    labels, people = random.integers(3, size=60), random.integers(20, size=60)
    first, second = random.integers(2, size=(2, 60)).astype(float)
    one, other = (balanced_accuracy(each, labels, people).mean for each in (first, second))
    assert balanced_accuracy(second - first, labels, people).mean == pytest.approx(other - one)


def test_bootstrap_t_by_hand_draw_after_draw():
    values, groups = np.array([1.0, 2.0, 6.0, 3.0]), np.array(list("aabc"))
    people = [np.array([1.0, 2.0]), np.array([6.0]), np.array([3.0])]

    def mean_and_error(drawn):
        total = sum(len(each) for each in drawn)
        mean = sum(each.sum() for each in drawn) / total
        spread = sum((each.sum() - mean * len(each)) ** 2 for each in drawn)
        return mean, np.sqrt(len(drawn) / (len(drawn) - 1) * spread) / total

    mean, error = mean_and_error(people)
    draws = np.random.default_rng(4).multinomial(3, np.full(3, 1 / 3), size=500)
    ratios = []
    for draw in draws:
        again, own = mean_and_error(
            [p for p, n in zip(people, draw, strict=True) for _ in range(n)]
        )
        if own > 0:
            ratios.append((again - mean) / own)
    low, high = np.quantile(ratios, [0.025, 0.975])
    found = bootstrap_t(values, groups, samples=500, seed=4)
    assert found == pytest.approx((3.0, mean - high * error, mean - low * error))


def test_bootstrap_t_covers_where_a_dozen_patients_are_too_few_for_quantiles():
    random = np.random.default_rng(0)
    tries, people = 300, np.arange(12)
    covered = {bootstrap: 0, bootstrap_t: 0}
    for seed in range(tries):
        values = random.exponential(size=12)  # comprida para um lado, de média 1
        for interval in covered:
            found = interval(values, people, samples=400, seed=seed)
            covered[interval] += found.low <= 1 <= found.high
    assert binomtest(covered[bootstrap_t], tries, 0.95).pvalue > 0.01
    assert covered[bootstrap] < covered[bootstrap_t]
    assert binomtest(covered[bootstrap], tries, 0.95).pvalue < 0.01


def test_bootstrap_t_of_many_patients_is_the_normal_interval():
    values = np.random.default_rng(0).normal(size=400)
    found = bootstrap_t(values, np.arange(400), samples=5000)
    half = 1.96 * values.std(ddof=1) / np.sqrt(400)
    assert found == pytest.approx(
        (values.mean(), values.mean() - half, values.mean() + half), abs=0.1 * half
    )


def test_bootstrap_t_leaves_out_what_was_not_measured():
    values, groups = np.array([1.0, np.nan, 3.0, 2.0]), np.arange(4)
    kept = np.isfinite(values)
    assert bootstrap_t(values, groups) == bootstrap_t(values[kept], groups[kept])
    assert np.isnan(bootstrap_t(np.full(3, np.nan), np.arange(3))).all()
    with pytest.raises(InputError, match="ao menos dois"):
        bootstrap_t(np.ones(3), np.zeros(3))


@pytest.mark.parametrize(("value", "said"), [(0.61, "above"), (0.39, "below"), (0.6, "undecided")])
def test_a_measure_is_told_from_chance_only_outside_its_band(value, said):
    assert against_chance(value, Interval(0.5, 0.4, 0.6)) == said


@pytest.mark.parametrize(("first", "second"), [(6, 0), (7, 2), (3, 3), (0, 0)])
def test_with_one_image_a_patient_the_sign_flip_is_mcnemar(first, second):
    differences = np.repeat([1, -1, 0], [first, second, 10])
    exact = binomtest(first, first + second).pvalue if first + second else 1
    assert sign_flip(differences, np.arange(len(differences))) == pytest.approx(exact)


def test_the_sign_flip_counts_patients_by_brute_force():
    differences, people = np.array([1, 1, 1, -1, 1, 1, 0]), np.array([0, 0, 1, 2, 3, 3, 4])
    sums = [2, 1, -1, 2, 0]
    flipped = [abs(np.dot(signs, sums)) for signs in itertools.product([1, -1], repeat=5)]
    assert sign_flip(differences, people) == np.mean(np.array(flipped) >= 4)
    assert sign_flip(np.repeat(1, 6), np.zeros(6)) == 1  # um paciente só não prova nada


def test_the_sign_flip_refuses_what_is_not_a_difference_of_hits():
    with pytest.raises(InputError, match="inteiras"):
        sign_flip(np.array([0.5, 1]), np.arange(2))


def test_wilson_by_patient_is_wilson_when_images_are_independent():
    right = np.arange(20) < 13
    assert wilson_by_patient(right, np.arange(20)) == pytest.approx(wilson(13, 20))
    # cópias não acrescentam certeza; e tudo certo não fecha o intervalo
    copied = wilson_by_patient(np.repeat(right, 5), np.repeat(np.arange(20), 5))
    assert copied == pytest.approx(wilson(13, 20))
    assert wilson_by_patient(np.ones(6), np.repeat([0, 1, 2], 2)) == pytest.approx(wilson(3, 3))
    assert wilson_by_patient(np.array([1, 0]), np.zeros(2)) == pytest.approx(
        (0.5, *wilson_by_patient(np.array([0, 1]), np.zeros(2))[1:])
    )


def test_wilson_by_patient_covers_what_wilson_misses():
    """Pacientes de cinco imagens iguais: o intervalo por imagem erra bem mais que um em vinte."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 5)
    found = [np.repeat(random.random(30) < 0.8, 5) for _ in range(300)]
    inside = [
        [
            low <= 0.8 <= high
            for _, low, high in (wilson(int(r.sum()), 150), wilson_by_patient(r, groups))
        ]
        for r in found
    ]
    alone, grouped = np.mean(inside, axis=0)
    assert alone < 0.75 and grouped > 0.91
