import copy

import pytest

from common.errors import UserError
from common.reporting.evidence.published import load_paper
from common.reporting.verdicts.decidable import require, why_undecidable

SOLVED = {"experiment": "net", "metric": "solved"}


@pytest.fixture
def declare(suite):
    """Writes a paper with one claim, and the numbers of seeds of its experiments."""

    def declare(rule, seeds=3, other=3, **claim):
        params = copy.deepcopy(suite.params)
        for name, count in (("net", seeds), ("plain", other)):
            params["experiments"][name] = {"seeds": list(range(1, count + 1))}
        suite.write("params.yaml", params)
        content = copy.deepcopy(suite.published)
        content["units"] |= {"solved": "success", "bleu": "BLEU", "parameters": "parameters"}
        content["claims"] = [{"id": "c", "says": "s", "where": "w", "rule": rule, "scales": ["paper"]} | claim]
        suite.write("paper.yaml", content)
        return load_paper(suite.name)

    return declare


def pair(metric, expect="lower", **more):
    return {"metric": metric, "compare": ["net", "plain"], "expect": expect} | more


@pytest.mark.parametrize(
    "rule, seeds, words",
    [
        # 3 of 3: lower bound 0.29; 0 of 3: upper bound 0.71
        ({"value": SOLVED, "at_least": 0.4}, 3, "with 3 trials, the rule on net (solved) cannot come out either way"),
        ({"value": SOLVED, "at_least": 0.4}, 5, "cannot fail"),  # 0 of 5: upper bound 0.52
        ({"value": SOLVED, "at_least": 0.4}, 8, ""),
        ({"value": SOLVED, "at_least": 0.75}, 10, "cannot hold"),  # 10 of 10: lower bound 0.69
        ({"value": SOLVED, "published": 0.5, "tolerance": 0.1}, 20, "cannot hold"),  # no interval is so narrow
        ({"value": SOLVED, "published": 0.5, "tolerance": 0.1}, 120, ""),
        (pair("solved", "higher", paired_by="none"), 3, "cannot come out either way"),
        (pair("solved", "higher", paired_by="none"), 10, ""),
        (pair("bleu"), 1, "cannot come out either way"),
        (pair("bleu"), 2, ""),
        ({"metric": "bleu", "ratio": ["net", "plain"], "at_most": 1.1}, 1, "cannot come out either way"),
        ({"metric": "bleu", "ratio": ["net", "plain"], "at_most": 1.1}, 2, ""),
        ({"value": {"experiment": "net", "metric": "bleu"}, "published": 30, "tolerance": 1}, 3, ""),
        ({"ratio": [SOLVED | {"metric": f"bleu/{n}", "over": "bleu"} for n in (2, 12)], "at_least": 0.5}, 2, ""),
        ({"all": [pair("bleu"), {"value": SOLVED, "at_least": 0.4}]}, 3, "the rule on net (solved)"),
    ],
)
def test_too_few_trials(suite, declare, rule, seeds, words):
    paper = declare(rule, seeds, seeds, scales=["quick", "scaled", "paper"])
    found = why_undecidable(suite.name, paper, paper.claims[0], "paper")
    assert words in found if words else found == ""


def test_a_rate_between_two_others_may_be_any(suite, declare):
    """Of 6 trials each, no rate differs from both 0 and 1; of 30 one does."""
    rule = {"metric": "solved", "order": ["counts", "net", "plain"], "expect": "lower", "paired_by": "none"}
    params = copy.deepcopy(suite.params)
    for few, words in ((6, "cannot hold"), (30, "")):
        paper = declare(rule, few, few)
        params["experiments"] = {name: {"seeds": list(range(few))} for name in ("counts", "net", "plain", "big")}
        suite.write("params.yaml", params)
        paper = paper.model_copy(update={"counted": ()})
        found = why_undecidable(suite.name, paper, paper.claims[0], "paper")
        assert words in found if words else found == ""


def test_a_counted_number_stands_beside_trained_ones(suite, declare):
    paper = declare(pair("test/perplexity", compare=["net", "counts"]))
    assert why_undecidable(suite.name, paper, paper.claims[0], "paper") == ""
    paper = paper.model_copy(update={"counted": ()})
    assert "with 3 trials and 1 trial" in why_undecidable(suite.name, paper, paper.claims[0], "paper")


@pytest.mark.parametrize(
    "one, other, expect, true",
    [
        ("test/perplexity/average", "test/perplexity", "lower", True),
        ("test/perplexity", "test/perplexity/ensemble", "higher", True),
        ("test/perplexity/average+kn5", "test/perplexity/average", "lower", False),
        ("bleu/ensemble", "bleu", "higher", False),
        ("test/perplexity", "test/perplexity/average", "lower", False),
    ],
)
def test_what_mathematics_decides(suite, declare, one, other, expect, true):
    sides = [{"experiment": "net", "metric": metric} for metric in (one, other)]
    paper = declare({"compare": sides, "expect": expect})
    assert ("Jensen" in why_undecidable(suite.name, paper, paper.claims[0], "paper")) == true


def test_numbers_of_parameters_are_arithmetic(suite, declare):
    paper = declare({"metric": "parameters", "ratio": ["net", "plain"], "at_most": 0.7})
    assert "follow from the settings" in why_undecidable(suite.name, paper, paper.claims[0], "paper")


def test_such_a_rule_is_refused_unless_it_says_why_it_stands(suite, declare):
    rule = {"value": SOLVED, "at_least": 0.4}
    with pytest.raises(UserError, match=r"paper.yaml:\d+: c at scale paper: with 3 trials, .* cannot come out"):
        require(suite.name, declare(rule))
    said = require(suite.name, declare(rule, undecidable={"paper": "three were run"}))
    assert said["c", "paper"].endswith("cannot come out either way (three were run)")
    require(suite.name, declare(rule, retired={"paper": "no longer asked"}))
    with pytest.raises(UserError, match="can be decided at scale paper; delete it from 'undecidable:'"):
        require(suite.name, declare(rule, seeds=8, undecidable={"paper": "three were run"}))
