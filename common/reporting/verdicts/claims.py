"""The verdict on a claim: what its rule decides (``decisions.py``) at one scale, in a word.

What holds is *reproduced* only at the scale ``paper``, in runs that do not less than the paper's. A smaller scale, or
fewer trials, gives *direction holds* for an effect and *within reach* for a published number; a contrast that the paper
did not print gives *our contrast holds* at every scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.config import SCALES
from common.reporting.evidence.deviations import reductions
from common.reporting.evidence.published import Claim, Paper
from common.reporting.evidence.results import Runs, why_absent
from common.reporting.evidence.rules import Value, experiments, rules, terms
from common.reporting.text import short
from common.reporting.verdicts import decidable
from common.reporting.verdicts.alike import unlike
from common.reporting.verdicts.decisions import Judge, Part
from common.reporting.verdicts.falsifiers import falsified_if
from common.training.provenance import rule_hashes

REPRODUCED = "reproduced"
REACH = "within reach"
DIRECTION = "direction holds"
OURS = "our contrast holds"
FAILED = "not reproduced"
INCONCLUSIVE = "inconclusive"
RETIRED = "retired"
NOT_ATTEMPTED = "not attempted"
VERDICTS = (REPRODUCED, REACH, DIRECTION, OURS, FAILED, INCONCLUSIVE, RETIRED, NOT_ATTEMPTED)
HOLDS = (REPRODUCED, REACH, DIRECTION, OURS)
OPEN = (NOT_ATTEMPTED, RETIRED, INCONCLUSIVE)  # words that decide nothing, the weakest first

BEFORE, CHANGED, UNKNOWN = "before", "changed", "unknown"  # the rule, against the runs it judges


@dataclass(frozen=True)
class Verdict:
    """One claim at one scale; ``parts`` is the evidence, a sentence with numbers for each quantity.

    Args:
        undecidable: why the rule cannot come out both ways at this scale; empty when it can.
        registered: whether the rule is older than the runs, ``changed`` with the commit that they were made from.
        looks: how often the test text was evaluated for the arm that was measured most often.
        unlike: what differs between the arms of its comparisons though the rule does not vary it.
        reduced: in what the runs did less than the paper.
    """

    claim: Claim
    scale: str
    verdict: str
    parts: tuple[Part, ...]
    falsified_if: str = ""
    undecidable: str = ""
    registered: str = UNKNOWN
    looks: int = 0
    unlike: tuple[str, ...] = ()
    reduced: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        return "; ".join(part.sentence for part in self.parts)

    @property
    def remarks(self) -> list[str]:
        """What a reader of the verdict has to know besides, a sentence each; nothing where nothing was judged."""
        if not self.looks:
            return []
        state, _, commit = self.registered.partition(" ")
        found = {
            BEFORE: "The rule is older than the runs",
            CHANGED: f"The rule was changed after the runs (they are of commit {short(commit)})",
            UNKNOWN: "Whether the rule is older than the runs was not recorded",
        }[state]
        also = (
            (self.looks > 1, f"The test text was evaluated {self.looks} times; equal settings are pooled"),
            (self.unlike, f"The arms also differ in {'; '.join(self.unlike)}"),
            (self.reduced, f"Less than the paper: {'; '.join(self.reduced)}"),
            (self.undecidable, f"Not decidable here: {self.undecidable}"),
        )
        return [found, *(sentence for holds, sentence in also if holds)]


def _missing(name: str, claim: Claim, scale: str, runs: Runs) -> str:
    """Why ``claim`` cannot be judged at ``scale``; empty when every experiment that its rule reads is there."""
    if claim.scales is not None and scale not in claim.scales:
        return f"the rule is only for the scale{'s'[: len(claim.scales) - 1]} {' and '.join(claim.scales)}"
    absent = [one for one in experiments(claim.rule) if one not in runs]
    return why_absent(name, absent, scale) if absent else ""


def _registered(claim: Claim, runs: Runs, hashes: Mapping[str, str]) -> str:
    made = [runs[one].provenance for one in experiments(claim.rule)]
    if any("rules" not in one for one in made):
        return UNKNOWN
    changed = [one.get("git_commit") for one in made if one["rules"].get(claim.id) != hashes[claim.id]]
    return f"{CHANGED} {changed[0] or 'unknown'}" if changed else BEFORE


def judge(name: str, paper: Paper, claim: Claim, scale: str, runs: Runs, undecidable: str = "",
          hashes: Mapping[str, str] | None = None) -> Verdict:  # fmt: skip
    """The verdict on one claim at one scale, with the numbers that decide it in a sentence.

    Where trials are counted, a metric that no trial has is a result (none came so far) and leaves the claim open;
    elsewhere it was not measured.

    Args:
        undecidable: why the claim cannot come out both ways at this scale.
        hashes: claim -> hash of its rule as it stands now; default: that of ``paper.yaml``.
    """
    retired, falsifier = claim.retired.get(scale), falsified_if(paper, claim)
    missing = _missing(name, claim, scale, runs)
    judging = Judge(paper, runs)
    if not missing and paper.run_of_a_seed == "seed":
        missing = judging.lacking(terms(claim.rule))
    if missing:
        return Verdict(
            claim, scale, RETIRED if retired else NOT_ATTEMPTED, (Part(retired or missing),), falsifier, undecidable
        )
    decision = judging.decide(claim.rule)
    used = [runs[one] for one in experiments(claim.rule)]
    reduced = tuple(less for run in used for less in reductions(name, paper, run)) if scale == "paper" else ()
    verdict, parts = FAILED, decision.parts
    if decision.holds is None:
        verdict = INCONCLUSIVE
    elif decision.holds:
        published = all(isinstance(rule, Value) and rule.published is not None for rule in rules(claim.rule))
        full = scale == "paper" and not reduced
        verdict = OURS if claim.ours else REPRODUCED if full else REACH if published else DIRECTION
        if claim.control and (why := _fails(name, paper, claim.control, scale, runs)):
            verdict, parts = INCONCLUSIVE, (*parts, Part(f"a negative finding counts beside a positive one: {why}"))
    if retired:
        verdict, parts = RETIRED, (Part(f"{retired}. It was: {verdict}"), *parts)
    return Verdict(
        claim, scale, verdict, parts, falsifier, undecidable,
        _registered(claim, runs, rule_hashes(name) if hashes is None else hashes),
        max(run.looks for run in used), unlike(name, paper, claim, runs), reduced,
    )  # fmt: skip


def _fails(name: str, paper: Paper, control: str, scale: str, runs: Runs) -> str:
    """Why the claim ``control`` does not hold; empty when it does."""
    claim = next(one for one in paper.claims if one.id == control)
    why = _missing(name, claim, scale, runs)
    return "" if not why and Judge(paper, runs).decide(claim.rule).holds else why or f"{control} does not hold"


def judge_all(name: str, paper: Paper, evidence: dict[str, Runs]) -> list[Verdict]:
    """Every claim at every scale, claims in the paper's order and scales from the smallest.

    Raises:
        UserError: a rule that cannot come out both ways with the declared seeds, and does not say why it stands.
    """
    reasons, hashes = decidable.require(name, paper), rule_hashes(name)
    return [
        judge(name, paper, claim, scale, evidence[scale], reasons[claim.id, scale], hashes)
        for claim in paper.claims for scale in SCALES
    ]  # fmt: skip


def final(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Claim -> its verdict at the largest scale that decided it, else the strongest word that decides nothing."""
    result: dict[str, str] = {}
    for one in sorted(verdicts, key=lambda v: SCALES.index(v.scale)):
        before = result.get(one.claim.id, NOT_ATTEMPTED)
        if one.verdict not in OPEN or before in OPEN and OPEN.index(one.verdict) >= OPEN.index(before):
            result[one.claim.id] = one.verdict
    return result


def mark(verdicts: Sequence[Verdict]) -> str:
    """``[¬Re]`` when at least half of the claims fail, each at its largest decided scale; else ``[Re]``."""
    outcome = list(final(verdicts).values())
    failed, held = outcome.count(FAILED), sum(one in HOLDS for one in outcome)
    return "[¬Re]" if failed and failed >= held else "[Re]"
