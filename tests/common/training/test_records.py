import json

import pytest
import yaml

from common import config, paths
from common.errors import UserError
from common.training import provenance
from common.training.execute import execute
from common.training.records import promote

TOY = "toy1999_net"


def test_a_record_is_the_results_and_the_learning_curves(toy):
    folder = execute(TOY, "net", "scaled", accelerator="cpu")
    (path,) = promote(TOY, "scaled")
    assert path == paths.REPLICATIONS / TOY / "records" / "scaled" / "net.json"
    record = json.loads(path.read_text())
    assert record.pop("history") == [
        [seed, epoch, 10 * epoch, "valid/error", 1 / epoch] for seed in (1, 2) for epoch in (1, 2)
    ]
    assert record == json.loads((folder / "results.json").read_text())
    assert path.read_text().count("\n") > 20  # git shows what changed, line by line
    before = path.read_bytes()
    assert promote(TOY, "scaled") == [path] and path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["net.json"]


def test_every_finished_run_of_the_scale_and_no_other(toy):
    for experiment, scale in (("net", "scaled"), ("late", "scaled"), ("net", "quick")):
        execute(TOY, experiment, scale, accelerator="cpu")
    execute(TOY, "wide", "scaled", seeds=[9], accelerator="cpu")  # an own run is no evidence
    assert [path.name for path in promote(TOY, "scaled")] == ["net.json", "late.json"]


@pytest.mark.parametrize(
    "file, content, message",
    [
        ("results.json", "[]", "results.json: damaged"),
        ("results.json", "{", "results.json: damaged"),
        ("results.json", "{}", "made with other settings"),
        ("history.csv", None, "history.csv: missing or damaged"),
        ("history.csv", "a,b\n1,2\n", "history.csv: missing or damaged"),
    ],
)
def test_damaged_results_are_refused(toy, file, content, message):
    path = execute(TOY, "net", "scaled", accelerator="cpu") / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        promote(TOY, "scaled")


def test_a_run_with_other_settings_than_declared_is_refused(toy):
    execute(TOY, "net", "scaled", accelerator="cpu")
    params = config.load_params(TOY)
    params["scales"]["scaled"]["hidden"] = 51
    config.params_file(TOY).write_text(yaml.safe_dump(params))
    with pytest.raises(
        UserError,
        match="made with other settings than params.yaml declares now; run it again: "
        "replicate run toy1999_net net --scale scaled",
    ):
        promote(TOY, "scaled")
    assert not (paths.REPLICATIONS / TOY / "records").exists()


def test_without_a_finished_run(toy):
    with pytest.raises(
        UserError, match="no finished run at scale 'paper'; start one: replicate run toy1999_net net --scale paper"
    ):
        promote(TOY, "paper")


def test_measured_again_a_record_keeps_what_it_gave_before(toy):
    execute(TOY, "net", "scaled", accelerator="cpu")
    (path,) = promote(TOY, "scaled")
    first = json.loads(path.read_text())
    assert "earlier" not in first
    for shift in (1, 2):
        toy.step = lambda run, seed, shift=shift: run.record("test/error", seed, seed + shift)
        execute(TOY, "net", "scaled", accelerator="cpu")
        promote(TOY, "scaled")
    record = json.loads(path.read_text())
    assert record["metrics"] == {"test/error": {"1": 3.0, "2": 4.0}}
    assert [look["metrics"]["test/error"] for look in record["earlier"]] == [
        {"1": 2.0, "2": 3.0},
        first["metrics"]["test/error"],
    ]
    assert record["earlier"][1]["config"] == first["config"]
    before = path.read_bytes()
    promote(TOY, "scaled")  # the same run is the same look
    assert path.read_bytes() == before


def test_a_damaged_record_is_not_overwritten(toy):
    execute(TOY, "net", "scaled", accelerator="cpu")
    (path,) = promote(TOY, "scaled")
    path.write_text("{")
    with pytest.raises(UserError, match="net.json: not a record"):
        promote(TOY, "scaled")
    assert path.read_text() == "{"


def test_a_run_keeps_the_rules_that_name_it(toy):
    (paths.REPLICATIONS / TOY / "paper.yaml").write_text(
        "claims: [{id: c, rule: {metric: test/error, compare: [net, wide], expect: lower}}]\n"
    )
    folder = execute(TOY, "net", "scaled", accelerator="cpu")
    made = json.loads((folder / "results.json").read_text())["provenance"]
    assert made["rules"] == provenance.rule_hashes(TOY) and list(made["rules"]) == ["c"]
