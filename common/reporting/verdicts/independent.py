"""Differences and ratios of two experiments whose trials have nothing in common, nor need be equally many.

``n`` of an estimate is the number of trials of both sides together.
"""

import math
from collections.abc import Sequence
from statistics import fmean, variance

from scipy import stats

from common.reporting.evidence.statistics import CONFIDENCE, Estimate, binomial, exponential


def difference_of_rates(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """The difference of two success rates, each given as the successes (1) and failures (0) of its trials.

    Newcombe's hybrid interval (1998, Statistics in Medicine 17:873, method 10) squares and adds the distances
    from each rate to the ends of its own interval. With the exact intervals of Clopper and Pearson instead of
    Wilson's scores, those that the tables show, it stays on the safe side with few trials: 3 of 3 against 0 of 3
    is open, as it is for Fisher's exact test.
    """
    p, q = (binomial(round(sum(trials)), len(trials)) for trials in (a, b))
    difference = p.mean - q.mean
    low = difference - math.hypot(p.mean - p.low, q.high - q.mean)
    high = difference + math.hypot(p.high - p.mean, q.mean - q.low)
    return Estimate(difference, low, high, p.n + q.n)


def difference_of_means(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """The difference of two means with the interval of Welch (1947): unequal variances, unequal numbers.

    Without an interval where a side has a single value: it does not show how it scatters.
    """
    difference, n = fmean(a) - fmean(b), len(a) + len(b)
    if min(len(a), len(b)) < 2:
        return Estimate(difference, None, None, n)
    errors = variance(a) / len(a), variance(b) / len(b)
    error = sum(errors)
    if error == 0:
        return Estimate(difference, difference, difference, n)
    # The shares keep tiny variances from vanishing when squared.
    shares = errors[0] / error, errors[1] / error
    freedom = 1 / (shares[0] ** 2 / (len(a) - 1) + shares[1] ** 2 / (len(b) - 1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(error)
    return Estimate(difference, difference - half, difference + half, n)


def ratio_of_geometric_means(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """How many times ``a`` is ``b``: Welch's interval on the logarithms of positive numbers.

    Numbers of training sequences differ by factors and scatter by factors. On that scale they are symmetrical, and
    the interval covers the truth in 95 % of cases already with three trials a side, which a bootstrap does not.
    """
    return exponential(difference_of_means([math.log(x) for x in a], [math.log(x) for x in b]))
