import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from common.reporting.verdicts.independent import difference_of_means, difference_of_rates, ratio_of_geometric_means


def trials(successes, of):
    return [1.0] * successes + [0.0] * (of - successes)


positive = some.lists(some.integers(1, 10_000), min_size=2, max_size=8)


def test_a_difference_of_rates_by_hand():
    """7 of 10 and 2 of 10: exact intervals 0.3475 to 0.9333 and 0.0252 to 0.5561, from a printed table."""
    found = difference_of_rates(trials(7, 10), trials(2, 10))
    assert (found.mean, found.n) == (pytest.approx(0.5), 20)
    assert found.low == pytest.approx(0.5 - math.hypot(0.7 - 0.3475, 0.5561 - 0.2), abs=1e-4)
    assert found.high == pytest.approx(0.5 + math.hypot(0.9333 - 0.7, 0.2 - 0.0252), abs=1e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 30])
def test_all_against_none_is_decided_when_fishers_test_decides_it(n):
    found = difference_of_rates(trials(n, n), trials(0, n))
    assert (found.low > 0) == (stats.fisher_exact([[n, 0], [0, n]]).pvalue < 0.05)
    assert found.mean == found.high == 1.0


@pytest.mark.parametrize("sizes", [(4, 4), (10, 10), (30, 10)])
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
def test_equal_rates_seem_different_in_at_most_5_percent(sizes, rate):
    """Every outcome with its probability."""
    a, b = sizes
    wrong = 0.0
    for x in range(a + 1):
        for y in range(b + 1):
            found = difference_of_rates(trials(x, a), trials(y, b))
            if found.low > 0 or found.high < 0:
                wrong += stats.binom.pmf(x, a, rate) * stats.binom.pmf(y, b, rate)
    assert wrong <= 0.05


@given(positive, positive)
def test_the_difference_of_means_is_welchs(a, b):
    found = difference_of_means(a, b)
    if len(set(a)) > 1 and len(set(b)) > 1:
        expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
        assert found.low == pytest.approx(expected.low, rel=1e-6, abs=1e-6)
        assert found.high == pytest.approx(expected.high, rel=1e-6, abs=1e-6)


def test_a_single_trial_does_not_show_how_it_scatters():
    found = difference_of_means([5.0], [1.0, 2.0, 3.0])
    assert (found.mean, found.low, found.n) == (3.0, None, 4)
    assert ratio_of_geometric_means([6.0], [2.0, 2.0]).low is None
    assert difference_of_means([5.0, 5.0], [3.0, 3.0]).low == 2.0


def test_a_ratio_by_hand():
    """Logarithms to base 2: 3, 5 against 1, 1, so the ratio is 2 ** 3 and only one side scatters."""
    found = ratio_of_geometric_means([8.0, 32.0], [2.0, 2.0])
    assert found.mean == pytest.approx(8.0)
    assert math.log2(found.high) == pytest.approx(3 + 12.706, abs=1e-3)  # standard error 1, t(0.975, 1) = 12.706


@given(positive, positive)
def test_swapping_the_sides_inverts_the_ratio(a, b):
    found, inverse = ratio_of_geometric_means(a, b), ratio_of_geometric_means(b, a)
    assert found.mean == pytest.approx(1 / inverse.mean)
    assert math.log(found.low) == pytest.approx(-math.log(inverse.high), abs=1e-6)
    assert math.log(found.high) == pytest.approx(-math.log(inverse.low), abs=1e-6)
