"""The quantities that rules are about: a metric, a difference or a ratio of two, with interval and basis."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from common.reporting.evidence import statistics as st
from common.reporting.evidence.hierarchical import gain, hierarchical_bootstrap
from common.reporting.evidence.published import Paper
from common.reporting.evidence.results import Runs
from common.reporting.evidence.rules import Term
from common.reporting.text import number, percent, several, share, signed
from common.reporting.verdicts import independent


@dataclass(frozen=True)
class Effect:
    """A measured quantity, its value per seed, its 95 % interval, and how it is written.

    ``values`` has a single entry, without a seed's name, where the quantity is not one of single seeds.
    ``basis`` says what it stands on ("3 seeds", "27 of 30 against 10 trials"). ``exact``: counted rather than
    trained, so its mean is all there is to know and the interval is None.
    """

    label: str
    values: dict[str, float]
    mean: float
    low: float | None
    high: float | None
    exact: bool
    basis: str
    show: Callable[[float], str] = number
    unit: str = ""
    is_rate: bool = False

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The interval within which the quantity is known; None where a single seed gives none."""
        if self.exact:
            return self.mean, self.mean
        return None if self.low is None or self.high is None else (self.low, self.high)

    def sentence(self, ending: str) -> str:
        """The quantity with its interval and basis, then what follows from it."""
        shown = f"{self.label} = {self.show(self.mean)} {self.unit}".rstrip()
        if self.exact:
            return f"{shown} (counted, no randomness): {ending}"
        if self.low is None or self.high is None:
            return f"{shown} ({self.basis}): {ending}"
        interval = f"95 % interval {self.show(self.low)} to {self.show(self.high)}"
        return f"{shown} ({interval}, {self.basis}): {ending}"


def label(sign: str, a: Term, b: Term) -> str:
    """``a − b (metric)``, with both metrics where they differ."""
    if a.quantity == b.quantity:
        return f"{a.experiment} {sign} {b.experiment} ({a.quantity})"
    return f"{a.experiment} ({a.quantity}) {sign} {b.experiment} ({b.quantity})"


def _signed(times: float, size: float, value: float) -> str:
    return signed(times * value, size)


class Effects:
    """Reads effects from the runs of one scale of one paper. Each method needs metrics that were measured.

    ``difference`` and ``ratio`` return None where the two sides have no seed in common.
    """

    def __init__(self, paper: Paper, runs: Runs) -> None:
        self.paper, self.runs = paper, runs

    def values(self, one: Term) -> dict[str, float]:
        run = self.runs[one.experiment]
        values = run.values(one.metric)
        if one.over is None or not values:
            return values
        fixed = run.is_fixed(one.metric), run.is_fixed(one.over)
        return st.paired(operator.sub, values, run.values(one.over), *fixed)

    def of(self, one: Term) -> Effect:
        """A metric by itself; the mean of a skewed one, since means are what papers print."""
        values, unit, rate = self.values(one), self.paper.unit(one.metric) or "", self.paper.is_rate(one.metric)
        found = st.estimate(values, unit, self.paper.is_skewed(one.metric))
        name, basis, exact = f"{one.experiment} ({one.quantity})", self._basis(one), self._is_fixed(one)
        if rate:
            values = {"": found.mean}
            return Effect(name, values, found.mean, found.low, found.high, exact, basis, percent, is_rate=True)
        if self.paper.is_skewed(one.metric):
            name = f"mean of {name}"
        return Effect(name, values, found.mean, found.low, found.high, exact, basis, number, unit)

    def difference(self, a: Term, b: Term, paired_by: str) -> Effect | None:
        """``a - b``; of success rates, in percentage points."""
        rate, fixed = self.paper.is_rate(a.metric), (self._is_fixed(a), self._is_fixed(b))
        x, y = self.values(a), self.values(b)
        counts = [None if one.over else self.runs[one.experiment].sentences(one.metric) for one in (a, b)]
        if all(one is not None for one in counts):
            found = hierarchical_bootstrap(*counts)
            starts, seeds, sentences = counts[0].shape[0], max(one.shape[1] for one in counts), counts[0].shape[2]
            values = {str(n): value for n, value in enumerate(gain(*counts).mean(axis=0))}
            basis = f"{several(starts, 'start')} of tuning, {several(seeds, 'seed')}, {several(sentences, 'sentence')}"
        elif paired_by == "none" and not any(fixed):
            sides = [list(x.values()), list(y.values())]
            found = (independent.difference_of_rates if rate else independent.difference_of_means)(*sides)
            values, basis = {"": found.mean}, self._basis(a, b)
        else:
            values = st.paired(operator.sub, x, y, *fixed)
            if not values:
                return None
            found = st.t_interval(list(values.values()))
            basis = several(found.n, self.paper.run_of_a_seed)
        times, unit = (100, "points") if rate else (1, self.paper.unit(a.metric) or "")
        # Digits for the effect itself, but not for the rounding that is left where there is no effect.
        ends = [abs(end) for end in (found.low, found.high) if end is not None]
        size = times * max(abs(found.mean), 0.1 * max(ends, default=0))
        show = partial(_signed, times, size)
        return Effect(label("−", a, b), values, found.mean, found.low, found.high, all(fixed), basis, show, unit)

    def ratio(self, a: Term, b: Term, paired_by: str) -> Effect | None:
        """``a / b`` of positive quantities, a geometric mean: factors average by multiplication."""
        fixed = self._is_fixed(a), self._is_fixed(b)
        x, y = self.values(a), self.values(b)
        if paired_by == "none" and not any(fixed):
            found = independent.ratio_of_geometric_means(list(x.values()), list(y.values()))
            values, basis = {"": found.mean}, f"geometric means of {self._basis(a, b)}"
        else:
            values = st.paired(operator.truediv, x, y, *fixed)
            if not values:
                return None
            found = st.ratio_interval(list(values.values()))
            basis = several(found.n, self.paper.run_of_a_seed)
        return Effect(label("/", a, b), values, found.mean, found.low, found.high, all(fixed), basis)

    def _is_fixed(self, one: Term) -> bool:
        random = self.paper.is_rate(one.metric) or self.paper.is_skewed(one.metric)
        both = (one.metric, one.over or one.metric)
        return all(self.runs[one.experiment].is_fixed(metric) for metric in both) and not random

    def _basis(self, *sides: Term) -> str:
        """What each side stands on: successes of trials, or the seeds that measured it of those that ran."""
        return several(" against ".join(self._count(one) for one in sides), self.paper.run_of_a_seed)

    def _count(self, one: Term) -> str:
        values, run = self.values(one), self.runs[one.experiment]
        if self.paper.is_rate(one.metric):
            return f"{sum(values.values()):.0f} of {len(values)}"
        return share(len(values), len(run.seeds))
