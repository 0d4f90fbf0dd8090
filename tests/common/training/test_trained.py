"""A training from its first update to a file that can be used: sums, curves, what is kept, what is read again."""

import math
import os
import random
import signal
import types

import numpy as np
import pytest
import torch

from common.data.order import Loader
from common.errors import UserError
from common.training.best_weights import KeepBest
from common.training.fit import Module
from common.training.run import Run
from common.training.trained import restored, trained
from tests.replications.processes import shared


class Line(Module):
    """Fits y = 2 x by one weight; the validation error is what the test says."""

    counted = "points"

    def __init__(self, errors=(3.0, 1.0, 2.0)):
        super().__init__()
        self.weight, self.errors = torch.nn.Parameter(torch.zeros(())), errors
        self.rates = []

    def training_step(self, batch, index):
        loss = (self.weight * batch - 2 * batch).square().sum()
        return {"loss": loss, "sums": {"squares": loss, "points": len(batch)}}

    def validation_step(self, batch, index):
        return {"error": self.errors[self.current_epoch] * len(batch), "points": len(batch)}

    def curves(self, train, valid):
        return {"valid/nll": valid["error"] / valid["points"], "train/loss": train["squares"] / train["points"]}

    def configure_optimizers(self):
        optimiser = torch.optim.SGD(self.parameters(), 0.01)
        return [optimiser], [torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.5)]


def batches(rank=0, world=1):
    return Loader(2, lambda epoch: [1.0 + epoch, 2.0 + epoch], lambda size: torch.full((3,), size))


@pytest.fixture
def run(tmp_path):
    corpus = types.SimpleNamespace(vocabulary=types.SimpleNamespace(fingerprint="words", require_same=lambda *_: None))
    return Run("paper", "row", "quick", {"seeds": [1]}, tmp_path, corpus, {})


def fitted(run, module, **options):
    with run.seed(1):
        return trained(run, 1, module, batches, batches(), max_epochs=3, unit="points/s", **options)


def curve(run, metric):
    return [row[4] for row in run.rows if row[3] == metric]


def test_what_follows_a_training_draws_the_same_whether_it_was_made_or_read(run):
    class Noisy(Line):
        def training_step(self, batch, index):
            return super().training_step(batch + torch.rand(()) + np.random.rand() + random.random(), index)

    def draws():
        module = fitted(run, Noisy())
        return module.weight.item(), torch.rand(()).item(), np.random.rand(), random.random()

    made = draws()
    assert draws() == made


def test_what_an_epoch_adds_up_to(run):
    weight, losses = 0.0, []
    for epoch in range(3):
        squares = 0.0
        for size in (1.0 + epoch, 2.0 + epoch):
            squares += 3 * (weight * size - 2 * size) ** 2
            weight -= 0.01 * 0.5**epoch * 3 * 2 * (weight - 2) * size**2
        losses.append(squares / 6)
    module = fitted(run, Line())
    assert module.weight.item() == pytest.approx(weight, rel=1e-6) and not module.training
    assert curve(run, "train/loss") == pytest.approx(losses, rel=1e-6)
    assert curve(run, "valid/nll") == [3.0, 1.0, 2.0] and curve(run, "lr") == [0.01, 0.005, 0.0025]
    assert run.throughput["1"] > 0 and run.throughput_unit == "points/s"
    assert run.trained_on == {"device": run.trained_on["device"], "devices": 1, "precision": "32-true"}
    assert run.results()["provenance"]["devices"] == 1


def test_the_weights_that_are_kept_are_the_best_and_are_read_again(run, monkeypatch):
    last = fitted(run, Line(), name="last").weight.item()
    best = fitted(run, Line(), keep=KeepBest(), about={"more": 7})
    assert best.weight.item() != last
    saved = torch.load(run.seed_folder(1) / "model.pt", weights_only=True)
    assert saved["weights"]["weight"].item() == best.weight.item()
    assert (saved["config"], saved["vocabularies"], saved["more"]) == ({"seeds": [1]}, ["words"], 7)
    monkeypatch.setattr("common.training.trained.fit", None)
    assert fitted(run, Line()).weight.item() == best.weight.item()
    settings = types.SimpleNamespace(corpus="x")
    found, corpus = restored(
        run.seed_folder(1) / "model.pt",
        lambda seeds: settings,
        lambda config: run.corpus,
        lambda config, corpus: Line(),
    )
    assert found.weight.item() == best.weight.item() and corpus is run.corpus and not found.training


def test_a_second_training_has_curves_of_its_own_names_and_epochs(run):
    fitted(run, Line())
    fitted(run, Line(), name="second", curve=lambda metric: f"{metric}/second", after=3)
    assert [row[1] for row in run.rows if row[3] == "valid/nll/second"] == [4, 5, 6]
    assert len(curve(run, "valid/nll")) == 3 and len(curve(run, "lr/second")) == 3


class Pair(Line):
    """As a line, with a second weight."""

    def __init__(self):
        super().__init__()
        self.second = torch.nn.Parameter(torch.zeros(()))


def test_a_checkpoint_of_another_network_is_named(run):
    listening = signal.getsignal(signal.SIGUSR1)
    fitted(run, Line())
    (run.seed_folder(1) / "model.pt").unlink()
    with pytest.raises(UserError, match="last.ckpt: a checkpoint of another network; delete it and run again"):
        fitted(run, Pair())
    assert signal.getsignal(signal.SIGUSR1) is listening  # who listened during the training is gone


def test_where_it_was_trained_and_how_it_went_is_known_after_an_interruption(run):
    fitted(run, Line())
    again = Run("paper", "row", "quick", {"seeds": [1]}, run.work, run.corpus, {})
    fitted(again, Line())  # is read
    assert again.trained_on == run.trained_on and again.rows == run.rows
    assert again.seconds["1"] > run.seconds["1"] and again.throughput == run.throughput


def test_processes_draw_numbers_of_their_own(run, tmp_path):
    class Drawing(Line):
        def on_train_start(self):
            torch.save(torch.rand(3), tmp_path / f"{self.global_rank}.pt")

    def work():
        run.devices = 2
        fitted(run, Drawing())

    assert shared(work, 2) == [0, 0]
    assert not torch.equal(*(torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)))


def test_a_loss_that_is_lost_in_one_process_ends_all_with_the_reason(run):
    class Diverging(Line):
        def training_step(self, batch, index):
            step = super().training_step(batch, index)
            return step | {"loss": step["loss"] * (math.nan if self.global_rank else 1)}

    def work():
        run.devices = 2
        with pytest.raises(UserError, match="training diverged: loss nan at epoch 0, update 1; .*nan-batches-1.pt"):
            fitted(run, Diverging())

    assert shared(work, 2) == [0, 0]


def test_what_is_no_network_of_the_paper(run, tmp_path):
    for saved in ({"weights": {}}, [1], torch.zeros(2)):
        torch.save(saved, tmp_path / "other.pt")
        with pytest.raises(UserError, match="other.pt: not a network of this paper"):
            restored(tmp_path / "other.pt", dict, None, None)
    for weights in ({"weight": torch.zeros(3)}, [1]):
        torch.save({"config": {}, "weights": weights}, tmp_path / "other.pt")
        with pytest.raises(UserError, match="other.pt: its weights are not those of such a network"):
            restored(tmp_path / "other.pt", dict, lambda settings: None, lambda *_: torch.nn.Linear(2, 2))


def test_processes_that_would_not_train_the_same_end_at_once(run, tmp_path):
    def work():
        run.devices = 2
        if os.environ["RANK"] == "1":  # as if the code had been edited between the two starts
            run.work = run.work.with_name("other")
        with pytest.raises(UserError, match="do not agree on what to train.*other") as error:
            fitted(run, Line())
        (tmp_path / f"said-{os.environ['RANK']}").write_text(str(error.value))

    assert shared(work, 2) == [0, 0]
    assert (tmp_path / "said-0").read_text() == (tmp_path / "said-1").read_text()


def test_a_training_without_a_finite_validation_says_which_weights_it_keeps(run, capsys):
    fitted(run, Line([math.inf] * 3), keep=KeepBest())
    assert "no epoch was better than none; the last weights are kept" in capsys.readouterr().out
    fitted(run, Line(), keep=KeepBest(), name="finite")
    assert "last weights" not in capsys.readouterr().out
