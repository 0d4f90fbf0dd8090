"""The verdict on a claim: what its rule decides (``decisions.py``) at one scale, in a word.

What holds is *reproduced* at the scale ``paper`` and *direction holds* at a smaller one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from common.config import SCALES
from common.reporting.evidence.published import Claim, Paper
from common.reporting.evidence.results import Runs, why_absent
from common.reporting.evidence.rules import terms
from common.reporting.verdicts.decisions import Judge, Part

REPRODUCED = "reproduced"
DIRECTION = "direction holds"
FAILED = "not reproduced"
INCONCLUSIVE = "inconclusive"
NOT_ATTEMPTED = "not attempted"
VERDICTS = (REPRODUCED, DIRECTION, FAILED, INCONCLUSIVE, NOT_ATTEMPTED)
HOLDS = (REPRODUCED, DIRECTION)


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


def _missing(name: str, claim: Claim, scale: str, runs: Runs) -> str:
    """Why ``claim`` cannot be judged at ``scale``; empty when every experiment that its rule reads is there."""
    if claim.scales is not None and scale not in claim.scales:
        return f"the rule is only for the scale{'s'[: len(claim.scales) - 1]} {' and '.join(claim.scales)}"
    absent = list(dict.fromkeys(one.experiment for one in terms(claim.rule) if one.experiment not in runs))
    return why_absent(name, absent, scale) if absent else ""


def judge(name: str, paper: Paper, claim: Claim, scale: str, runs: Runs) -> Verdict:
    """The verdict on one claim at one scale, with the numbers that decide it in a sentence.

    Where trials are counted, a metric that no trial has is a result (none came so far) and leaves the claim open;
    elsewhere it was not measured.
    """
    missing = _missing(name, claim, scale, runs)
    judging = Judge(paper, runs)
    if not missing and paper.run_of_a_seed == "seed":
        missing = judging.lacking(terms(claim.rule))
    if missing:
        return Verdict(claim, scale, NOT_ATTEMPTED, (Part(missing),))
    decision = judging.decide(claim.rule)
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
