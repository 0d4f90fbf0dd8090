"""Whether the two arms of a comparison differ in nothing but what the rule varies."""

from itertools import pairwise
from typing import Any

from common import config
from common.reporting.evidence.published import Claim, Paper
from common.reporting.evidence.results import Record, Runs
from common.reporting.evidence.rules import Value, rules, terms
from common.reporting.text import setting, short

UNKNOWN = "not recorded"


def _surroundings(run: Record) -> dict[str, str]:
    made = run.provenance
    device = made.get("device", UNKNOWN)
    return {
        # Of all code that the experiment imports; whether parts that both use differ, it does not say.
        "code": short(made.get("fingerprint", {}).get("code")),
        "precision": made.get("precision") or UNKNOWN,
        "device": "GPU" if "NVIDIA" in device else device if device == UNKNOWN else "CPU",
    }


def _settings(name: str, a: Record, b: Record) -> dict[str, tuple[Any, Any]]:
    """The settings in which the runs differ where the paper's own rows do not."""
    theirs = [config.paper_setting(name, run.experiment) for run in (a, b)]
    return {
        key: (a.config[key], b.config[key])
        for key in a.config
        if key in b.config
        and key != "seeds"
        and a.config[key] != b.config[key]
        and theirs[0].get(key) == theirs[1].get(key)
    }


def unlike(name: str, paper: Paper, claim: Claim, runs: Runs) -> tuple[str, ...]:
    """What differs between the arms of each comparison of ``claim`` and is not what it varies, a text for each.

    What is counted is not trained: its settings are none of a comparison's.
    """
    found = []
    for rule in rules(claim.rule):
        names = [] if isinstance(rule, Value) else [one.experiment for one in terms(rule)]
        for one, other in pairwise(names):
            if one == other:
                continue
            a, b = runs[one], runs[other]
            x, y = _surroundings(a), _surroundings(b)
            differing = {key: (x[key], y[key]) for key in x if x[key] != y[key]}
            if not {one, other} & set(paper.counted):
                differing |= _settings(name, a, b)
            found += [
                f"{key} of {one} and {other} ({setting(left)}, {setting(right)})"
                for key, (left, right) in differing.items()
                if key not in claim.varies
            ]
    return tuple(dict.fromkeys(found))
