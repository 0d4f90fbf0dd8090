"""Means, differences and ratios over seeds, each with a 95 % interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy import stats

CONFIDENCE = 0.95

Values = Mapping[str, float]  # seed -> value; a key such as "1+2+3" is one value of several seeds together


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; the interval is None where fewer than two values were measured."""

    mean: float
    low: float | None
    high: float | None
    n: int


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


def estimate(values: Values, unit: str = "") -> Estimate:
    """The interval that fits the unit: exact where each seed is a ``success`` (1) or failure (0); else t."""
    if unit == "success":
        return binomial(round(sum(values.values())), len(values))
    return t_interval(list(values.values()))


def _paired(a: Values, b: Values, fixed_a: bool, fixed_b: bool) -> dict[str, tuple[float, float]]:
    """The two sides, seed by seed; a side without randomness stands beside every seed of the other."""
    if fixed_a and fixed_b:
        return {"-": (next(iter(a.values())), next(iter(b.values())))}
    if fixed_a:
        return {seed: (next(iter(a.values())), value) for seed, value in b.items()}
    if fixed_b:
        return {seed: (value, next(iter(b.values()))) for seed, value in a.items()}
    return {seed: (value, b[seed]) for seed, value in a.items() if seed in b}


def paired_differences(
    a: Values, b: Values, fixed_a: bool = False, fixed_b: bool = False
) -> dict[str, float]:
    """``a - b`` for every seed that both sides have."""
    return {seed: x - y for seed, (x, y) in _paired(a, b, fixed_a, fixed_b).items()}


def paired_ratios(a: Values, b: Values, fixed_a: bool = False, fixed_b: bool = False) -> dict[str, float]:
    """``a / b`` for every seed that both sides have."""
    return {seed: x / y for seed, (x, y) in _paired(a, b, fixed_a, fixed_b).items()}


def ratio_interval(ratios: Sequence[float]) -> Estimate:
    """The geometric mean of positive ratios, with the t interval of their logarithms."""
    log = t_interval([math.log(ratio) for ratio in ratios])
    if log.low is None or log.high is None:
        return Estimate(math.exp(log.mean), None, None, log.n)
    return Estimate(math.exp(log.mean), math.exp(log.low), math.exp(log.high), log.n)
