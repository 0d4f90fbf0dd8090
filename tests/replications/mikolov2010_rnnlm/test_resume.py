"""An interrupted training, continued, gives the weights of an uninterrupted one, bit for bit."""

import json
import time

import pytest
import torch

from common.training import fit as fitting
from common.training.checkpoints import SaveLast
from common.training.run import execute

PAPER = "mikolov2010_rnnlm"


class Killed(BaseException):
    pass


def killed_at(step: int | None = None, epoch: int | None = None):
    """A ``SaveLast`` after which the power fails: after an update, or at the end of an epoch."""

    class KilledAfterSaving(SaveLast):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == step:
                self._save(trainer)
                raise Killed

        def on_train_epoch_end(self, trainer, module):
            super().on_train_epoch_end(trainer, module)
            if trainer.current_epoch + 1 == epoch:
                raise Killed

    return KilledAfterSaving


def finished(folder):
    """Weights, metrics and learning curves without what a clock decides."""
    results = json.loads((folder / "results.json").read_text())
    rows = [line for line in (folder / "history.csv").read_text().splitlines() if "words_per_second" not in line]
    return torch.load(folder / "seed-1.pt", weights_only=True)["weights"], results["metrics"], rows


def assert_same(first, second):
    assert first[1] == second[1]
    assert first[2] == second[2]
    assert first[0].keys() == second[0].keys()
    assert all(torch.equal(first[0][name], weight) for name, weight in second[0].items())


@pytest.fixture
def train(checkout, tiny):
    return lambda *names, **changes: finished(execute(PAPER, *names, overrides=tiny(**changes), accelerator="cpu"))


def test_resuming_is_exact(train, monkeypatch):
    whole = train("rnn_classes")
    epoch = int(whole[2][1].split(",")[2])  # updates
    last = int(whole[2][-1].split(",")[1])
    rates = [float(row.split(",")[4]) for row in whole[2] if ",lr," in row]
    assert rates[0] > rates[-2] > rates[-1] and last < 30, "the rate must be halved and the rule must stop it"
    for where in ({"step": 1}, {"step": epoch + 3}, {"step": (last - 1) * epoch + 2}, {"epoch": 2}, {"epoch": last}):
        with monkeypatch.context() as patched:
            patched.setattr(fitting, "SaveLast", killed_at(**where))
            with pytest.raises(Killed):
                train("rnn_classes")
        assert_same(train("rnn_classes"), whole)


@pytest.mark.parametrize("experiment, changes", [
    ("rnn", {"classes": None}), ("rnn", {"classes": None, "samples": 20}), ("rnn_one_step", {"bptt": 0}),
    ("nnlm", {"rare_threshold": 5})])
def test_resuming_every_network_is_exact(train, monkeypatch, experiment, changes):
    whole = train(experiment, max_epochs=2, **changes)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "SaveLast", killed_at(step=20))
        with pytest.raises(Killed):
            train(experiment, max_epochs=2, **changes)
    assert_same(train(experiment, max_epochs=2, **changes), whole)


def test_the_second_seed_goes_on_and_the_first_stays(train, monkeypatch):
    whole = train("rnn_classes", seeds=[1, 2], max_epochs=2)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "SaveLast", killed_at(epoch=1))
        for _ in range(2):  # the second time, seed 1 goes from epoch 1 to its end and seed 2 is killed
            with pytest.raises(Killed):
                train("rnn_classes", seeds=[1, 2], max_epochs=2)
    assert_same(train("rnn_classes", seeds=[1, 2], max_epochs=2), whole)


def test_a_killed_process_resumes_exactly(checkout, tiny, start, train, capsys):
    changes = {"max_epochs": 10}
    overrides = [word for text in tiny(**changes) for word in ("--set", text)]
    process = start(["run", PAPER, "rnn_classes", "--accelerator", "cpu", *overrides], TEST_SECONDS=0)
    deadline = time.monotonic() + 600
    while not any("[1, 2," in curve.read_text() for curve in checkout.glob("build/work/*/seed-1/history.json")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert list(checkout.glob("build/work/*/seed-1/last.ckpt")) and not list(checkout.glob("**/results.json"))
    capsys.readouterr()
    resumed = train("rnn_classes", **changes)
    assert "epoch 1:" not in capsys.readouterr().out, "it started over (or a source file changed meanwhile)"
    whole = train("rnn_classes", **changes)
    assert "epoch 1:" in capsys.readouterr().out
    assert_same(resumed, whole)
