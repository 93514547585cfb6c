"""A AUC entre dois grupos, contra a contagem, a cobertura que promete e um modelo exato."""

import numpy as np
import pytest
from scipy.stats import norm

from covidcam import evaluation
from covidcam.errors import InputError
from covidcam.evaluation import separation


def test_pairs_in_order_are_counted_and_a_tie_is_a_half():
    found = separation([1.0, 3.0, 5.0], [3.0, 6.0])
    assert found.mean == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 1) / 6)
    mirrored = separation([3.0, 6.0], [1.0, 3.0, 5.0])
    assert mirrored.mean == pytest.approx(1 - found.mean)


def test_the_groups_may_change_places():
    low, high = np.array([0.1, 0.5, 0.6, 0.9]), np.array([0.4, 0.8, 0.95, 1.1])
    one, other = separation(low, high), separation(high, low)
    assert one.low == pytest.approx(1 - other.high) and one.high == pytest.approx(1 - other.low)
    same = separation(low, low)
    assert same.mean == 0.5 and same.low == pytest.approx(1 - same.high)


def test_groups_wholly_apart_do_not_close_the_interval():
    few = separation(np.arange(5), np.arange(5) + 5)
    more = separation(np.arange(20), np.arange(20) + 20)
    assert few.mean == few.high == more.high == 1
    assert few.low < more.low < 1
    assert separation(np.arange(5) + 5, np.arange(5)).low == 0


def test_the_lower_limit_of_groups_apart_is_near_the_exact_one():
    """Com tempos exponenciais, a chance de todos os m virem antes dos n é um produto conhecido."""
    count, shares = 10, np.linspace(0.5, 0.999, 2000)
    rate = shares / (1 - shares)
    ranks = np.arange(1, count + 1)[:, None]
    apart = np.prod(ranks * rate / (ranks * rate + count), axis=0)
    exact = shares[np.argmin(np.abs(apart - 0.025))]
    found = separation(np.arange(count), np.arange(count) + count).low
    assert exact - 0.06 < found <= exact  # mais cauteloso, e não muito


@pytest.mark.parametrize("area", [0.5, 0.8, 0.95])
def test_the_interval_covers_what_it_says_in_normal_groups(area):
    random = np.random.default_rng(0)
    gap = norm.ppf(area) * np.sqrt(2)
    draws = (separation(random.normal(size=10), random.normal(gap, size=10)) for _ in range(600))
    inside = sum(found.low <= area <= found.high for found in draws)
    assert 0.925 <= inside / 600 <= 0.99


def test_many_networks_give_the_interval_of_hanley_and_mcneil():
    random = np.random.default_rng(1)
    found = separation(random.normal(size=400), random.normal(1, size=400))
    area, count = found.mean, 400
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (count - 1) * (one + two - 2 * area**2)
    half = 1.96 * np.sqrt(spread / count**2)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.03)


@pytest.mark.parametrize(("low", "high"), [([1.0], [2.0, 3.0]), ([1.0, np.nan], [2.0, 3.0])])
def test_one_network_or_none_is_refused(low, high):
    with pytest.raises(InputError, match="dois ou mais"):
        evaluation.separation(low, high)
