"""``replicate run`` on tiny settings: what it writes; side by side, trials give the same numbers."""

import json
import shutil

import pytest
import torch

from common import paths
from common.errors import UserError
from common.training import checkpoints, fit
from common.training.execute import execute
from replications.hochreiter1997_lstm import experiment
from tests.replications.kills import TURN, short_turns

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
    code, _, errors = replicate("run", PAPER, ROW, "--scale", "paper", "--name", "short", *words)
    assert code == 0, errors
    folder = checkout / "replications" / PAPER / "runs" / "own" / "short"
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
    weights = torch.load(folder / "seed-3.pt", weights_only=True)["weights"]
    assert (weights["W"].shape, weights["V"].shape) == ((6, 9 + 6 + 1), (2, 2 + 9 + 1))
    assert not list((checkout / "build").rglob("*.ckpt"))  # work in progress is cleared away


def test_a_failed_trial_has_no_number_of_sequences():
    metrics, _ = train("lr=1e-9", "max_sequences=1000", seeds=[1, 2])
    assert metrics == {"solved": {"1": 0, "2": 0}}


def test_trials_of_a_run_are_as_alone(two_threads):
    together, _ = train(seeds=[1, 2, 3, 4])
    alone, _ = train(seeds=[3])
    assert alone == {metric: {"3": seeds["3"]} for metric, seeds in together.items()}


def test_a_gpu_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(UserError, match="compiled for processors; use cpu"):
        execute(PAPER, "order_6a", accelerator="cuda")


@pytest.mark.parametrize("at", ["in training", "after it"])
def test_an_interrupted_run_goes_on_with_more_trials(monkeypatch, capfd, at):
    short_turns(monkeypatch)
    whole = train(seeds=[1, 2, 3])
    turns = capfd.readouterr().out.count(TURN)
    with monkeypatch.context() as patched:
        if at == "in training":
            patched.setattr(fit, "SaveLast", Interrupting)
        else:
            patched.setattr(experiment.figure_data, "collect", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(seeds=[1, 2])
    capfd.readouterr()
    assert train(seeds=[1, 2, 3]) == whole
    assert 0 < capfd.readouterr().out.count(TURN) < turns, "it began anew"


def interrupt(*_):
    raise KeyboardInterrupt


class Interrupting(checkpoints.SaveLast):
    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if index == 3:
            self._save(trainer)
            interrupt()
