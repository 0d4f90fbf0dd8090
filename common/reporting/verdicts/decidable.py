"""Whether a rule can come out both ways with the declared seeds or trials.

The decision itself (``decisions.py``) is asked about made-up results: if the best ones cannot make a part of the rule
hold, or the worst ones cannot make it fail, no training can.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from common import config, paths
from common.errors import UserError
from common.reporting.evidence.published import Claim, Paper, line_of
from common.reporting.evidence.results import Record, why_absent
from common.reporting.evidence.rules import Compare, Entry, Order, Term, Value, experiments, rules, terms
from common.reporting.text import several
from common.reporting.verdicts.decisions import Judge

FAR = 1e6
TOGETHER = ("/average", "/ensemble")  # metrics of several networks as one


def by_mathematics(paper: Paper, rule: Entry) -> str:
    """Why no measurement can refute ``rule``; empty when one can."""
    named = terms(rule)
    if any(one.metric == "parameters" for one in named):
        return "the numbers of parameters follow from the settings"
    if isinstance(rule, Compare | Order) and paper.unit(named[-1].metric) == "perplexity":
        one, other = named[:2] if rule.expect == "lower" else named[1::-1]
        if one.experiment == other.experiment and one.metric in [other.metric + end for end in TOGETHER]:
            return "the mean of probabilities is never less probable than its members on average (Jensen's inequality)"
    return ""


def _values(paper: Paper, rule: Entry, one: Term, seeds: int) -> Iterator[list[float]]:
    """Results of ``seeds`` that could decide ``rule``: at its number, and far on either side."""
    if paper.is_rate(one.metric):
        ends = isinstance(rule, Compare) or isinstance(rule, Order) and one in (terms(rule)[0], terms(rule)[-1])
        counts = (0, seeds) if ends else range(seeds + 1)
        yield from ([1.0] * count + [0.0] * (seeds - count) for count in counts)
    elif isinstance(rule, Value):
        numbers = (rule.published, rule.at_most, rule.at_least)
        line = next(number for number in numbers if number is not None)
        yield from ([value] * seeds for value in (line - FAR, line, line + FAR))
    else:
        yield from ([value] * seeds for value in (1 / FAR, 1.0, FAR))


def _outcomes(paper: Paper, rule: Entry, seeds: Mapping[str, int]) -> set[bool | None]:
    named = terms(rule)
    found = set()
    for values in product(*(_values(paper, rule, one, seeds[one.experiment]) for one in named)):
        metrics: dict[str, dict] = {}
        for one, results in zip(named, values, strict=True):
            measured = metrics.setdefault(one.experiment, {})
            measured[one.metric] = {str(n): value for n, value in enumerate(results)}
            if one.over:
                measured[one.over] = dict.fromkeys(measured[one.metric], 0.0)
        runs = {name: Record(paper="", experiment=name, scale="", seeds=tuple(range(seeds[name])), metrics=measured,
                             parameters=None, seconds={},
                             history=() if name in paper.counted else (("0", 0, 0, "", 0.0),))
                for name, measured in metrics.items()}  # fmt: skip
        found.add(Judge(paper, runs).decide(rule).holds)
    return found


def why_undecidable(name: str, paper: Paper, claim: Claim, scale: str) -> str:
    """Why ``claim`` cannot come out both ways at ``scale``; empty when it can."""
    named = experiments(claim.rule)
    if absent := [one for one in named if one not in config.experiments(name, scale)]:
        return why_absent(name, absent, scale)
    seeds = {one: len(config.resolve(name, one, scale)["seeds"]) for one in named}
    for rule in rules(claim.rule):
        if why := by_mathematics(paper, rule):
            return why
        missing = {True, False} - _outcomes(paper, rule, seeds)
        if missing:
            way = "come out either way" if len(missing) == 2 else "hold" if True in missing else "fail"
            sides = ", ".join(dict.fromkeys(f"{one.experiment} ({one.metric})" for one in terms(rule)))
            trials = " and ".join(dict.fromkeys(several(seeds[one], paper.run_of_a_seed) for one in experiments(rule)))
            return f"with {trials}, the rule on {sides} cannot {way}"
    return ""


def require(name: str, paper: Paper) -> dict[tuple[str, str], str]:
    """(claim, scale) -> why it cannot be decided there, or an empty text.

    Raises:
        UserError: a rule that cannot come out both ways and does not say why it stands, or that says so and can.
    """
    found, path = {}, paths.REPLICATIONS / name / "paper.yaml"
    for claim in paper.claims:
        for scale in config.SCALES:
            reason = found[claim.id, scale] = why_undecidable(name, paper, claim, scale)
            asked = scale in (claim.scales or config.SCALES) and scale not in claim.retired
            declared = set(experiments(claim.rule)) <= set(config.experiments(name, scale))
            said = (paper.undecidable | claim.undecidable).get(scale)
            if reason and declared and asked and not said:
                raise UserError(
                    f"{line_of(path, claim.id)}: {claim.id} at scale {scale}: {reason}; declare more seeds, ask what "
                    f"can be refuted, or say under 'undecidable: {{{scale}: ...}}' why the rule stands"
                )
            if scale in claim.undecidable and not reason:
                raise UserError(
                    f"{line_of(path, claim.id)}: {claim.id} can be decided at scale {scale}; "
                    f"delete it from 'undecidable:'"
                )
            if reason and said:
                found[claim.id, scale] = f"{reason} ({said})"
    return found
