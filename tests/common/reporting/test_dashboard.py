"""The dashboard as objects, and the sweep: nothing here reaches W&B."""

import subprocess
import sys

import pytest
import yaml

from common import config, paths
from common.errors import UserError
from common.reporting.dashboard import build, outline
from common.reporting.publish import publish
from tests.common.reporting.conftest import DRAW, PAPER
from tests.common.reporting.test_publish import folder, read, records  # noqa: F401

SWEEP = paths.ROOT / "sweep.yaml"


@pytest.fixture
def made(suite):
    pytest.importorskip("wandb_workspaces")
    (suite.folder / "figures.py").write_text(DRAW)
    return build(PAPER, "somebody")


def grids(report) -> dict:
    """(scale, heading) -> the panel grid below."""
    found, scale = {}, None
    for block, after in zip(report.blocks, report.blocks[1:], strict=False):
        scale = block.text.removeprefix("Scale ") if type(block).__name__ == "H1" else scale
        if type(after).__name__ == "PanelGrid":
            found[scale, block.text] = after
    return found


def test_a_report_of_what_was_published_against_ours(made):
    report, _ = made
    assert (report.entity, report.project) == ("somebody", "rnn-replications")
    found = grids(report)
    assert set(found) == {
        (scale, what)
        for scale in ("quick", "scaled")
        for what in ("Published against ours", "Learning curves", "Tables and figures")
    }
    bars, curves, rest = (
        found["scaled", what].panels for what in ("Published against ours", "Learning curves", "Tables and figures")
    )
    assert [bar.metrics for bar in bars] == [["test/perplexity", "paper/test/perplexity"]]
    assert [(curve.x, curve.y) for curve in curves] == [("epoch", ["valid/perplexity", "paper/test/perplexity"])]
    assert [panel.table_name for panel in rest[:2]] == ["claims", "results"]
    assert rest[2].media_keys == ["figure/seeds"]
    (runset,) = found["scaled", "Learning curves"].runsets
    assert runset.filters == (
        f"Config(\"paper\") == '{PAPER}' and Config(\"scale\") == 'scaled' and Config(\"experiment\") != 'report'"
    )
    assert "      LinePlot: valid/perplexity" in outline(report).splitlines()


def test_claims_stand_with_their_verdicts(made):
    (table,) = [block.text for block in made[0].blocks if type(block).__name__ == "MarkdownBlock"]
    assert "| The net is better. | Section 3 | direction holds | direction holds |" in table.splitlines()
    assert "| Bigger is better. | Figure 2 | not attempted | not attempted |" in table.splitlines()


def test_a_workspace_with_a_section_per_scale(made):
    _, workspace = made
    assert (workspace.name, [section.name for section in workspace.sections]) == (PAPER, ["quick", "scaled"])
    assert [section.is_open for section in workspace.sections] == [False, True]


def test_what_is_shown_is_what_is_published(made, suite, folder):  # noqa: F811
    """Each panel names something that a run of the replay has, and each run set selects some run."""
    report, _ = made
    runs = [read(path) for path in publish(PAPER, records(suite, "scaled"))]
    known = {key for run in runs for row in (*run["history"], run["summary"]) for key in row}
    known |= {key.rpartition("/")[0] for key in known}  # a table or a picture is a group of entries
    for (scale, _), grid in grids(report).items():
        if scale != "scaled":
            continue
        for panel in grid.panels:
            wanted = {"BarPlot": "metrics", "LinePlot": "y", "MediaBrowser": "media_keys"}.get(type(panel).__name__)
            names = getattr(panel, wanted) if wanted else [panel.table_name]
            assert set(names) <= known, names
    assert {run["config"]["experiment"] for run in runs} == {"counts", "net", "plain", "report"}
    assert {(run["config"]["paper"], run["config"]["scale"]) for run in runs} == {(PAPER, "scaled")}


def test_from_the_command_line_without_a_login(suite, replicate, monkeypatch, tmp_path):
    pytest.importorskip("wandb_workspaces")
    code, output, _ = replicate("dashboard", PAPER)
    assert code == 0 and output.startswith("Nets & <counts> (2001)\n  Claims\n")
    monkeypatch.setenv("HOME", str(tmp_path))  # no key in ~/.netrc
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    code, _, errors = replicate("dashboard", PAPER, "--online")
    assert code == 2 and "wandb login" in errors and "Traceback" not in errors


def test_without_its_package_the_error_says_what_to_install(suite, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb_workspaces.reports.v2", None)
    with pytest.raises(UserError, match="pip install wandb-workspaces"):
        build(PAPER)


def test_the_sweep_tries_settings_that_there_are():
    """As W&B's agent does it: it puts the values in place of a word of the command."""
    sweep = yaml.safe_load(SWEEP.read_text())
    values = [f"{key}={parameter['values'][0]}" for key, parameter in sweep["parameters"].items()]
    words = []
    for word in sweep["command"]:
        words += values if word == "${args_no_hyphens}" else [word]
    shown = subprocess.run(
        [*words[:2], words[2].replace("exec replicate", "printf '%s\\n'"), *words[3:]],
        text=True,
        capture_output=True,
        check=True,
    ).stdout.splitlines()
    verb, paper, experiment, *options = shown
    changes = [option.removeprefix("--set=") for option in options if option.startswith("--set=")]
    assert verb == "run" and changes == values and "--logger=wandb" in options
    assert config.resolve(paper, experiment, "quick", changes)
    assert sweep["metric"]["name"] == "valid/perplexity"
