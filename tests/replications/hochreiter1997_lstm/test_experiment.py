"""``replicate run`` on tiny settings: what it writes; interrupted or side by side, trials give the same numbers."""

import json
import shutil

import pytest
import torch

from common import paths
from common.training import checkpoints
from common.training.execute import execute
from replications.hochreiter1997_lstm import experiment

PAPER, ROW = "hochreiter1997_lstm", "lag_2c_q50_p50"
SHORT = ("length=5", "symbols=5", "window=500", "lr=0.1", "test_sequences=500")


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A folder with this paper's params.yaml, where runs and work in progress go."""
    folder = tmp_path / "replications" / PAPER
    folder.mkdir(parents=True)
    shutil.copy(paths.REPLICATIONS / PAPER / "params.yaml", folder)
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    return tmp_path


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def finished(folder):
    """Metrics and learning curves."""
    return json.loads((folder / "results.json").read_text())["metrics"], (folder / "history.csv").read_text()


def train(*overrides, seeds=(1, 2, 3)):
    return finished(execute(PAPER, ROW, "paper", seeds=seeds, overrides=[*SHORT, *overrides], accelerator="cpu"))


def test_a_run(replicate, checkout):
    words = [word for setting in (*SHORT, "seeds=[3, 5]") for word in ("--set", setting)]
    code, _, errors = replicate("run", PAPER, ROW, "--scale", "paper", *words)
    assert code == 0, errors
    folder = checkout / "replications" / PAPER / "runs" / "own" / ROW
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"].keys() == {"solved", "sequences", "test/wrong", "test/error", "test/mse"}
    for seeds in (results["seconds"], results["throughput"], *results["metrics"].values()):
        assert seeds.keys() == {"3", "5"}
    assert results["metrics"]["solved"] == {"3": 1, "5": 1} and min(results["metrics"]["sequences"].values()) > 100
    assert min(results["seconds"].values()) > 0 and min(results["throughput"].values()) > 0
    assert results["throughput_unit"] == "sequences/s"
    assert results["parameters"] == 6 * (9 + 6) + 2 * 2  # two blocks of one cell, 5 + 4 inputs, no biases
    curve = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()[1:]]
    assert {(seed, metric) for seed, _, _, metric, _ in curve} == {("3", "train/error"), ("5", "train/error")}
    assert all(0 < float(error) < 1 for *_, error in curve)
    assert not list((checkout / "build").rglob("trial.pt"))  # work in progress is cleared away


def test_a_failed_trial_has_no_number_of_sequences():
    metrics, _ = train("lr=1e-9", "max_sequences=1000", seeds=[1, 2])
    assert metrics == {"solved": {"1": 0, "2": 0}}


def test_trials_of_a_run_are_as_alone(two_threads):
    together, _ = train(seeds=[1, 2, 3, 4])
    alone, _ = train(seeds=[3])
    assert alone == {metric: {"3": seeds["3"]} for metric, seeds in together.items()}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 4, 7])
def test_an_interrupted_run_goes_on_to_the_same_numbers(monkeypatch, at):
    """Killed as soon as some checkpoints are written: of trials that have begun, are half done, or finished."""
    whole = train()
    save, saved, learnt = checkpoints.save_atomically, [], []

    def save_and_die(value, path):
        save(value, path)
        saved.append(path)
        if len(saved) == at:
            raise Killed

    monkeypatch.setattr(experiment, "TURN", 1e-9)
    monkeypatch.setattr(experiment, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "save_atomically", save_and_die)
    with pytest.raises(Killed):
        train()
    monkeypatch.setattr(checkpoints, "save_atomically", save)
    load = experiment.Trial.load_state
    monkeypatch.setattr(experiment.Trial, "load_state", lambda self, state: (learnt.append(self), load(self, state)))
    assert train() == whole
    assert learnt, "it began anew"
