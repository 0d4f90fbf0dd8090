"""Whole runs on a toy corpus: what is learned, what is recorded; and the steps of a training."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from common.errors import UserError
from common.training import checkpoints
from common.training.execute import execute
from replications.graves2006_ctc import decoders, experiment
from replications.graves2006_ctc.data import batch_of
from replications.graves2006_ctc.module import Recogniser
from replications.graves2006_ctc.tuning import Tuner
from tests.replications.graves2006_ctc import tiny

PAPER = "graves2006_ctc"


@pytest.fixture
def train(checkout, monkeypatch):
    """Runs an experiment on the toy corpus; weights, results, learning curves."""
    tiny.prepare(monkeypatch)

    def train(name, **changes):
        folder = execute(PAPER, name, overrides=tiny.settings(**changes), accelerator="cpu")
        return (
            checkpoints.load(folder / "seed-1.pt")["weights"],
            json.loads((folder / "results.json").read_text()),
            (folder / "history.csv").read_text().splitlines(),
        )

    return train


def test_ctc_learns_without_alignments(train):
    _, results, _ = train("ctc", max_epochs=30)
    metrics = {name: values["1"] for name, values in results["metrics"].items()}
    assert metrics["test/ler/best_path"] < 10
    assert metrics["test/ler/prefix"] < 10
    assert metrics["test/per/best_path"] < 10
    assert metrics["error_signal/trained"] < metrics["error_signal/early"] < metrics["error_signal/untrained"]
    assert metrics["test/unfinished"] == 0
    assert 0 < metrics["test/spike/width"] <= 100 and 90 < metrics["test/spike/written"] < 110
    figures = results["figures"]
    assert [panel["title"] for panel in figures["error_signal"]] == ["untrained", "early", "trained"]
    assert figures["spikes"]["set_by_hand"] and figures["spikes"]["boundaries"][0] == 0
    assert results["throughput_unit"] == "frames/s" and results["throughput"]["1"] > 0


def test_spikes_are_measured_in_lengths_of_labels():
    """Of 12 frames and 3 labels, each 4 long: spikes of 1, 2 and 1 frames."""
    path = [0, 1, 0, 0, 2, 2, 0, 0, 0, 3, 0, 0]
    spikes = decoders.spikes([np.eye(4)[path]], [SimpleNamespace(labels=[1, 2, 3])])
    assert spikes == pytest.approx((100 * (4 / 3) / 4, 100))
    assert decoders.spikes([np.eye(4)[[1, 1, 2, 2]]], [SimpleNamespace(labels=[1, 2])]) == (100, 100)
    assert decoders.spikes([np.eye(4)[[0, 0, 0, 0]]], [SimpleNamespace(labels=[1, 2])]) == (0, 0)


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


class Broken(Exception):
    pass


def test_a_hybrid_that_was_trained_before_is_tested_with_its_last_alignment(train, monkeypatch):
    whole = train("hybrid", max_epochs=2)

    def broken(*_):
        raise Broken

    with monkeypatch.context() as patch, pytest.raises(Broken):
        patch.setattr(experiment, "hybrid", broken)
        train("hybrid", max_epochs=2)
    monkeypatch.setattr(Recogniser, "training_step", broken)  # it is not trained again
    assert train("hybrid", max_epochs=2)[1]["metrics"] == whole[1]["metrics"]


def test_characters_without_words_are_refused_before_they_are_trained(train, toy, monkeypatch):
    one_word = dataclasses.replace(toy, labels=("<blank>", "e", "a", "b", "c", "d"))
    monkeypatch.setattr(experiment, "load_data", lambda config: one_word)
    with pytest.raises(UserError, match="no transcript has two words"):
        train("characters")


def test_each_process_draws_the_samples_of_an_utterance_alike(settings, toy):
    torch.manual_seed(1)
    tuner = Tuner(settings("characters", noise=0.0), toy, seed=1)
    gradients = []
    for index in ([0, 1, 2, 3], [2]):
        batch = batch_of(toy.train, index)
        u = tuner.network.activations(batch.x, batch.lengths).detach().requires_grad_()
        tuner.loss(u, batch)[0].backward()
        gradients.append(u.grad[: toy.train[2].frames, index.index(2)])
    assert gradients[0].any()
    torch.testing.assert_close(*gradients)


def test_the_papers_optimiser_is_plain_momentum(settings, toy):
    config = settings(scale="paper")
    module = Recogniser(config, toy)
    module.train_set = toy.train
    optimiser = module.configure_optimizers()["optimizer"]
    assert isinstance(optimiser, torch.optim.SGD)
    assert (optimiser.defaults["lr"], optimiser.defaults["momentum"], config.batch_size) == (1e-4, 0.9, 1)


def test_running_mean_of_the_weights(settings, toy):
    torch.manual_seed(1)
    off = Recogniser(settings(weight_average=0.0), toy)
    on = Recogniser(settings(weight_average=0.5), toy)
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
        module = Recogniser(settings(clip_norm=clip), toy)
        module.network.output.bias.grad = torch.tensor([3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
        module.configure_gradient_clipping(None)
        assert module.network.output.bias.grad.norm().item() == pytest.approx(expected, rel=1e-4)


def test_loss_is_that_of_the_definition(settings, toy):
    from common.output.ctc import log_probability

    torch.manual_seed(2)
    module = Recogniser(settings(noise=0.0), toy).double()
    batch = batch_of(toy.train, [0, 5])
    u = module.network.activations(batch.x.double(), batch.lengths)
    log_y = u.log_softmax(2)
    expected = sum(
        -log_probability(log_y[:n, b], torch.from_numpy(toy.train[i].labels))
        for b, (i, n) in enumerate(zip((0, 5), batch.lengths, strict=True))
    )
    torch.testing.assert_close(module.nats(u, batch), expected)


def test_realigning_moves_boundaries_only(settings, toy):
    torch.manual_seed(1)
    module = Recogniser(settings("hybrid"), toy)
    module.train_set = list(toy.train)
    module.set_alignments([one.alignment for one in toy.train])
    module.realign()
    for before, after in zip(toy.train, module.train_set, strict=True):
        starts = np.flatnonzero(np.diff(after.alignment, prepend=-1))
        assert after.alignment[starts].tolist() == before.labels.tolist()
        assert len(after.alignment) == before.frames
