"""``replicate run`` on tiny settings."""

import json
import shutil

import pytest

from common import paths
from common.errors import UserError
from common.training.execute import execute

PAPER = "pascanu2013_clipping"
SHORT = (
    "lengths=[8, 10]",
    "check_every=250",
    "check_sequences=200",
    "test_sequences=500",
    "max_updates=1500",
    "seeds=[1, 2]",
)


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A folder with this paper's params.yaml, where runs and work in progress go."""
    folder = tmp_path / "replications" / PAPER
    folder.mkdir(parents=True)
    shutil.copy(paths.REPLICATIONS / PAPER / "params.yaml", folder)
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    return tmp_path


def train(experiment="tanh_cr", *overrides):
    folder = execute(PAPER, experiment, "quick", overrides=[*SHORT, *overrides], accelerator="cpu")
    return json.loads((folder / "results.json").read_text()), (folder / "history.csv").read_text()


def test_a_run_of_trials(checkout):
    results, history = train()
    metrics = results["metrics"]
    assert {"solved/8", "solved/10", "test/wrong/8", "test/wrong/10", "radius/8", "radius/10"} <= metrics.keys()
    assert metrics["solved/8"] == {"1": 1, "2": 1} and set(metrics["updates/8"].values()) <= set(range(250, 1501, 250))
    assert results["parameters"] == 6 * 50 + 50 * 50 + 50 + 50 * 4 + 4 and results["throughput_unit"] == "updates/s"
    assert min(results["seconds"].values()) > 0 and set(results["figures"]["traces"]) == {"8", "10"}
    assert {line.split(",")[3] for line in history.splitlines()[1:]} == {"valid/wrong/8", "valid/wrong/10"}
    assert results["provenance"]["devices"] == 1 and not list((checkout / "build").rglob("*.pt"))


def test_the_mechanics():
    folder = execute(PAPER, "geometry", "quick", overrides=["seeds=[1, 2]"], accelerator="cpu")
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"]["power/1.01"]["1"] == pytest.approx(20959.155, rel=1e-6)
    assert (
        max(results["metrics"]["step/clipped"].values()) <= 0.1 + 1e-9 < min(results["metrics"]["step/plain"].values())
    )
    assert set(results["figures"]) == {"surface", "signals", "linear"}


@pytest.mark.parametrize("experiment", ["tanh_cr", "geometry"])
def test_what_is_compiled_for_processors_is_refused_on_a_gpu(experiment, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    with pytest.raises(UserError, match="compiled for processors"):
        execute(PAPER, experiment, "quick", accelerator="cuda")


def test_a_wrong_key_is_refused_with_the_nearest(replicate):
    code, _, errors = replicate("run", PAPER, "tanh_cr", "--set", "treshold=2")
    assert code != 0 and "threshold" in errors and "Traceback" not in errors
