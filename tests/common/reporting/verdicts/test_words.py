"""Which word a rule that holds is given, and what is said beside it."""

import numpy as np
import pytest

from common.metrics.bleu_statistics import packed
from common.reporting.evidence.hierarchical import hierarchical_bootstrap
from common.reporting.verdicts.claims import DIRECTION, FAILED, INCONCLUSIVE, OURS, REACH, REPRODUCED, RETIRED
from tests.common.reporting.evidence.test_hierarchical import counts
from tests.common.reporting.verdicts.test_claims import HIGH, LOW, NEAR, run

UNITS = {"units": {"m": "points"}}
EFFECT = {"metric": "m", "compare": ["net", "plain"], "expect": "lower"}
NUMBER = {"value": {"experiment": "net", "metric": "m"}, "published": 101, "tolerance": 3}
RUNS = {"net": run(LOW), "plain": run(HIGH)}


@pytest.mark.parametrize(
    "rule, scale, claim, word",
    [
        (EFFECT, "paper", {}, REPRODUCED),
        (EFFECT, "scaled", {}, DIRECTION),
        (NUMBER, "paper", {}, REPRODUCED),
        (NUMBER, "scaled", {}, REACH),
        ({"all": [NUMBER, EFFECT]}, "scaled", {}, DIRECTION),
        ({"all": [NUMBER, NUMBER]}, "quick", {}, REACH),
        (EFFECT, "paper", {"ours": True}, OURS),
        (EFFECT, "scaled", {"ours": True}, OURS),
        ({**EFFECT, "expect": "higher"}, "paper", {"ours": True}, FAILED),
    ],
)
def test_words_of_what_holds(judged, rule, scale, claim, word):
    assert judged(UNITS, rule, scale, RUNS, **claim).verdict == word


@pytest.mark.parametrize("rule, word", [(EFFECT, DIRECTION), (NUMBER, REACH)])
def test_less_than_the_paper_reproduces_nothing(judged, rule, word):
    few = run({"1": 101.0, "2": 102.0}).model_copy(update={"seeds": (1, 2)})
    found = judged(UNITS, {**rule, "tolerance": 10} if rule is NUMBER else rule, "paper", RUNS | {"net": few})
    assert found.verdict == word and found.reduced == ("net: 2 of 3 seeds",)
    assert "Less than the paper: net: 2 of 3 seeds" in found.remarks


@pytest.mark.parametrize(
    "helped, word", [(HIGH, DIRECTION), (NEAR, INCONCLUSIVE), ({"1": 9.0, "2": 9.1, "3": 9.2}, INCONCLUSIVE)]
)
def test_a_negative_control_counts_beside_a_positive_one(judged, helped, word):
    """That plain fails says something only if something works: net below big."""
    works = {"id": "works", "says": "s", "where": "w", "rule": {"metric": "m", "compare": ["net", "big"],
                                                             "expect": "lower"}}  # fmt: skip
    runs = RUNS | {"big": run(helped)}
    found = judged(UNITS | {"claims": [works]}, EFFECT, "scaled", runs, control="works")
    assert found.verdict == word
    assert ("works does not hold" in found.evidence) == (word == INCONCLUSIVE)
    del runs["big"]
    found = judged(UNITS | {"claims": [works]}, EFFECT, "scaled", runs, control="works")
    assert found.verdict == INCONCLUSIVE and "no record of big" in found.evidence
    assert judged(UNITS | {"claims": [works]}, {**EFFECT, "expect": "higher"}, "scaled", runs,
                  control="works").verdict == FAILED  # fmt: skip


def test_a_retired_verdict_stays_with_its_reason(judged):
    found = judged(UNITS, EFFECT, "scaled", RUNS, retired={"scaled": "arithmetic"})
    assert found.verdict == RETIRED
    assert found.evidence.startswith("arithmetic. It was: direction holds; net − plain (m) = ")
    gone = judged(UNITS, EFFECT, "quick", {}, retired={"quick": "not reproduced (+1.07), then left out"})
    assert gone.verdict == RETIRED and gone.evidence == "not reproduced (+1.07), then left out"
    assert judged(UNITS, EFFECT, "paper", RUNS, retired={"scaled": "arithmetic"}).verdict == REPRODUCED


def registered(judged, hashes, commit="abcdef0123456789"):
    """The state of a rule that is now ``now``, with runs that began when it was ``hashes``."""
    made = [{"git_commit": commit} | ({} if old is None else {"rules": old}) for old in hashes]
    runs = {name: one.model_copy(update={"provenance": origin})
            for (name, one), origin in zip(RUNS.items(), made, strict=True)}  # fmt: skip
    return judged(UNITS, EFFECT, "scaled", runs, hashes={"c": "now"})


@pytest.mark.parametrize(
    "hashes, state, words",
    [
        (({"c": "now"}, {"c": "now"}), "before", "The rule is older than the runs"),
        (({"c": "now"}, {"c": "then"}), "changed abcdef0123456789",
         "The rule was changed after the runs (they are of commit abcdef0123)"),
        (({"c": "now"}, {}), "changed abcdef0123456789", "The rule was changed after"),  # written after the run
        (({"c": "now"}, None), "unknown", "was not recorded"),
    ],
)  # fmt: skip
def test_whether_the_rule_is_older_than_the_runs(judged, hashes, state, words):
    found = registered(judged, hashes)
    assert found.registered == state and words in found.remarks[0]


def test_every_look_counts(judged):
    """Measured again with the same settings, a row is judged by all that it gave, not by its better look."""
    settings = {"corpus": "real", "hidden": 50, "seeds": [1, 2, 3]}
    again = run(LOW).model_copy(update={"config": settings, "earlier": (
        {"git_commit": "a", "config": settings, "metrics": {"m": {"1": 121.0, "2": 121.5, "3": 122.0}}},)})  # fmt: skip
    plain = RUNS["plain"].model_copy(update={"config": settings})
    assert judged(UNITS, EFFECT, "scaled", {"net": run(LOW), "plain": plain}).verdict == DIRECTION
    found = judged(UNITS, EFFECT, "scaled", {"net": again, "plain": plain})
    assert found.verdict != DIRECTION and found.looks == 2
    assert "The test text was evaluated 2 times; equal settings are pooled" in found.remarks


def test_translation_systems_are_compared_over_starts_seeds_and_sentences(judged):
    """Where the figures of a run hold the counts of every sentence, they decide."""
    rng = np.random.default_rng(6)
    rows = {"m/rnn": counts(rng, 2, 3, 60, np.full((2, 3), 0.8)), "m": counts(rng, 2, 1, 60, np.full((2, 1), 0.7))}
    means = {"m/rnn": LOW, "m": LOW}
    net = run(means["m"], **{"m/rnn": means["m/rnn"]})
    kept = {name: [[packed(one) for one in seeds] for seeds in starts] for name, starts in rows.items()}
    net = net.model_copy(update={"figures": {"sentences": kept}})
    rule = {"compare": [{"experiment": "net", "metric": name} for name in rows], "expect": "higher"}
    found = judged(UNITS, rule, "scaled", {"net": net})
    known = hierarchical_bootstrap(rows["m/rnn"], rows["m"])
    (part,) = found.parts
    assert (part.effect.mean, part.effect.low, part.effect.high) == (known.mean, known.low, known.high)
    assert found.verdict == DIRECTION and "2 starts of tuning, 3 seeds, 60 sentences" in found.evidence
