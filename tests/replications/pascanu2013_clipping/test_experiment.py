"""``replicate run`` on tiny settings, interrupted and not."""

import json
import shutil

import pytest

from common import paths
from common.training import checkpoints
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
    assert metrics["solved/8"] == {"1": 1, "2": 1} and set(metrics["updates/8"].values()) <= {
        250,
        500,
        750,
        1000,
        1250,
        1500,
    }
    assert results["parameters"] == 6 * 50 + 50 * 50 + 50 + 50 * 4 + 4 and results["throughput_unit"] == "updates/s"
    assert min(results["seconds"].values()) > 0 and set(results["figures"]["traces"]) == {"8", "10"}
    assert {line.split(",")[3] for line in history.splitlines()[1:]} == {"valid/wrong/8", "valid/wrong/10"}
    assert not list((checkout / "build").rglob("*.pt"))


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 3])
def test_an_interrupted_run_goes_on_to_the_same_numbers(monkeypatch, at):
    whole = train()
    save, saved = checkpoints.save_atomically, []

    def save_and_die(value, path):
        save(value, path)
        saved.append(path)
        if len(saved) == at:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_atomically", save_and_die)
        with pytest.raises(Killed):
            train()
    again = train()
    assert again[0]["metrics"] == whole[0]["metrics"] and again[1] == whole[1]


def test_the_mechanics():
    folder = execute(PAPER, "geometry", "quick", overrides=["seeds=[1, 2]"], accelerator="cpu")
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"]["power/1.01"]["1"] == pytest.approx(20959.155, rel=1e-6)
    assert (
        max(results["metrics"]["step/clipped"].values()) <= 0.1 + 1e-9 < min(results["metrics"]["step/plain"].values())
    )
    assert set(results["figures"]) == {"surface", "signals", "linear"}


def test_a_wrong_key_is_refused_with_the_nearest(replicate):
    code, _, errors = replicate("run", PAPER, "tanh_cr", "--set", "treshold=2")
    assert code != 0 and "threshold" in errors and "Traceback" not in errors
