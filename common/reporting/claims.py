"""The verdict on a claim: the rule of ``paper.yaml`` applied to the runs of one scale.

A comparison (``compare``, ``order``, ``ratio``) is decided by the 95 % interval of its effect: it holds when
the interval lies wholly on the claimed side, fails when it lies wholly on the other, and is inconclusive
between. A ``value`` is decided by the mean: it holds within the tolerance or on the better side, and fails on
the worse. ``all`` and ``order`` hold when every part holds, and fail when one part fails. What holds is
*reproduced* at the scale ``paper`` and *direction holds* at a smaller one. A quantity with randomness and
fewer than two seeds decides nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from common.config import SCALES
from common.reporting import statistics as st
from common.reporting.published import All, Claim, Compare, Order, Paper, Ratio, Term, Value, terms
from common.reporting.results import Runs, why_absent
from common.reporting.text import number, several, signed

REPRODUCED = "reproduced"
DIRECTION = "direction holds"
FAILED = "not reproduced"
INCONCLUSIVE = "inconclusive"
NOT_ATTEMPTED = "not attempted"
VERDICTS = (REPRODUCED, DIRECTION, FAILED, INCONCLUSIVE, NOT_ATTEMPTED)
HOLDS = (REPRODUCED, DIRECTION)


@dataclass(frozen=True)
class Effect:
    """The quantity that decides a rule: its value per seed, its interval, and what the claim allows."""

    label: str
    values: dict[str, float]
    mean: float
    low: float | None
    high: float | None
    line: float  # no effect, a ratio's bound, or the published number
    allowed: tuple[float, float]


@dataclass(frozen=True)
class Part:
    sentence: str
    effect: Effect | None = None


@dataclass(frozen=True)
class Decision:
    holds: bool | None  # None: inconclusive
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Verdict:
    """One claim at one scale; ``parts`` is the evidence, a sentence with numbers for each quantity."""

    claim: Claim
    scale: str
    verdict: str
    parts: tuple[Part, ...]

    @property
    def evidence(self) -> str:
        return "; ".join(part.sentence for part in self.parts)


def _beyond(effect: st.Estimate, bound: float, side: str, exact: bool) -> tuple[bool | None, str]:
    """Whether the interval of ``effect`` lies on the claimed side of ``bound``, and the sentence's ending."""
    what = "0" if bound == 0 else number(bound)
    low, high = (effect.mean, effect.mean) if exact else (effect.low, effect.high)
    if low is None or high is None:
        return None, "one seed, so there is no interval"
    # "at most 1.1" allows 1.1 itself; a difference of 0 is no difference.
    below, above = (high <= bound, low >= bound) if bound else (high < 0, low > 0)
    if above if side == "higher" else below:
        return True, "the claimed direction" if bound == 0 else f"on the claimed side of {what}"
    if below or above:
        return False, "the opposite of the claim" if bound == 0 else f"on the wrong side of {what}"
    if exact:
        return False, "no difference"
    return None, f"the interval includes {what}"


def _sentence(
    label: str, shown: str, effect: st.Estimate, show: Callable[[float], str], ending: str, exact: bool
) -> str:
    if exact:
        return f"{label} = {shown} (counted, no randomness): {ending}"
    if effect.low is None or effect.high is None:
        return f"{label} = {shown} (1 seed): {ending}"
    interval = f"95 % interval {show(effect.low)} to {show(effect.high)}"
    return f"{label} = {shown} ({interval}, {several(effect.n, 'seed')}): {ending}"


def _side(line: float, expect: str) -> tuple[float, float]:
    return (-math.inf, line) if expect == "lower" else (line, math.inf)


class Judge:
    """Applies rules to the runs of one scale of one paper."""

    def __init__(self, paper: Paper, runs: Runs) -> None:
        self.paper, self.runs = paper, runs

    def _names(self, a: Term, b: Term) -> tuple[str, str]:
        if a.metric == b.metric:
            return a.experiment, b.experiment
        return f"{a.experiment} ({a.metric})", f"{b.experiment} ({b.metric})"

    def _sides(self, a: Term, b: Term) -> tuple[st.Values, st.Values, bool, bool]:
        runs = self.runs[a.experiment], self.runs[b.experiment]
        fixed = runs[0].is_fixed(a.metric), runs[1].is_fixed(b.metric)
        return runs[0].values(a.metric), runs[1].values(b.metric), *fixed

    def difference(self, a: Term, b: Term, expect: str) -> Decision:
        sides = self._sides(a, b)
        label = " − ".join(self._names(a, b))
        values = st.paired_differences(*sides)
        if not values:
            return Decision(None, (Part(f"{label}: the two have no seed in common"),))
        effect, exact = st.t_interval(list(values.values())), sides[2] and sides[3]
        holds, ending = _beyond(effect, 0.0, expect, exact)
        shown = f"{signed(effect.mean)} {self.paper.unit(a.metric) or ''}".strip()
        sentence = _sentence(label, shown, effect, lambda x: signed(x, effect.mean), ending, exact)
        allowed = _side(0.0, expect)
        drawn = Effect(label, values, effect.mean, effect.low, effect.high, 0.0, allowed)
        return Decision(holds, (Part(sentence, drawn),))

    def ratio(self, rule: Ratio) -> Decision:
        a, b = terms(rule)
        sides = self._sides(a, b)
        label = " / ".join(self._names(a, b))
        values = st.paired_ratios(*sides)
        if not values:
            return Decision(None, (Part(f"{label}: the two have no seed in common"),))
        effect, exact = st.ratio_interval(list(values.values())), sides[2] and sides[3]
        if rule.at_most is not None:
            bound, expect, most = rule.at_most, "lower", "most"
        else:
            bound, expect, most = rule.at_least, "higher", "least"
        holds, ending = _beyond(effect, bound, expect, exact)
        sentence = _sentence(label, number(effect.mean), effect, number, ending, exact)
        drawn = Effect(label, values, effect.mean, effect.low, effect.high, bound, _side(bound, expect))
        return Decision(holds, (Part(f"{sentence} (claimed: at {most} {bound:g})", drawn),))

    def value(self, rule: Value) -> Decision:
        run, metric, line = self.runs[rule.value.experiment], rule.value.metric, rule.published
        values, unit = run.values(metric), self.paper.unit(metric) or ""
        mean, exact = st.estimate(values, unit), run.is_fixed(metric)
        # The tolerance is a decimal number: its binary neighbour must not decide.
        slack = rule.tolerance + 1e-9 * abs(line)
        allowed = (
            -math.inf if rule.better == "lower" else line - slack,
            math.inf if rule.better == "higher" else line + slack,
        )
        label = f"{run.experiment} ({metric})"
        drawn = Effect(label, values, mean.mean, mean.low, mean.high, line, allowed)
        shown = f"{number(mean.mean)} {unit}".strip()
        claimed = f"published {number(line)}, tolerance {rule.tolerance:g}"
        if mean.low is None and not exact:
            sentence = f"{label} = {shown} (1 seed; {claimed}): one seed decides nothing"
            return Decision(None, (Part(sentence, drawn),))
        holds = allowed[0] <= mean.mean <= allowed[1]
        if not holds:
            ending = "outside the tolerance"
        elif abs(mean.mean - line) <= slack:
            ending = "within the tolerance"
        else:
            ending = "better than published"
        sentence = _sentence(label, shown, mean, number, f"{ending} ({claimed})", exact)
        return Decision(holds, (Part(sentence, drawn),))

    def decide(self, rule: Compare | Order | Ratio | Value | All) -> Decision:
        match rule:
            case Compare():
                a, b = terms(rule)
                return self.difference(a, b, rule.expect)
            case Order():
                return _all([self.difference(a, b, rule.expect) for a, b in pairwise(terms(rule))])
            case Ratio():
                return self.ratio(rule)
            case Value():
                return self.value(rule)
            case All():
                return _all([self.decide(one) for one in rule.all])
        raise TypeError(rule)


def _all(decisions: Sequence[Decision]) -> Decision:
    outcomes = [one.holds for one in decisions]
    holds = False if False in outcomes else None if None in outcomes else True
    return Decision(holds, tuple(part for one in decisions for part in one.parts))


def _missing(name: str, claim: Claim, scale: str, runs: Runs) -> str:
    """Why ``claim`` cannot be decided at ``scale``; empty when everything that its rule reads is there."""
    if claim.scales is not None and scale not in claim.scales:
        return f"the rule is only for the scale{'s'[: len(claim.scales) - 1]} {' and '.join(claim.scales)}"
    named = terms(claim.rule)
    absent = list(dict.fromkeys(one.experiment for one in named if one.experiment not in runs))
    if absent:
        return why_absent(name, absent, scale)
    lacking = [f"{one.experiment} did not measure {one.metric}" for one in named
               if not runs[one.experiment].values(one.metric)]  # fmt: skip
    return "; ".join(dict.fromkeys(lacking))


def judge(name: str, paper: Paper, claim: Claim, scale: str, runs: Runs) -> Verdict:
    """The verdict on one claim at one scale, with the numbers that decide it in a sentence."""
    if missing := _missing(name, claim, scale, runs):
        return Verdict(claim, scale, NOT_ATTEMPTED, (Part(missing),))
    decision = Judge(paper, runs).decide(claim.rule)
    held = REPRODUCED if scale == "paper" else DIRECTION
    verdict = INCONCLUSIVE if decision.holds is None else held if decision.holds else FAILED
    return Verdict(claim, scale, verdict, decision.parts)


def judge_all(name: str, paper: Paper, evidence: dict[str, Runs]) -> list[Verdict]:
    """Every claim at every scale, claims in the paper's order and scales from the smallest."""
    return [judge(name, paper, claim, scale, evidence[scale]) for claim in paper.claims for scale in SCALES]


def final(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Claim -> its verdict at the largest scale that decided it (``not attempted`` where none did)."""
    result: dict[str, str] = {}
    for one in sorted(verdicts, key=lambda v: SCALES.index(v.scale)):
        before = result.get(one.claim.id, NOT_ATTEMPTED)
        decided = one.verdict in (*HOLDS, FAILED)
        if decided or before == NOT_ATTEMPTED:
            result[one.claim.id] = one.verdict
    return result


def mark(verdicts: Sequence[Verdict]) -> str:
    """``[¬Re]`` when at least half of the claims fail, each at its largest decided scale; else ``[Re]``."""
    outcome = list(final(verdicts).values())
    failed, held = outcome.count(FAILED), sum(one in HOLDS for one in outcome)
    return "[¬Re]" if failed and failed >= held else "[Re]"
