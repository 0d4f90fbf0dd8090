"""A report on trials: rates in per cent, medians beside means, and how many trials a number stands on."""

import copy
import json

import pytest

from common.reporting.evidence.statistics import bootstrap_mean
from common.reporting.pages.cells import basis, cells, published
from common.reporting.pages.report import report
from common.reporting.pages.summary import Result

SEQUENCES = {"1": 5000.0, "2": 7000.0, "3": 4000.0, "4": 9000.0, "5": 6000.0, "6": 5500.0, "7": 12000.0}


def row(**changes):
    """Seven of ten trials that took some number of sequences, where the paper printed 8440."""
    values = dict(
        paper="p", experiment="e", scale="paper", metric="sequences", unit="sequences", published=8440.0,
        published_source="Table 1", values=SEQUENCES, mean=6928.6, low=5400.0, high=9000.0, median=6000.0,
        median_low=4000.0, median_high=12000.0, trials=10, parameters=None, seconds=None, throughput=None,
        throughput_unit="", label="Net", confidence="sure", better="lower", note="", reason="", comparable=True,
    )  # fmt: skip
    return Result(**(values | changes))


def rate(successes, trials, low, high, published):
    values = {str(seed): float(seed < successes) for seed in range(trials)}
    return row(metric="solved", unit="success", values=values, mean=successes / trials, low=low, high=high,
               published=published, median=None, trials=trials, better="higher")  # fmt: skip


def test_a_number_of_sequences_has_a_median_and_a_mean():
    shown = cells(row())
    assert (published(row()), shown.ours, shown.mean) == ("8 440", "6 000", "6 929")
    assert (shown.interval, shown.mean_interval, basis(row())) == ("4 000 – 12 000", "5 400 – 9 000", "7 of 10")
    assert (shown.difference, shown.judged) == ("−1 511", "muted")  # the interval of the mean covers what was printed
    assert cells(row(published=20000.0)).judged == "better" and cells(row(published=3000.0)).judged == "worse"


def test_a_success_rate_is_in_per_cent():
    one = rate(10, 10, 0.692, 1.0, 0.97)
    shown = cells(one)
    assert (published(one), shown.ours, shown.interval, basis(one)) == ("97 %", "100 %", "69 – 100 %", "10 of 10")
    assert (shown.difference, shown.judged, shown.mean) == ("+3 points", "muted", "")
    assert cells(rate(3, 30, 0.02, 0.27, 0.62)).judged == "worse"
    assert cells(rate(30, 30, 0.88, 1.0, 0.62)).judged == "better"


def test_the_difference_to_nought_keeps_its_digits():
    few = {"1": 0.0, "2": 0.00078}
    one = row(metric="test/wrong", unit="", values=few, mean=0.00039, median=None, published=0.0)
    shown = cells(one)
    assert (published(one), shown.difference, shown.judged) == ("0", "+0.000390", "worse")
    assert cells(row(mean=8440.0 + 1e-12)).difference == "0"


@pytest.fixture
def trials(suite):
    """The fake paper, with ten trials of the net of which seven succeed, and a plain one that never does."""
    params = copy.deepcopy(suite.params)
    for name in ("net", "plain"):
        params["experiments"][name] = {"seeds": list(range(1, 11))}
    suite.write("params.yaml", params)
    content = copy.deepcopy(suite.published)
    content["units"] = {"solved": "success", "sequences": "sequences", "test/perplexity": "perplexity"}
    content["medians"] = ["sequences"]
    content["tables"] = [
        {"where": "Table 1", "rows": [
            {"experiment": name, "metric": metric, "published": published, "label": name}
            for name in ("net", "plain") for metric, published in (("solved", 0.97), ("sequences", 39740))
        ]},
        {"where": "Table 2", "rows": [
            {"experiment": "big", "metric": "sequences", "published": 1273000, "label": "never run"}
        ]},
    ]  # fmt: skip
    content["claims"] = [
        {"id": "net-solves", "says": "The net solves it.", "where": "Table 1",
         "rule": {"metric": "solved", "compare": ["net", "plain"], "expect": "higher", "paired_by": "none"}},
    ]  # fmt: skip
    suite.write("paper.yaml", content)
    solved = {"net": {str(seed): float(str(seed) in SEQUENCES) for seed in range(1, 11)},
              "plain": {str(seed): 0.0 for seed in range(1, 11)}}  # fmt: skip
    for name, rates in solved.items():
        metrics = {"solved": rates} | ({"sequences": SEQUENCES} if name == "net" else {})
        suite.record(name, "scaled", metrics=metrics)
        path = suite.quick(name)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"metrics": metrics}))
    report()
    return suite


def test_the_summary_has_means_and_medians(trials):
    found = {(one["experiment"], one["metric"]): one
             for one in json.loads(trials.pages()["summary.json"])["results"] if one["scale"] == "scaled"}  # fmt: skip
    net = found["net", "sequences"]
    mean = bootstrap_mean(list(SEQUENCES.values()))
    assert (net["median"], net["median_low"], net["median_high"]) == (6000.0, 4000.0, 12000.0)
    assert (net["mean"], net["low"], net["high"]) == (mean.mean, mean.low, mean.high)
    assert (net["trials"], net["values"]) == (10, SEQUENCES)
    rate = found["net", "solved"]
    assert (rate["mean"], rate.get("median"), rate["better"]) == (0.7, None, "higher")
    assert found["plain", "sequences"]["reason"] == "none of the 10 trials of plain has sequences"


def test_the_pages_say_the_same(trials):
    markdown = trials.pages()["fake2001_nets.md"].decode().split("### Scale scaled")[1]
    assert "| net (`net`, solved) | 97 % | **70 %** | −27 points | 35 – 93 % | 7 of 10 |" in markdown
    assert "| 39 740 | median **6 000**, mean 6 929 sequences | −32 811 | 4 000 – 12 000, mean " in markdown
    assert "| 7 of 10: 4 000 to 12 000 |" in markdown
    assert "| – | – | – | none of the 10 trials of plain has sequences |" in markdown
    html = trials.pages()["fake2001_nets.html"].decode()
    assert "median 6 000" in html and "mean 6 929" in html and "success rate" in html
    assert "7 of 10 against 0 of 10" in html.replace("\u00a0", " ")
    assert "1 273 000" in html and "e+06" not in html


def test_a_table_of_which_nothing_was_run_is_shown_once(trials):
    markdown = trials.pages()["fake2001_nets.md"].decode()
    assert markdown.count("| Table 2 |") == 1
    assert markdown.count("Not attempted at this scale: Table 2.") == 1  # at the smaller scale, by name


def test_a_table_that_no_run_of_a_scale_measured_is_not_shown_there(suite):
    content = copy.deepcopy(suite.published)
    content["tables"].append(
        {
            "where": "Table 9",
            "rows": [{"experiment": "net", "metric": "test/folded", "published": 20.0, "label": "folded"}],
        }
    )
    content["units"]["test/folded"] = "%"
    suite.write("paper.yaml", content)
    measured = json.loads(suite.record("net", "scaled").read_text())["metrics"] | {"test/folded": {"1": 21.0}}
    suite.record("net", "scaled", metrics=measured)
    report()
    scaled, quick = suite.pages()["fake2001_nets.md"].decode().split("### Scale scaled")[1].split("### Scale quick")
    assert "| Table 9 |" in scaled and "| Table 9 |" not in quick
    assert "Not attempted at this scale: Table 9." in quick
