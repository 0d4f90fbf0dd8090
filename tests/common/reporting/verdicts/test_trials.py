"""Claims about success rates and numbers of sequences, over independent trials of which some fail."""

import pytest

from common.reporting.evidence.results import Record
from common.reporting.verdicts.claims import DIRECTION, FAILED, INCONCLUSIVE, NOT_ATTEMPTED, REACH

SEQUENCES = [5000.0, 7000.0, 4000.0, 9000.0, 6000.0, 5500.0, 8000.0, 12000.0]


def run(solved, trials, sequences=(), **more):
    """A run in which the first ``solved`` of ``trials`` succeed, with their numbers of sequences."""
    seeds = [str(seed) for seed in range(1, trials + 1)]
    metrics = {"solved": {seed: float(n < solved) for n, seed in enumerate(seeds)}}
    if sequences:
        metrics["sequences"] = dict(zip(seeds, sequences, strict=False))
    return Record(paper="p", experiment="?", scale="scaled", seeds=tuple(map(int, seeds)), metrics=metrics | more,
                  parameters=None, seconds={})  # fmt: skip


@pytest.fixture
def decide(judged):
    units = {"solved": "success", "sequences": "sequences", "test/wrong": "wrong"}

    def decide(rule, **runs):
        return judged({"units": units, "medians": ["sequences"]}, rule, "scaled", runs)

    return decide


def higher(metric="solved"):
    return {"metric": metric, "compare": ["a", "b"], "expect": "higher", "paired_by": "none"}


@pytest.mark.parametrize(
    "a, b, verdict",
    [
        ((30, 30), (0, 10), DIRECTION),
        ((0, 10), (30, 30), FAILED),
        ((8, 10), (6, 10), INCONCLUSIVE),
        ((3, 3), (0, 3), INCONCLUSIVE),  # too few trials to exclude chance
        ((10, 10), (10, 10), INCONCLUSIVE),
        ((1, 1), (0, 1), INCONCLUSIVE),
    ],
)
def test_rates_are_compared_without_pairs(decide, a, b, verdict):
    assert decide(higher(), a=run(*a), b=run(*b)).verdict == verdict


def test_the_evidence_counts_the_successes(decide):
    found = decide(higher(), a=run(30, 30), b=run(0, 10))
    assert found.evidence == (
        "a − b (solved) = +100 points (95 % interval +67 to +100, 30 of 30 against 0 of 10 trials): "
        "the claimed direction"
    )
    (part,) = found.parts
    assert part.effect.values == {"": 1.0} and part.effect.mean == 1.0


@pytest.mark.parametrize(
    "solved, trials, bound, verdict",
    [
        (30, 30, {"at_least": 0.85}, DIRECTION),  # 88 to 100 %
        (10, 10, {"at_least": 0.9}, INCONCLUSIVE),  # 69 to 100 %
        (1, 30, {"at_least": 0.5}, FAILED),
        (0, 30, {"at_most": 0.2}, DIRECTION),
        (30, 30, {"at_most": 0.2}, FAILED),
        (0, 1, {"at_most": 0.5}, INCONCLUSIVE),
    ],
)
def test_a_rate_against_a_bound_is_decided_by_its_exact_interval(decide, solved, trials, bound, verdict):
    rule = {"value": {"experiment": "a", "metric": "solved"}, **bound}
    assert decide(rule, a=run(solved, trials)).verdict == verdict


@pytest.mark.parametrize(
    "solved, trials, verdict, words",
    [
        (18, 30, INCONCLUSIVE, "60 % (95 % interval 41 % to 77 %, 18 of 30 trials): the interval reaches beyond the "
                               "tolerance (published 62 %, tolerance 5 points)"),
        (30, 30, REACH, "within the tolerance or better"),
        (5, 30, FAILED, "outside the tolerance"),
        (1, 1, INCONCLUSIVE, "the interval reaches beyond the tolerance"),
    ],
)  # fmt: skip
def test_a_published_rate_holds_when_its_whole_interval_does(decide, solved, trials, verdict, words):
    rule = {"value": {"experiment": "a", "metric": "solved"}, "published": 0.62, "tolerance": 0.05, "better": "higher"}
    found = decide(rule, a=run(solved, trials))
    assert found.verdict == verdict and words in found.evidence


@pytest.mark.parametrize(
    "published, better, verdict",
    [
        (7000.0, "lower", INCONCLUSIVE),  # the interval of the mean, 7062, covers 7000
        (20000.0, "lower", REACH),
        (20000.0, None, FAILED),
        (2000.0, "lower", FAILED),
    ],
)
def test_a_published_number_of_sequences(decide, published, better, verdict):
    rule = {"value": {"experiment": "a", "metric": "sequences"}, "published": published, "tolerance": 0,
            "better": better}  # fmt: skip
    found = decide(rule, a=run(8, 10, SEQUENCES))
    assert found.verdict == verdict
    assert "mean of a (sequences) = 7 062 sequences" in found.evidence and "8 of 10 trials" in found.evidence


@pytest.mark.parametrize(
    "factor, bound, verdict",
    [
        (10, {"at_least": 5}, DIRECTION),
        (10, {"at_most": 5}, FAILED),
        (5, {"at_least": 5}, INCONCLUSIVE),
        (1, {"at_most": 2.5}, DIRECTION),
    ],
)
def test_ratios_of_unequally_many_trials(decide, factor, bound, verdict):
    longer = run(5, 5, [factor * value for value in SEQUENCES[3:]])
    rule = {"metric": "sequences", "ratio": ["a", "b"], **bound, "paired_by": "none"}
    found = decide(rule, a=longer, b=run(8, 10, SEQUENCES))
    assert found.verdict == verdict and "geometric means of 5 against 8 of 10 trials" in found.evidence


def test_the_same_trials_may_be_paired(decide):
    """Two criteria of the same trials; the one that failed at the second takes no part."""
    later = {str(seed): 3 * value for seed, value in enumerate(SEQUENCES[:7], 1)}
    rule = {"ratio": [{"experiment": "a", "metric": "sequences/st2"}, {"experiment": "a", "metric": "sequences"}],
            "at_least": 2.9}  # fmt: skip
    found = decide(rule, a=run(8, 10, SEQUENCES, **{"sequences/st2": later}))
    assert found.verdict == DIRECTION and "7 trials" in found.evidence


def test_means_and_orders_without_pairs(decide):
    few, many = run(8, 8, SEQUENCES), run(5, 5, [10 * value for value in SEQUENCES[3:]])
    assert decide(higher("sequences"), a=many, b=few).verdict == DIRECTION
    assert decide(higher("sequences"), a=few, b=many).verdict == FAILED
    rule = {"metric": "solved", "order": ["a", "b", "c"], "expect": "lower", "paired_by": "none"}
    assert decide(rule, a=run(0, 30), b=run(12, 30), c=run(29, 30)).verdict == DIRECTION
    assert decide(rule, a=run(0, 30), b=run(12, 30), c=run(14, 30)).verdict == INCONCLUSIVE


def test_no_trial_came_so_far(decide):
    """A number of sequences that nobody has is no missing run; a rate of nought still decides."""
    ratio = {"metric": "sequences", "ratio": ["a", "b"], "at_least": 2, "paired_by": "none"}
    runs = {"a": run(0, 20), "b": run(8, 10, SEQUENCES)}
    found = decide(ratio, **runs)
    assert found.verdict == INCONCLUSIVE
    assert found.evidence == "none of the 20 trials of a has sequences"
    both = decide({"all": [ratio, higher()]}, **runs)
    assert both.verdict == FAILED and "0 of 20 against 8 of 10 trials" in both.evidence
    assert decide(ratio, a=runs["a"]).verdict == NOT_ATTEMPTED


def test_a_ratio_of_nothing(decide):
    rule = {"metric": "test/wrong", "ratio": ["a", "b"], "at_most": 2, "paired_by": "none"}
    runs = {name: run(2, 2, **{"test/wrong": {"1": 0.0, "2": value}}) for name, value in (("a", 0.1), ("b", 0.0))}
    found = decide(rule, **runs)
    assert found.verdict == INCONCLUSIVE and found.evidence == "a / b (test/wrong): a ratio needs numbers above 0"


def test_one_trial_without_a_history_is_not_counted(decide):
    once = run(1, 1, [5000.0])
    assert decide(higher("sequences"), a=once, b=run(8, 8, SEQUENCES)).verdict == INCONCLUSIVE
