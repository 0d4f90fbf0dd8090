import pytest

from common.reporting.evidence.published import Claim, Paper
from common.reporting.verdicts.alike import unlike
from tests.common.reporting.verdicts.test_claims import LOW, run

MADE = {"fingerprint": {"code": "c0de"}, "precision": "32-true", "device": "AMD EPYC"}


def arms(**changes):
    """The runs of net and plain, of which the second is made otherwise."""
    settings = {"corpus": "real", "hidden": 50, "seeds": [1, 2, 3]}
    config = settings | changes.pop("config", {})
    made = MADE | changes
    return {
        "net": run(LOW).model_copy(update={"experiment": "net", "config": settings, "provenance": MADE}),
        "plain": run(LOW).model_copy(update={"experiment": "plain", "config": config, "provenance": made}),
    }


def differing(suite, runs, rule=None, counted=(), **claim):
    rule = rule or {"metric": "m", "compare": ["net", "plain"], "expect": "lower"}
    paper = Paper.model_validate(suite.published | {"counted": counted})
    return unlike(suite.name, paper, Claim(id="c", says="s", where="w", rule=rule, **claim), runs)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, None),
        ({"fingerprint": {"code": "other"}}, "code of net and plain (c0de, other)"),
        ({"fingerprint": {}}, "code of net and plain (c0de, –)"),
        ({"precision": "bf16-mixed"}, "precision of net and plain (32-true, bf16-mixed)"),
        ({"precision": None}, "precision of net and plain (32-true, not recorded)"),
        ({"device": "NVIDIA H200"}, "device of net and plain (CPU, GPU)"),
        ({"device": "Intel(R) Xeon(R)"}, None),  # a processor like another
        ({"config": {"hidden": 64}}, "hidden of net and plain (50, 64)"),
        ({"config": {"seeds": [1]}}, None),
    ],
)
def test_what_differs_is_named(suite, changes, words):
    assert differing(suite, arms(**changes)) == (() if words is None else (words,))


def test_what_a_rule_varies_is_meant_to_differ(suite):
    runs = arms(config={"hidden": 64})
    assert differing(suite, runs, varies=("hidden",)) == ()
    assert differing(suite, runs, counted=["plain"]) == ()  # counting has no hidden units
    suite.write("params.yaml", suite.params | {"experiments": {**suite.params["experiments"], "plain": {"hidden": 99}}})
    assert differing(suite, runs) == ()  # the paper's own rows differ by it


def test_only_comparisons_have_arms(suite):
    runs = arms(precision="bf16-mixed")
    both = [{"value": {"experiment": name, "metric": "m"}, "at_most": 200} for name in runs]
    assert differing(suite, runs, {"all": both}) == ()
    itself = {"compare": [{"experiment": "net", "metric": m} for m in ("m", "m/2")], "expect": "lower"}
    assert differing(suite, runs, itself) == ()
    ratio = {"metric": "m", "ratio": ["plain", "net"], "at_most": 2}
    assert len(differing(suite, runs, {"all": [both[0], ratio]})) == 1
