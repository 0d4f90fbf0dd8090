import csv
import json
import subprocess

import pytest

from common import config, paths
from common.reporting import metrics
from common.reporting.evidence.published import load_paper
from common.reporting.evidence.results import load_records
from common.reporting.verdicts.claims import VERDICTS


def test_a_paper_s_first_claim_beside_what_it_printed_and_the_verdicts(suite):
    written, table = metrics.write(suite.name, "scaled")
    assert written == suite.folder / "metrics" / "scaled.json"
    found = json.loads(written.read_text())
    assert list(found) == ["quantity", "ours", "published", "difference", "comparable", *VERDICTS]
    assert found["quantity"] == "net test/perplexity" and found["published"] == 124.7 and found["comparable"]
    assert (found["ours"], found["difference"]) == (124.53, -0.16667)  # the mean of 124.0, 125.0 and 124.6
    assert sum(found[verdict] for verdict in VERDICTS) == 3 and found["direction holds"] == 1

    rows = list(csv.reader(table.read_text().splitlines()))
    assert rows[:2] == [["step", "experiment", "metric", "value"], ["1.0", "net", "valid/perplexity", "402.0"]]
    assert len(rows) == 1 + 2 * 3  # two networks, three epochs; the mean over seeds


def test_quick_runs_are_on_other_data_here_and_nothing_is_written_without_runs(suite):
    assert not json.loads(metrics.write(suite.name, "quick")[0].read_text())["comparable"]
    assert metrics.write(suite.name, "paper") == [] and not (suite.folder / "metrics" / "paper.json").exists()


def test_long_curves_are_thinned_and_keep_their_ends(suite):
    history = [[1, 0, step, "error", float("nan") if step == 7 else 1 / step] for step in range(1, 1001)]
    suite.record("net", "scaled", history=history)
    line = [row for row in metrics.curves(load_records(suite.name, "scaled")) if row[1] == "net"]
    assert 30 <= len(line) <= metrics.POINTS + 1 and (line[0][0], line[-1][0]) == (1, 1000)


def test_an_experiment_of_dvc_keeps_the_files_that_git_ignores(suite, monkeypatch):
    def git(*words):
        return subprocess.run(["git", "-C", suite.root, *words], capture_output=True, text=True, check=True).stdout

    git("init", "--quiet")
    (suite.root / ".gitignore").write_text("quick.*\n")
    metrics.write(suite.name, "quick")
    assert git("diff", "--cached", "--name-only") == ""
    monkeypatch.setenv("DVC_EXP_NAME", "brisk-ewer")
    metrics.write(suite.name, "quick")
    assert git("diff", "--cached", "--name-only").split() == [
        f"replications/{suite.name}/metrics/quick.csv",
        f"replications/{suite.name}/metrics/quick.json",
    ]


@pytest.mark.parametrize("paper", config.papers())
def test_what_git_keeps_is_what_records_and_reports_say(paper):
    claims = json.loads((paths.REPORTS / "summary.json").read_text())["claims"]
    for scale in config.SCALES[1:]:
        path = paths.REPLICATIONS / paper / "metrics" / f"{scale}.json"
        runs = load_records(paper, scale)
        assert bool(runs) == path.exists()
        if runs:
            verdicts = [one["verdict"] for one in claims if (one["paper"], one["scale"]) == (paper, scale)]
            expected = metrics.first(paper, load_paper(paper), scale, runs)
            expected |= {verdict: verdicts.count(verdict) for verdict in VERDICTS}
            assert json.loads(path.read_text()) == expected, f"{path} is stale: run `replicate report`"
