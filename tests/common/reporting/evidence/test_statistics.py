import math
from operator import sub, truediv

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats as scipy_stats

from common.reporting.evidence.statistics import (
    binomial,
    bootstrap_mean,
    estimate,
    median_interval,
    paired,
    ratio_interval,
    t_interval,
)

numbers = some.lists(some.floats(-1e3, 1e3), min_size=2, max_size=10)


def test_t_interval_by_hand():
    # mean 2, standard deviation 1, t(0.975, 2 degrees of freedom) = 4.3027 from a printed table
    found = t_interval([1.0, 2.0, 3.0])
    assert (found.mean, found.n) == (2.0, 3)
    assert found.low == pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-4)
    assert found.high == pytest.approx(2 + 4.3027 / math.sqrt(3), abs=1e-4)


@given(numbers)
def test_t_interval_is_the_set_of_means_that_a_t_test_does_not_reject(values):
    found = t_interval(values)
    assert found.low <= found.mean + 1e-9 and found.mean <= found.high + 1e-9
    if found.high - found.low > 1e-3:
        assert scipy_stats.ttest_1samp(values, found.high).pvalue == pytest.approx(0.05, abs=1e-6)


def test_one_value_has_no_interval_and_equal_values_have_none_to_speak_of():
    one, same = t_interval([5.0]), t_interval([5.0, 5.0])
    assert (one.mean, one.low, one.high) == (5.0, None, None)
    assert (same.low, same.high) == (5.0, 5.0)


@pytest.mark.parametrize("successes, trials", [(0, 10), (3, 10), (10, 10), (95, 100)])
def test_binomial_is_clopper_pearson(successes, trials):
    """At the interval's ends, so extreme a count has a probability of exactly 2.5 %."""
    found = binomial(successes, trials)
    assert found.mean == successes / trials
    if successes:
        assert scipy_stats.binom.sf(successes - 1, trials, found.low) == pytest.approx(0.025)
    if successes < trials:
        assert scipy_stats.binom.cdf(successes, trials, found.high) == pytest.approx(0.025)


def test_the_unit_chooses_the_interval():
    values = {str(seed): float(seed < 9) for seed in range(10)}
    assert estimate(values, "success") == binomial(9, 10)
    assert estimate(values, "bits") == t_interval(list(values.values()))
    assert estimate(values, "bits").high > 1 >= estimate(values, "success").high


@pytest.mark.parametrize(
    "n, smallest, largest", [(5, None, None), (6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (18, 5, 14), (30, 10, 21)]
)
def test_the_median_lies_between_the_printed_order_statistics(n, smallest, largest):
    """Ranks of the 95 % sign-test interval as tables print them (Conover, Table A3)."""
    found = median_interval([float(rank) for rank in range(n, 0, -1)])
    assert (found.value, found.low, found.high) == ((n + 1) / 2, smallest, largest)


@pytest.mark.parametrize("n", [6, 10, 25])
def test_the_median_interval_is_exact_and_not_wider_than_needed(n):
    """By brute force over how many of n values lie below the true median."""
    found = median_interval([float(rank) for rank in range(1, n + 1)])
    below = scipy_stats.binom.pmf(range(n + 1), n, 0.5)
    ranks = int(found.low), int(found.high)
    covered = sum(p for count, p in enumerate(below) if ranks[0] <= count < ranks[1])
    narrower = sum(p for count, p in enumerate(below) if ranks[0] < count < ranks[1] - 1)
    assert covered >= 0.95 > narrower


def test_the_bootstrap_of_a_skewed_mean_is_skewed_and_repeatable():
    values = [1.0, 1.2, 1.5, 2.0, 2.2, 3.0, 3.1, 4.0, 9.0, 30.0]
    found = bootstrap_mean(values)
    assert found == bootstrap_mean(values) and found.mean == pytest.approx(5.7)
    assert 1.0 < found.low < found.mean < found.high < 30.0
    assert found.high - found.mean > found.mean - found.low
    assert found.low > t_interval(values).low  # Student's interval reaches down to -0.6
    assert estimate(dict(enumerate(values)), "sequences", skewed=True) == found


def test_too_few_values_to_resample_have_students_interval():
    assert bootstrap_mean([1.0, 5.0, 2.0, 9.0, 3.0]) == t_interval([1.0, 5.0, 2.0, 9.0, 3.0])
    assert bootstrap_mean([4.0] * 12) == t_interval([4.0] * 12)
    assert bootstrap_mean([4.0]).low is None


def test_pairs_are_made_by_seed_and_a_constant_stands_beside_every_seed():
    a, b = {"1": 5.0, "2": 7.0, "3": 1.0}, {"2": 6.0, "1": 3.0}
    assert paired(sub, a, b) == {"1": 2.0, "2": 1.0}
    assert paired(sub, {"1": 4.0}, b, fixed_a=True) == {"2": -2.0, "1": 1.0}
    assert paired(sub, b, {"1": 4.0}, fixed_b=True) == {"2": 2.0, "1": -1.0}
    assert list(paired(sub, {"1": 4.0}, {"1+2": 1.0}, True, True).values()) == [3.0]
    assert paired(truediv, a, b) == {"1": 5 / 3, "2": 7 / 6}


def test_pairing_removes_what_the_seeds_share():
    a = {"1": 10.0, "2": 20.0, "3": 30.0}
    b = {"1": 11.0, "2": 21.1, "3": 30.9}
    assert t_interval(list(paired(sub, a, b).values())).high < 0
    assert t_interval(list(a.values())).high > t_interval(list(b.values())).low


@given(some.lists(some.floats(0.1, 10), min_size=2, max_size=8))
def test_the_inverse_ratio_has_the_inverse_interval(ratios):
    found, inverse = ratio_interval(ratios), ratio_interval([1 / ratio for ratio in ratios])
    assert found.mean == pytest.approx(1 / inverse.mean)
    assert found.low == pytest.approx(1 / inverse.high, rel=1e-6)
    assert found.high == pytest.approx(1 / inverse.low, rel=1e-6)


def test_one_ratio_has_no_interval():
    assert (ratio_interval([2.0]).mean, ratio_interval([2.0]).low) == (pytest.approx(2.0), None)
