import copy
import json
import shutil

import pytest

from common.errors import UserError
from common.reporting.evidence.published import load_paper
from common.reporting.evidence.results import (
    Record,
    evidence,
    lacking,
    load_quick,
    load_record,
    load_records,
    why_absent,
)


def test_the_declared_grid_loads(suite):
    runs = load_quick(suite.name)
    assert list(runs) == ["counts", "net", "plain"]
    assert runs["net"].values("test/perplexity") == {"1": 124.0, "2": 125.0, "3": 124.6}
    assert runs["net"].history[0] == ("1", 1.0, 10, "valid/perplexity", 401.0)
    assert runs["net"].values("seconds") == {"1": 60.0, "2": 120.0, "3": 180.0}
    assert runs["net"].values("test/nothing") == {}


def test_which_single_values_are_all_there_is_to_know(suite):
    runs = load_quick(suite.name)
    assert runs["counts"].is_fixed("test/perplexity")  # counted: no history, no randomness
    assert runs["net"].is_fixed("test/perplexity/average")  # over all seeds together
    assert not runs["net"].is_fixed("test/perplexity")
    trained_once = Record.model_validate(runs["net"].model_dump() | {"metrics": {"m": {"1": 1.0}}})
    assert not trained_once.is_fixed("m")
    assert not runs["counts"].is_fixed("seconds")
    one_of_three = Record.model_validate(runs["net"].model_dump() | {"metrics": {"m": {"2": 1.0}}, "history": ()})
    assert not one_of_three.is_fixed("m")


def test_missing_experiment(suite):
    shutil.rmtree(suite.folder / "runs" / "quick" / "plain")
    with pytest.raises(UserError, match=r"runs/quick: no run of plain; run `replicate run fake2001_nets plain"):
        load_quick(suite.name)


def test_a_fresh_clone_has_the_records_only(suite):
    shutil.rmtree(suite.folder / "runs")
    assert load_quick(suite.name) == {}
    assert {scale: list(runs) for scale, runs in evidence(suite.name).items()} == {
        "quick": [],
        "scaled": ["counts", "net", "plain"],
        "paper": [],
    }


def test_extra_experiment_of_an_older_params_yaml(suite):
    params = copy.deepcopy(suite.params)
    del params["experiments"]["plain"]
    suite.write("params.yaml", params)
    with pytest.raises(UserError, match=r"runs/quick/plain: params.yaml declares no experiment 'plain'.*delete"):
        load_quick(suite.name)


@pytest.mark.parametrize("seeds", [[1, 2, 3, 4], [1, 2], [4, 5, 6]])
def test_missing_and_extra_seeds(suite, seeds):
    params = copy.deepcopy(suite.params)
    params["experiments"]["net"] = {"seeds": seeds}
    suite.write("params.yaml", params)
    with pytest.raises(UserError, match=r"runs/quick/net: .*seeds.*run `replicate run fake2001_nets net --scale"):
        load_quick(suite.name)


def change(suite, **changes):
    path = suite.folder / "runs" / "quick" / "net" / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_trial_may_lack_a_metric_but_not_a_run_a_seed(suite):
    change(suite, metrics={"solved": {"1": 1.0, "2": 0.0, "3": 1.0}, "sequences": {"1": 900.0, "3": 700.0}})
    assert load_quick(suite.name)["net"].values("sequences") == {"1": 900.0, "3": 700.0}
    change(suite, metrics={"sequences": {"1": 900.0, "4": 700.0}})
    with pytest.raises(UserError, match="sequences has the seeds 1, 4, params.yaml asks for 1, 2, 3; run"):
        load_quick(suite.name)
    change(suite, metrics={"average": {"1+3": 900.0}})
    with pytest.raises(UserError, match=r"average has the seeds 1\+3, params.yaml asks for 1, 2, 3"):
        load_quick(suite.name)
    change(suite, metrics={}, seeds=[1, 2])
    with pytest.raises(UserError, match="the run has the seeds 1, 2, params.yaml asks for 1, 2, 3"):
        load_quick(suite.name)
    change(suite, seeds=[1, 2, 3], seconds={"1": 1.0})
    with pytest.raises(UserError, match="seconds has the seeds 1, params.yaml asks for 1, 2, 3"):
        load_quick(suite.name)


def test_a_run_with_yesterdays_parameters(suite):
    params = copy.deepcopy(suite.params)
    params["scales"]["quick"]["hidden"] = 16
    suite.write("params.yaml", params)
    with pytest.raises(UserError, match=r"another value of hidden.*run `replicate run"):
        load_quick(suite.name)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"paper": "fake2001_nets"}', "\x00"])
def test_a_broken_result(suite, content):
    path = suite.folder / "runs" / "quick" / "net" / "results.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"net/results.json: "):
        load_quick(suite.name)


def test_a_result_that_is_not_there_and_one_in_the_wrong_place(suite):
    folder = suite.folder / "runs" / "quick"
    (folder / "net" / "results.json").unlink()
    with pytest.raises(UserError, match=r"net/results.json: not found"):
        load_quick(suite.name)
    shutil.copy(folder / "plain" / "results.json", folder / "net" / "results.json")
    with pytest.raises(UserError, match=r"holds fake2001_nets/quick/plain; the file is in the wrong place"):
        load_quick(suite.name)


def test_a_result_that_is_not_a_number(suite):
    path = suite.folder / "runs" / "quick" / "net" / "results.json"
    path.write_text(path.read_text().replace("124.0", "NaN"))
    with pytest.raises(UserError, match=r"net/results.json: metrics.test/perplexity.1: .*finite"):
        load_quick(suite.name)


def test_a_history_with_other_columns(suite):
    (suite.folder / "runs" / "quick" / "net" / "history.csv").write_text("seed,epoch,value\n1,1,2\n")
    with pytest.raises(UserError, match=r"history.csv:1: no column 'step'"):
        load_quick(suite.name)


def test_records_may_be_partial_but_not_unknown(suite):
    assert list(load_records(suite.name, "scaled")) == ["counts", "net", "plain"]
    assert load_records(suite.name, "paper") == {}
    assert why_absent(suite.name, ["big"], "scaled") == "no record of big at scale scaled"
    assert why_absent(suite.name, ["big", "net"], "quick") == "the scale quick has no big"
    path = suite.folder / "records" / "scaled" / "nett.json"
    path.write_text(json.dumps(suite.result("net", "scaled")))
    with pytest.raises(UserError, match=r"nett.json: unknown experiment 'nett'; did you mean 'net'"):
        load_records(suite.name, "scaled")


def test_a_withdrawn_metric_stays_in_its_record_and_out_of_every_table(suite):
    path = suite.record("net", "scaled")
    suite.write("paper.yaml", suite.published | {"withdrawn": {"scaled": {"test/perplexity": "words were split"}}})
    run = load_records(suite.name, "scaled")["net"]
    assert "test/perplexity" not in run.metrics and "valid/perplexity" in run.metrics
    assert "test/perplexity" in json.loads(path.read_text())["metrics"]
    assert lacking(load_paper(suite.name), run, "test/perplexity") == "withdrawn: words were split"
    assert load_quick(suite.name)["net"].values("test/perplexity")


def test_evidence_without_quick_needs_no_runs(suite):
    shutil.rmtree(suite.folder / "runs")
    assert {scale: list(runs) for scale, runs in evidence(suite.name, quick=None).items()} == {
        "quick": [],
        "scaled": ["counts", "net", "plain"],
        "paper": [],
    }


def test_looks_with_the_same_settings_are_pooled(suite):
    settings = suite.result("net", "scaled")["config"]
    other = settings | {"hidden": 60}
    earlier = [
        {"git_commit": "b", "config": settings | {"seeds": [1, 2]}, "metrics": {"m": {"1": 3.0, "2": 5.0}}},
        {"git_commit": "a", "config": other, "metrics": {"m": {"1": 99.0}}},
    ]
    path = suite.record("net", "scaled", metrics={"m": {"1": 1.0, "2": 2.0, "3": 3.0}}, earlier=earlier)
    record = load_record(path)
    assert record.looks == 3
    assert record.values("m") == {"1": 2.0, "2": 3.5, "3": 3.0}
    assert record.each_look("m") == [{"1": 1.0, "2": 2.0, "3": 3.0}, {"1": 3.0, "2": 5.0}]
    assert load_record(suite.record("net", "scaled")).looks == 1
    fewer = [{"git_commit": "b", "config": settings, "metrics": {"m/average": {"1+2": 5.0}, "m": {"1": 1.0}}}]
    grown = {"m/average": {"1+2+3": 4.0}, "m": {"1": 1.0, "2": 2.0}}
    record = load_record(suite.record("net", "scaled", metrics=grown, earlier=fewer))
    assert record.values("m/average") == {"1+2+3": 4.0} and record.values("m") == grown["m"]
    assert record.is_fixed("m/average")
