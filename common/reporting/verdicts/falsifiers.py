"""What would falsify a claim, in words made from its rule: the text and the verdict (``decisions.py``) are one."""

from collections.abc import Callable
from itertools import pairwise

from common.reporting.evidence.published import Claim, Paper
from common.reporting.evidence.rules import Compare, Entry, Order, Ratio, Term, Value, experiments, rules, terms
from common.reporting.text import percent, printed
from common.reporting.verdicts.effects import label


def falsified_if(paper: Paper, claim: Claim) -> str:
    """The end of the sentence "Falsified if ..."."""
    ways = [way for rule in rules(claim.rule) for way in _ways(paper, rule)]
    if len(ways) == 1:
        return "the 95 % interval of {} lies {}".format(*ways[0])
    return f"a 95 % interval lies on the wrong side: {'; '.join(' '.join(way) for way in ways)}"


def _ways(paper: Paper, rule: Entry) -> list[tuple[str, str]]:
    """(quantity, where its interval lies) for each thing that would falsify ``rule``."""
    named = terms(rule)
    match rule:
        case Compare() | Order():
            side = "above" if rule.expect == "lower" else "below"
            # Of counted numbers, "no difference" is known too.
            also = " or is 0" if set(experiments(rule)) <= set(paper.counted) else ""
            return [(label("−", a, b), f"{side} 0{also}") for a, b in pairwise(named)]
        case Ratio():
            return [(label("/", *named), _beyond(rule, printed))]
        case Value():
            write = percent if paper.is_rate(rule.value.metric) else printed
            return [(_quantity(paper, rule.value), _beyond(rule, write))]
    raise TypeError(rule)


def _quantity(paper: Paper, one: Term) -> str:
    return ("the mean of " if paper.is_skewed(one.metric) else "") + f"{one.experiment} ({one.quantity})"


def _beyond(rule: Ratio | Value, write: Callable[[float], str]) -> str:
    if rule.at_most is not None:
        return f"above {write(rule.at_most)}"
    if rule.at_least is not None:
        return f"below {write(rule.at_least)}"
    low, high = (write(round(rule.published + sign * rule.tolerance, 9)) for sign in (-1, 1))
    return {"lower": f"above {high}", "higher": f"below {low}", None: f"below {low} or above {high}"}[rule.better]
