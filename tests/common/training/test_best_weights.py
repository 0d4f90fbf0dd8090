"""The best epoch is kept; training stops when none better comes; both survive a checkpoint."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from common.training.best_weights import KeepBest


def validate(callback, losses, module=None):
    """Runs a validation per loss, the module's weight being the number of the epoch; which epochs stopped."""
    module = module or nn.Linear(1, 1, bias=False)
    stopped = []
    for epoch, loss in enumerate(losses):
        nn.init.constant_(module.weight, epoch)
        trainer = SimpleNamespace(callback_metrics={"valid/nll": torch.tensor(loss)}, should_stop=False)
        callback.on_validation_end(trainer, module)
        stopped.append(trainer.should_stop)
    return stopped


def test_the_best_epoch_is_kept():
    best = KeepBest()
    assert not any(validate(best, [3.0, 1.0, 2.0, 1.5, 4.0]))
    assert best.best_weights["weight"].item() == 1 and best.best == 1.0


def test_patience():
    assert validate(KeepBest(patience=2), [3.0, 1.0, 2.0, 0.5, 4.0, 0.6]) == [False] * 5 + [True]


def test_with_progress_a_small_gain_is_kept_and_does_not_count_for_the_patience():
    best = KeepBest(patience=2, progress=0.1)
    assert validate(best, [3.0, 2.0, 1.9, 1.7, 1.6]) == [False] * 5
    assert validate(best, [1.55, 1.54]) == [True, True] and best.best == pytest.approx(1.54)


def test_a_checkpoint_holds_everything():
    first, second = KeepBest(patience=1), KeepBest(patience=1)
    validate(first, [1.0, 2.0])
    second.load_state_dict(first.state_dict())
    assert second.best_weights["weight"].item() == 0
    trainer = SimpleNamespace(should_stop=False)
    second.on_train_start(trainer, None)
    assert trainer.should_stop
