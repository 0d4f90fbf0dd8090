from itertools import pairwise

import pytest

from common.reporting.evidence.published import Claim
from common.reporting.evidence.results import Record
from common.reporting.verdicts import claims
from common.reporting.verdicts.claims import DIRECTION, FAILED, INCONCLUSIVE, NOT_ATTEMPTED, REACH, REPRODUCED, RETIRED

LOW = {"1": 100.0, "2": 101.0, "3": 102.0}
HIGH = {"1": 110.0, "2": 111.5, "3": 112.0}
NEAR = {"1": 101.0, "2": 100.0, "3": 102.5}


def run(values, trained=True, **more):
    """A run with the metric ``m`` and others."""
    history = (("1", 1, 1, "valid/m", 2.0),) if trained else ()
    return Record(paper="p", experiment="?", scale="scaled", seeds=(1, 2, 3) if trained else (1,),
                  metrics={"m": values, **more}, parameters=None, seconds={"1": 100.0}, history=history)  # fmt: skip


@pytest.fixture
def decide(judged):
    def decide(rule, scale="scaled", scales=None, **runs):
        return judged({"units": {"m": "points"}}, rule, scale, runs, scales=scales)

    return decide


def compare(a, b, expect="lower"):
    return {"metric": "m", "compare": [a, b], "expect": expect}


@pytest.mark.parametrize(
    "a, b, expect, verdict",
    [
        (LOW, HIGH, "lower", DIRECTION),
        (LOW, HIGH, "higher", FAILED),
        (HIGH, LOW, "higher", DIRECTION),
        (HIGH, LOW, "lower", FAILED),
        (LOW, NEAR, "lower", INCONCLUSIVE),
        (LOW, NEAR, "higher", INCONCLUSIVE),
        ({"1": 1.0}, HIGH, "lower", INCONCLUSIVE),  # one seed in common
        (LOW, {"4": 1.0}, "lower", INCONCLUSIVE),  # none in common
    ],
)
def test_compare(decide, a, b, expect, verdict):
    assert decide(compare("a", "b", expect), a=run(a), b=run(b)).verdict == verdict


def test_the_evidence_says_the_numbers(decide):
    found = decide(compare("a", "b"), a=run(LOW), b=run({"1": 110.0, "2": 111.0, "3": 112.0}))
    assert found.evidence == ("a − b (m) = −10.0 points (95 % interval −10.0 to −10.0, 3 seeds): the claimed direction")
    (part,) = found.parts
    assert part.effect.values == {"1": -10.0, "2": -10.0, "3": -10.0}
    assert part.allowed == (float("-inf"), 0.0)


def test_only_the_papers_own_scale_reproduces(decide):
    runs = {"a": run(LOW), "b": run(HIGH)}
    assert decide(compare("a", "b"), scale="paper", **runs).verdict == REPRODUCED
    assert decide(compare("a", "b"), scale="quick", **runs).verdict == DIRECTION
    assert decide(compare("b", "a"), scale="paper", **runs).verdict == FAILED


def test_counts_have_one_seed_and_no_doubt(decide):
    counts, worse = run({"1": 105.0}, trained=False), run({"1": 120.0}, trained=False)
    assert decide(compare("net", "counts"), net=run(LOW), counts=counts).verdict == DIRECTION
    assert decide(compare("counts", "net"), net=run(LOW), counts=counts).verdict == FAILED
    exact = decide(compare("counts", "worse"), counts=counts, worse=worse)
    assert exact.verdict == DIRECTION and "no randomness" in exact.evidence
    assert decide(compare("counts", "same"), counts=counts, same=counts).verdict == FAILED
    once = run({"1": 105.0}, trained=True)
    assert decide(compare("net", "once"), net=run(LOW), once=once).verdict == INCONCLUSIVE


def test_sides_may_name_their_own_metric(decide):
    rule = {"compare": [{"experiment": "a", "metric": "m/mixed"}, {"experiment": "a", "metric": "m"}],
            "expect": "lower"}  # fmt: skip
    found = decide(rule, a=run(HIGH, **{"m/mixed": LOW}))
    assert found.verdict == DIRECTION and "a (m/mixed) − a (m)" in found.evidence
    average = decide(
        {**rule, "compare": [{"experiment": "a", "metric": "m/average"}, {"experiment": "a", "metric": "m"}]},
        a=run(HIGH, **{"m/average": {"1+2+3": 100.0}}),
    )
    assert average.verdict == DIRECTION


def test_a_side_may_be_what_one_metric_has_more_than_another(decide):
    """The share of a gain: 4 of 5 more than the start, whatever the numbers themselves are."""
    start, most = {seed: value - 4 for seed, value in LOW.items()}, {seed: value + 1 for seed, value in LOW.items()}
    more = run(start, **{"m/two": LOW, "m/all": most})
    two, everything = ({"experiment": "a", "metric": metric, "over": "m"} for metric in ("m/two", "m/all"))
    found = decide({"ratio": [two, everything], "at_least": 0.9}, a=more)
    assert found.verdict == FAILED and "a (m/two over m) / a (m/all over m) = 0.8000" in found.evidence
    assert decide({"ratio": [two, everything], "at_least": 0.75}, a=more).verdict == DIRECTION
    assert decide({"compare": [two, everything], "expect": "lower"}, a=more).verdict == DIRECTION
    counts = run({"1": 100.0}, trained=False, **{"m/two": {"1": 104.5}})
    between = {"compare": [two | {"experiment": "counts"}, everything], "expect": "lower"}
    assert decide(between, a=more, counts=counts).verdict == DIRECTION
    assert decide({"value": two | {"metric": "m/none"}, "at_least": 1}, a=more).evidence == "a did not measure m/none"


def test_order_needs_every_step(decide):
    rule = {"metric": "m", "order": ["a", "b", "c"], "expect": "lower"}
    top = {"1": 130.0, "2": 131.0, "3": 133.0}
    assert decide(rule, a=run(LOW), b=run(HIGH), c=run(top)).verdict == DIRECTION
    assert decide(rule, a=run(LOW), b=run(NEAR), c=run(top)).verdict == INCONCLUSIVE
    assert decide(rule, a=run(HIGH), b=run(LOW), c=run(top)).verdict == FAILED
    assert decide(rule, a=run(LOW), b=run(NEAR), c=run({"1": 1.0, "2": 2.0, "3": 3.0})).verdict == FAILED


@pytest.mark.parametrize(
    "bound, verdict",
    [
        ({"at_most": 1.2}, DIRECTION),
        ({"at_most": 1.05}, FAILED),
        ({"at_most": 1.1}, INCONCLUSIVE),
        ({"at_least": 1.05}, DIRECTION),
        ({"at_least": 1.2}, FAILED),
    ],
)
def test_ratio(decide, bound, verdict):
    rule = {"metric": "m", "ratio": ["b", "a"], **bound}
    assert decide(rule, a=run(LOW), b=run(HIGH)).verdict == verdict


def test_a_ratio_of_exactly_the_bound_is_allowed(decide):
    twice = {seed: 2 * value for seed, value in LOW.items()}
    counts = {"a": run({"1": 2.0}, trained=False), "b": run({"1": 4.0}, trained=False)}
    for bound in ({"at_most": 2.0}, {"at_least": 2.0}):
        assert decide({"metric": "m", "ratio": ["b", "a"], **bound}, **counts).verdict == DIRECTION
    found = decide({"metric": "m", "ratio": ["b", "a"], "at_most": 2.01}, a=run(LOW), b=run(twice))
    assert found.verdict == DIRECTION and "claimed: at most 2.01" in found.evidence


@pytest.mark.parametrize(
    "mean, better, verdict",
    [
        (141.2, "lower", REACH),
        (141.5, "lower", REACH),  # the tolerance itself, although 141.5 - 141.2 > 0.3 in binary
        (141.51, "lower", FAILED),
        (120.0, "lower", REACH),
        (120.0, "higher", FAILED),
        (160.0, "higher", REACH),
        (140.9, None, REACH),
        (120.0, None, FAILED),
        (160.0, None, FAILED),
    ],
)
def test_value(decide, mean, better, verdict):
    rule = {"value": {"experiment": "a", "metric": "m"}, "published": 141.2, "tolerance": 0.3, "better": better}
    assert decide(rule, a=run({"1": mean}, trained=False)).verdict == verdict
    assert decide(rule, a=run({"1": mean})).verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    "mean, spread, verdict",
    [(141.2, 0.01, REPRODUCED), (141.2, 1, INCONCLUSIVE), (141.45, 0.1, INCONCLUSIVE), (143, 0.1, FAILED)],
)
def test_a_published_number_wants_the_whole_interval_within_its_tolerance(decide, mean, spread, verdict):
    rule = {"value": {"experiment": "a", "metric": "m"}, "published": 141.2, "tolerance": 0.3}
    assert decide(rule, scale="paper", a=run({"1": mean - spread, "2": mean, "3": mean + spread})).verdict == verdict


def test_all_holds_when_every_part_holds(decide):
    good, open_, bad = compare("a", "b"), compare("a", "c"), compare("b", "a")
    runs = {"a": run(LOW), "b": run(HIGH), "c": run(NEAR)}
    assert decide({"all": [good, good]}, **runs).verdict == DIRECTION
    assert decide({"all": [good, open_]}, **runs).verdict == INCONCLUSIVE
    assert decide({"all": [open_, bad]}, **runs).verdict == FAILED
    assert len(decide({"all": [good, {"all": [open_, bad]}]}, **runs).parts) == 3


def test_not_attempted_says_why(suite, decide):
    rule = compare("net", "plain")
    assert decide(rule, net=run(LOW)).evidence == "no record of plain at scale scaled"
    assert decide(compare("big", "net"), scale="quick").evidence == "the scale quick has no big"
    assert decide(rule, scales=("scaled", "paper"), scale="quick").evidence == (
        "the rule is only for the scales scaled and paper"
    )
    other = decide({**rule, "metric": "m/other"}, net=run(LOW), plain=run(LOW))
    assert other.evidence == "net did not measure m/other; plain did not measure m/other"
    assert other.verdict == NOT_ATTEMPTED


def test_a_claim_may_be_about_time(decide):
    slow = run(HIGH).model_copy(update={"seconds": {"1": 900.0, "2": 1000.0}})
    fast = run(LOW).model_copy(update={"seconds": {"1": 100.0, "2": 101.0}})
    rule = {"metric": "seconds", "ratio": ["slow", "fast"], "at_least": 5}
    assert decide(rule, slow=slow, fast=fast).verdict == DIRECTION


def test_the_mark_follows_the_largest_decided_scale(suite, decide):
    def verdict(name, scale, outcome):
        claim = Claim(id=name, says="s", where="w", rule=compare("a", "b"))
        return claims.Verdict(claim, scale, outcome, ())

    small, large = verdict("x", "quick", FAILED), verdict("x", "scaled", DIRECTION)
    assert claims.final([large, small]) == {"x": DIRECTION}
    assert claims.final([small, verdict("x", "paper", NOT_ATTEMPTED)]) == {"x": FAILED}
    assert claims.final([verdict("x", "quick", INCONCLUSIVE), verdict("x", "paper", NOT_ATTEMPTED)]) == {
        "x": INCONCLUSIVE
    }
    for weak, strong in pairwise((NOT_ATTEMPTED, RETIRED, INCONCLUSIVE, FAILED)):
        for pair in ((weak, strong), (strong, weak)):
            assert claims.final([verdict("x", *one) for one in zip(("quick", "scaled"), pair, strict=True)]) == {
                "x": strong}  # fmt: skip
    assert claims.mark([small, large]) == "[Re]"
    assert claims.mark([small]) == "[¬Re]"
    assert claims.mark([large, verdict("y", "quick", FAILED)]) == "[¬Re]"
    assert claims.mark([large, verdict("y", "quick", FAILED), verdict("z", "quick", DIRECTION)]) == "[Re]"
    assert claims.mark([]) == "[Re]"
