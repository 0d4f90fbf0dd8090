"""Whether a rule of ``paper.yaml`` holds in the runs of one scale, and the numbers that say so.

A comparison (``compare``, ``order``, ``ratio``, a ``value`` with a bound) is decided by the 95 % interval of its
effect: it holds when the interval lies wholly on the claimed side, fails when it lies wholly on the other, and is
open between. Seeds are paired; trials with ``paired_by: none`` are not, and may be of different number. A ``value``
beside a published number holds when the whole interval lies within the tolerance or on the better side, and fails when
all of it lies beyond.
``all`` and ``order`` hold when every part holds, and fail when one part fails. A quantity with randomness and fewer
than two seeds decides nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from common.reporting.evidence.published import Paper
from common.reporting.evidence.results import Runs, lacking
from common.reporting.evidence.rules import All, Compare, Entry, Order, Ratio, Term, Value, terms
from common.reporting.text import percent, printed
from common.reporting.verdicts.effects import Effect, Effects, label


@dataclass(frozen=True)
class Part:
    """A piece of evidence: a sentence, and where there is one the effect with what it is held against."""

    sentence: str
    effect: Effect | None = None
    line: float = 0.0  # no effect, a bound, or the published number
    allowed: tuple[float, float] = (-math.inf, math.inf)


@dataclass(frozen=True)
class Decision:
    holds: bool | None  # None: inconclusive
    parts: tuple[Part, ...]


class Judge:
    """Applies rules to the runs of one scale of one paper."""

    def __init__(self, paper: Paper, runs: Runs) -> None:
        self.paper, self.runs, self.effects = paper, runs, Effects(paper, runs)
        self.thing = paper.run_of_a_seed

    def decide(self, rule: Entry) -> Decision:
        """Whether ``rule`` holds; every experiment that it names must be among the runs."""
        if isinstance(rule, All):
            return _combined([self.decide(one) for one in rule.all])
        named = terms(rule)
        if missing := self.lacking(named):
            return _open(missing)
        match rule:
            case Compare() | Order():
                return _combined([self._contrast(rule, a, b, 0.0, rule.expect) for a, b in pairwise(named)])
            case Ratio():
                return self._contrast(rule, *named, *_bound(rule))
            case Value(published=None):
                return self._beyond(self.effects.of(rule.value), *_bound(rule), self._number(rule.value))
            case Value():
                return self._value(rule)
        raise TypeError(rule)

    def lacking(self, named: Sequence[Term]) -> str:
        """What the runs of ``named``, which exist, do not have; empty when nothing is missing."""
        without = [one for one in named if not self.effects.values(one)]
        missing = [
            (self.runs[one.experiment], metric)
            for one in without
            for metric in (one.metric, one.over)
            if metric and not self.runs[one.experiment].values(metric)
        ]
        return "; ".join(dict.fromkeys(lacking(self.paper, run, metric) for run, metric in missing))

    def _contrast(self, rule: Compare | Order | Ratio, a: Term, b: Term, *claimed: Any) -> Decision:
        """What the effect of ``a`` against ``b`` says of the line and the side that are ``claimed``."""
        is_ratio = isinstance(rule, Ratio)
        name = label("/" if is_ratio else "−", a, b)
        if is_ratio and min(*self.effects.values(a).values(), *self.effects.values(b).values()) <= 0:
            return _open(f"{name}: a ratio needs numbers above 0")
        effect = (self.effects.ratio if is_ratio else self.effects.difference)(a, b, rule.paired_by)
        if effect is None:
            return _open(f"{name}: the two have no {self.thing} in common")
        return self._beyond(effect, *claimed)

    def _number(self, one: Term) -> Callable[[float], str]:
        """How a claim's own number about ``one`` is written."""
        return percent if self.paper.is_rate(one.metric) else printed

    def _beyond(
        self, effect: Effect, line: float, expect: str, claimed: str = "", write: Callable[[float], str] = printed
    ) -> Decision:
        """Whether the interval lies on the claimed side of ``line``, which is a bound where it is ``claimed``."""
        allowed = (-math.inf, line) if expect == "lower" else (line, math.inf)
        holds = None
        if effect.bounds is None:
            ending = f"one {self.thing}, so there is no interval"
        else:
            low, high = effect.bounds
            # "At most 1.1" allows 1.1 itself; a difference of 0 is no difference.
            below, above = (high <= line, low >= line) if claimed else (high < line, low > line)
            if above if expect == "higher" else below:
                holds, ending = True, "on the claimed side" if claimed else "the claimed direction"
            elif below or above:
                holds, ending = False, "on the wrong side" if claimed else "the opposite of the claim"
            elif effect.exact:
                holds, ending = False, "no difference"
            else:
                ending = "the interval includes the bound" if claimed else "the interval includes 0"
        sentence = effect.sentence(f"{ending} ({claimed} {write(line)})" if claimed else ending)
        return Decision(holds, (Part(sentence, effect, line, allowed),))

    def _value(self, rule: Value) -> Decision:
        effect, line, metric = self.effects.of(rule.value), rule.published, rule.value.metric
        # The tolerance is a decimal number: its binary neighbour must not decide.
        slack = rule.tolerance + 1e-9 * abs(line)
        allowed = (
            -math.inf if rule.better == "lower" else line - slack,
            math.inf if rule.better == "higher" else line + slack,
        )
        off = f"{100 * rule.tolerance:g} points" if self.paper.is_rate(metric) else printed(rule.tolerance)
        claimed = f"published {self._number(rule.value)(line)}, tolerance {off}"
        low, high = effect.bounds or (-math.inf, math.inf)
        if effect.bounds is None:
            holds, ending = None, f"one {self.thing} decides nothing"
        elif allowed[0] <= low and high <= allowed[1]:
            inside = abs(low - line) <= slack and abs(high - line) <= slack
            holds, ending = True, "within the tolerance" if inside else "within the tolerance or better"
        elif high < allowed[0] or low > allowed[1]:
            holds, ending = False, "outside the tolerance"
        else:
            holds, ending = None, "the interval reaches beyond the tolerance"
        return Decision(holds, (Part(effect.sentence(f"{ending} ({claimed})"), effect, line, allowed),))


def _open(sentence: str) -> Decision:
    return Decision(None, (Part(sentence),))


def _combined(decisions: Sequence[Decision]) -> Decision:
    """Holds when all hold, fails when one fails."""
    outcomes = [one.holds for one in decisions]
    holds = False if False in outcomes else None if None in outcomes else True
    return Decision(holds, tuple(part for one in decisions for part in one.parts))


def _bound(rule: Ratio | Value) -> tuple[float, str, str]:
    """The number of ``at_most`` or ``at_least``, the side that it leaves, and its name in a sentence."""
    if rule.at_most is not None:
        return rule.at_most, "lower", "claimed: at most"
    return rule.at_least, "higher", "claimed: at least"
