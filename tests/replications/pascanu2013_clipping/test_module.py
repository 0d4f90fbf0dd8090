"""Networks for music and text: they learn, each seed by itself, and lost weights come back."""

import json
import math
import shutil

import numpy as np
import pytest
import torch

from common import paths
from common.training.execute import execute
from replications.pascanu2013_clipping import data
from replications.pascanu2013_clipping.data import Characters, Music
from replications.pascanu2013_clipping.update import ClippedDescent
from tests.replications.pascanu2013_clipping.tiny import MUSIC, SMALL

PAPER = "pascanu2013_clipping"


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    (tmp_path / "replications" / PAPER).mkdir(parents=True)
    shutil.copy(paths.REPLICATIONS / PAPER / "params.yaml", tmp_path / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")


@pytest.fixture
def learn(monkeypatch):
    """Trains on what is given: the results, the history and the weights of each seed."""

    def learn(given: Music | Characters, experiment: str, **changes):
        monkeypatch.setattr(data, "load", lambda config: given)
        settings = [f"{key}={json.dumps(value)}" for key, value in (SMALL | {"batch": 2} | changes).items()]
        folder = execute(PAPER, experiment, "paper", overrides=settings, accelerator="cpu")
        results = json.loads((folder / "results.json").read_text())
        rows = [row.split(",") for row in (folder / "history.csv").read_text().splitlines()[1:]]
        weights = {
            seed: torch.load(folder / f"seed-{seed}.pt", weights_only=True)["weights"] for seed in results["seeds"]
        }
        return results, rows, weights

    return learn


def test_music_is_learnt(learn):
    """One of five notes sounds: knowing no more costs log 5 for which, and a little for how sure."""
    results, rows, _ = learn(MUSIC, "nottingham_cr", lr=0.5, max_epochs=40)
    assert results["metrics"].keys() == {"train/nll", "valid/nll", "test/nll"}
    assert results["metrics"]["valid/nll"]["1"] < math.log(5) + 0.9 and results["throughput_unit"] == "steps/s"
    curve = [float(value) for *_, metric, value in rows if metric == "valid/nll"]
    assert len(curve) == 40 and results["metrics"]["valid/nll"]["1"] == pytest.approx(min(curve), rel=1e-6)
    assert results["parameters"] == 88 * 12 * 2 + 12 * 12 + 12 + 88


def test_text_is_learnt(learn):
    """abcabc...: the third from here is the same again."""
    text = dict.fromkeys(data.SPLITS, np.tile([0, 1, 2], 200))
    results, rows, _ = learn(
        Characters(text, 3, 3, ""), "characters_c", lr=0.05, max_epochs=30, initialisation="tanh", biases=True
    )
    before = next(float(value) for *_, metric, value in rows if metric == "train/bits")
    assert before > 0.8 * math.log2(3) and results["metrics"]["test/bits"]["1"] < 0.4


def test_a_seed_learns_alone_what_it_learns_beside_others(learn):
    _, rows, together = learn(MUSIC, "nottingham_cr", seeds=[1, 2])
    _, others, alone = learn(MUSIC, "nottingham_cr", seeds=[2])
    assert all(torch.equal(weight, alone[2][name]) for name, weight in together[2].items())
    assert not torch.equal(together[1]["network.input"], together[2]["network.input"])
    assert [row for row in rows if row[0] == "2" and "second" not in row[3]] == [
        row for row in others if "second" not in row[3]
    ]


def test_weights_that_are_lost_come_back_at_half_the_rate(learn, monkeypatch):
    """They are not finite in the middle of the second epoch of 16 updates; the run goes on."""
    step, made = ClippedDescent.step, []

    def break_down(descent, closure):
        step(descent, closure)
        made.append(1)
        if len(made) == 20:
            descent.recurrent.data.fill_(float("nan"))

    monkeypatch.setattr(ClippedDescent, "step", break_down)
    results, rows, weights = learn(MUSIC, "nottingham_msgd", lr=0.01, max_epochs=4)
    curves = {name: [float(value) for *_, metric, value in rows if metric == name] for name in ("lr", "valid/nll")}
    assert curves["lr"] == [0.01, 0.01, 0.005, 0.005] and math.isnan(curves["valid/nll"][1])
    assert curves["valid/nll"][0] > curves["valid/nll"][2] > curves["valid/nll"][3]
    assert results["metrics"]["valid/nll"]["1"] == pytest.approx(curves["valid/nll"][3], rel=1e-6)


def test_training_ends_when_the_error_has_hardly_fallen_for_long(learn):
    _, rows, _ = learn(MUSIC, "nottingham_c", lr=1e-9, max_epochs=30, patience=3)
    assert {int(epoch) for _, epoch, *_ in rows} == {1, 2, 3, 4}


def test_the_regulariser_falls_with_the_epochs(learn):
    off, on, falling = (
        learn(MUSIC, "nottingham_c", alpha=alpha, alpha_decay=decay)[2][1]["network.recurrent"]
        for alpha, decay in ((0.0, False), (1.0, False), (1.0, True))
    )
    assert (off - on).abs().max() > 1e-5 and (on - falling).abs().max() > 1e-6
