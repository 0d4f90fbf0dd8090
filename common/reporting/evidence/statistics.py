"""Means, medians, rates, differences and ratios over seeds (or trials), each with a 95 % interval.

What is measured decides the interval: a *rate* has the exact binomial one, a *skewed* quantity (a number of
sequences until success) the exact one of its median and a bootstrap one of its mean, anything else Student's t.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
TRIALS_FOR_A_MEDIAN = 6  # with five, the smallest and the largest value enclose the median in 93.75 % of cases

Values = Mapping[str, float]  # seed -> value; a key such as "1+2+3" is one value of several seeds together


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; the interval is None where too few values were measured."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Median:
    """A median and its 95 % interval, None where there are too few values for one."""

    value: float
    low: float | None
    high: float | None


def t_interval(values: Sequence[float]) -> Estimate:
    """The mean with Student's t interval. Raises: ValueError without values."""
    mean, n = fmean(values), len(values)
    if n < 2:
        return Estimate(mean, None, None, n)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * stdev(values) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def binomial(successes: int, trials: int) -> Estimate:
    """A success rate with the exact interval of Clopper and Pearson (1934)."""
    interval = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="exact")
    return Estimate(successes / trials, float(interval.low), float(interval.high), trials)


def median_interval(values: Sequence[float]) -> Median:
    """The median with the narrowest interval between two order statistics that is exact for any distribution.

    The k-th smallest value is above the median when fewer than k values are below it, with the probability
    P(Binomial(n, 1/2) < k) (Conover, Practical Nonparametric Statistics, section 3.2). Too few values (fewer
    than six) have no interval.
    """
    ordered, n = sorted(values), len(values)
    if n < TRIALS_FOR_A_MEDIAN:
        return Median(median(ordered), None, None)
    outside = (1 - CONFIDENCE) / 2
    k = max(k for k in range(1, n // 2 + 1) if stats.binom.cdf(k - 1, n, 0.5) <= outside)
    return Median(median(ordered), ordered[k - 1], ordered[n - k])


def bootstrap_mean(values: Sequence[float]) -> Estimate:
    """The mean of a skewed quantity with a BCa bootstrap interval (Efron 1987), always the same resamples.

    With too few values for a resample to show how they scatter, Student's t interval, which is wider.
    """
    if len(values) < TRIALS_FOR_A_MEDIAN or min(values) == max(values):
        return t_interval(values)
    found = stats.bootstrap(
        (np.asarray(values),), np.mean, confidence_level=CONFIDENCE, method="BCa", rng=np.random.default_rng(0)
    )
    interval = found.confidence_interval
    return Estimate(fmean(values), float(interval.low), float(interval.high), len(values))


def estimate(values: Values, unit: str = "", skewed: bool = False) -> Estimate:
    """The interval that fits: exact where each seed is a ``success`` (1) or failure (0), bootstrap for a
    ``skewed`` quantity, else Student's t.
    """
    if unit == "success":
        return binomial(round(sum(values.values())), len(values))
    if skewed:
        return bootstrap_mean(list(values.values()))
    return t_interval(list(values.values()))


def paired(
    how: Callable[[float, float], float], a: Values, b: Values, fixed_a: bool = False, fixed_b: bool = False
) -> dict[str, float]:
    """``how(x, y)``, such as ``x - y``, for every seed that both sides have.

    A side without randomness (``fixed``) stands beside every seed of the other.
    """
    if fixed_a:
        a = dict.fromkeys(b, next(iter(a.values())))
    if fixed_b:
        b = dict.fromkeys(a, next(iter(b.values())))
    return {seed: how(x, b[seed]) for seed, x in a.items() if seed in b}


def exponential(log: Estimate) -> Estimate:
    """An interval of a logarithm as one of the quantity itself."""
    low, high = (None if bound is None else math.exp(bound) for bound in (log.low, log.high))
    return Estimate(math.exp(log.mean), low, high, log.n)


def ratio_interval(ratios: Sequence[float]) -> Estimate:
    """The geometric mean of positive ratios, with the t interval of their logarithms."""
    return exponential(t_interval([math.log(ratio) for ratio in ratios]))
