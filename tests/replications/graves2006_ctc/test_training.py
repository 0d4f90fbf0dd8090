"""Whole runs on a toy corpus: what is learned, what is recorded, and that interruption changes nothing."""

import json

import numpy as np
import pytest
import torch

from common import config as configuration
from common.training import checkpoints
from common.training import fit as fitting
from common.training.checkpoints import SaveLast
from common.training.execute import execute
from replications.graves2006_ctc import experiment
from replications.graves2006_ctc.data import batch_of
from replications.graves2006_ctc.module import Recogniser

PAPER = "graves2006_ctc"


@pytest.fixture
def train(checkout, toy, monkeypatch):
    """Runs an experiment on the toy corpus; (weights, results, learning curves without what a clock decides)."""
    monkeypatch.setattr(experiment, "load_data", lambda config: toy)

    def train(name, **changes):
        changes = {"seeds": [1], "hidden": 12, "lr": 0.03, "noise": 0.2, "max_epochs": 10, "batch_size": 6,
                   "snapshot_epoch": 2, "tuning_epochs": 0} | changes
        known = configuration.resolve(PAPER, name, "quick")
        folder = execute(PAPER, name, overrides=[f"{key}={json.dumps(value)}" for key, value in changes.items()
                                                 if key in known], accelerator="cpu")
        rows = [line for line in (folder / "history.csv").read_text().splitlines()
                if "per_second" not in line and ",lr," not in line]  # the rate is noted when a process begins
        return (checkpoints.load(folder / "seed-1.pt")["weights"],
                json.loads((folder / "results.json").read_text()), rows)

    return train


def test_ctc_learns_without_alignments(train, toy, monkeypatch):
    _, results, _ = train("ctc", max_epochs=30)
    metrics = {name: values["1"] for name, values in results["metrics"].items()}
    assert metrics["test/ler/best_path"] < 10
    assert metrics["test/ler/prefix"] < 10
    assert metrics["test/per/best_path"] < 10
    assert metrics["error_signal/trained"] < metrics["error_signal/early"] < metrics["error_signal/untrained"]
    assert metrics["test/unfinished"] == 0
    figures = results["figures"]
    assert [panel["title"] for panel in figures["error_signal"]] == ["untrained", "early", "trained"]
    assert figures["spikes"]["set_by_hand"] and figures["spikes"]["boundaries"][0] == 0
    assert results["throughput_unit"] == "frames/s" and results["throughput"]["1"] > 0


@pytest.mark.parametrize("name", ["hybrid", "hybrid_weighted"])
def test_hybrid_learns_frame_by_frame(train, name):
    _, results, _ = train(name, max_epochs=4, realignments=1)
    metrics = {name: values["1"] for name, values in results["metrics"].items()}
    assert metrics["test/ler/viterbi"] < 10
    assert metrics["test/frame_error"] < 20


def test_weighted_errors_give_another_network(train):
    plain, weighted = train("hybrid", max_epochs=1)[0], train("hybrid_weighted", max_epochs=1)[0]
    assert any(not torch.equal(plain[name], weighted[name]) for name in plain)


def test_characters_with_every_decoder_and_tuning(train):
    _, results, rows = train("characters", max_epochs=30, tuning_epochs=2, tuning_lr=1e-3)
    metrics = {name: values["1"] for name, values in results["metrics"].items()}
    for stage in ("", "tuned/"):
        for decoder in ("best_path", "prefix", "character_lm", "word_lm"):
            assert metrics[f"test/wer/{stage}{decoder}"] < 25
            assert metrics[f"test/cer/{stage}{decoder}"] <= metrics[f"test/wer/{stage}{decoder}"] + 5
    first, second = ([int(row.split(",")[1]) for row in rows if f",valid/{name}," in row] for name in ("ler", "wer"))
    assert second == [max(first) + 1, max(first) + 2]  # the epochs of tuning come after those of CTC


class Killed(BaseException):
    pass


@pytest.mark.parametrize(("name", "changes"), [
    ("ctc", {"weight_average": 0.9}), ("hybrid", {"realignments": 1, "optimizer": "sgd", "lr": 0.01})])
def test_resuming_is_exact(train, monkeypatch, name, changes):
    changes = {"max_epochs": 3, "lr": 0.05} | changes
    whole = train(name, **changes)

    class KilledAfterSaving(SaveLast):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 15:  # in the second epoch
                self._save(trainer)
                raise Killed

    monkeypatch.setattr(fitting, "SaveLast", KilledAfterSaving)
    with pytest.raises(Killed):
        train(name, **changes)
    monkeypatch.setattr(fitting, "SaveLast", SaveLast)
    again = train(name, **changes)
    assert all(torch.equal(whole[0][key], again[0][key]) for key in whole[0])
    assert whole[1]["metrics"] == again[1]["metrics"]
    assert whole[2] == again[2]


def test_the_papers_optimiser_is_plain_momentum(settings, toy):
    config = settings(scale="paper")
    optimiser = Recogniser(config, 6, 6, toy).configure_optimizers()
    assert isinstance(optimiser, torch.optim.SGD)
    assert (optimiser.defaults["lr"], optimiser.defaults["momentum"], config.batch_size) == (1e-4, 0.9, 1)


def test_running_mean_of_the_weights(settings, toy):
    torch.manual_seed(1)
    off = Recogniser(settings(weight_average=0.0), 6, 6, toy)
    on = Recogniser(settings(weight_average=0.5), 6, 6, toy)
    assert off.tested is off.network and on.tested is not on.network
    on.update_average()
    with torch.no_grad():
        for weight in on.network.parameters():
            weight += 1.0
    on.update_average()
    mean, weight = next(on.tested.parameters()), next(on.network.parameters())
    kept = min(0.5, 2 / 11)
    torch.testing.assert_close(mean, weight - kept)


def test_clipping(settings, toy):
    for clip, expected in ((None, 5.0), (1.0, 1.0)):
        module = Recogniser(settings(clip_norm=clip), 6, 6, toy)
        module.network.output.bias.grad = torch.tensor([3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
        module.configure_gradient_clipping(None)
        assert module.network.output.bias.grad.norm().item() == pytest.approx(expected, rel=1e-4)


def test_loss_is_that_of_the_definition(settings, toy):
    from common.output.ctc import log_probability

    torch.manual_seed(2)
    module = Recogniser(settings(noise=0.0), 6, 6, toy).double()
    batch = batch_of(toy.train, [0, 5])
    u = module.network.activations(batch.x.double(), batch.lengths)
    log_y = u.detach().log_softmax(2)
    expected = sum(-log_probability(log_y[:n, b], torch.from_numpy(toy.train[i].labels))
                   for b, (i, n) in enumerate(zip((0, 5), batch.lengths, strict=True)))
    torch.testing.assert_close(module.loss(log_y, batch), expected)


def test_realigning_moves_boundaries_only(settings, toy):
    torch.manual_seed(1)
    module = Recogniser(settings("hybrid"), 6, 6, toy)
    module.set_train(list(toy.train))
    module.realign()
    for before, after in zip(toy.train, module.train_set, strict=True):
        starts = np.flatnonzero(np.diff(after.alignment, prepend=-1))
        assert after.alignment[starts].tolist() == before.labels.tolist()
        assert len(after.alignment) == before.frames
