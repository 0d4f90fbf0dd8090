import copy
import sys

import pytest

from common import config
from common.reporting.evidence.deviations import deviations, papers_own, reductions
from common.reporting.evidence.published import load_paper
from common.reporting.evidence.results import Record


@pytest.fixture
def declare(suite):
    """Writes what ``net`` changes in ``params.yaml``, and what the paper printed."""

    def declare(net, printed=None, units=None):
        params = copy.deepcopy(suite.params)
        params["defaults"]["max_hidden"] = 5000  # a limit of the fake paper
        params["experiments"]["net"] = net
        suite.write("params.yaml", params)
        content = suite.published | {"printed": printed or {}}
        suite.write("paper.yaml", content | {"units": content["units"] | (units or {})})
        return load_paper(suite.name)

    return declare


@pytest.fixture(autouse=True)
def limit(monkeypatch, suite):
    class Config(config.Settings):
        hidden: int
        max_hidden: int | None = None

    monkeypatch.setattr(sys.modules[f"replications.{suite.name}.config"], "Config", Config)


def run(suite, seeds=3, solved=None, **settings):
    settings = {"corpus": "real", "hidden": 200, "max_hidden": 5000} | settings
    metrics = {"solved": dict(zip(map(str, range(seeds)), solved, strict=True))} if solved else {}
    return Record(paper=suite.name, experiment="net", scale="paper", seeds=tuple(range(seeds)), metrics=metrics,
                  parameters=None, seconds={}, config=settings)  # fmt: skip


def test_what_an_experiment_reduces_is_a_deviation_at_the_papers_own_scale(suite, declare):
    paper = declare({"seeds": [1], "max_hidden": 600})
    assert deviations(suite.name, paper, {"net": run(suite, 1, max_hidden=600)}) == [
        ("all", "seeds", 3, 1), ("all", "max_hidden", 5000, 600)]  # fmt: skip


def test_what_the_paper_printed_comes_before_the_defaults(suite, declare):
    paper = declare({"seeds": [1]}, {"all": {"max_hidden": "not printed"}, "net": {"seeds": 20}})
    found = deviations(suite.name, paper, {"net": run(suite, 1)})
    assert found == [("all", "seeds", 20, 1), ("all", "max_hidden", "not printed", 5000)]
    assert papers_own(suite.name, paper, "plain")["seeds"] == 3


def test_more_than_the_paper_and_what_is_counted_once_is_no_deviation(suite, declare):
    paper = declare({"seeds": [1, 2, 3, 4, 5], "max_hidden": 9000})
    assert deviations(suite.name, paper, {"net": run(suite, 5, max_hidden=9000)}) == []
    counts = run(suite, 1).model_copy(update={"experiment": "counts"})
    assert deviations(suite.name, paper, {"counts": counts}) == []


def test_settings_are_those_of_the_run_even_where_it_is_older_than_params_yaml(suite, declare):
    paper = declare({})
    older = run(suite, hidden=50)
    older.config.pop("max_hidden")
    assert deviations(suite.name, paper, {"net": older}) == [("all", "hidden", 200, 50)]
    both = {"net": older, "plain": run(suite), "big": run(suite, hidden=50)}
    assert deviations(suite.name, paper, both) == [("all but plain", "hidden", 200, 50)]


@pytest.mark.parametrize(
    "seeds, solved, settings, words",
    [
        (1, None, {}, ["net: 1 of 3 trials"]),
        (3, None, {}, []),
        (3, [1.0, 1.0, 1.0], {"max_hidden": 600}, []),  # no trial came near the limit
        (3, [1.0, 0.0, 1.0], {"max_hidden": 600}, ["net: max_hidden 600 for 5000"]),
        (3, [1.0, 0.0, 1.0], {}, []),
    ],
)
def test_a_reduced_row(suite, declare, seeds, solved, settings, words):
    paper = declare({"seeds": [1], "max_hidden": 600}, units={"solved": "success"})
    assert reductions(suite.name, paper, run(suite, seeds, solved, **settings)) == words
