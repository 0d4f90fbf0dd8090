import errno
import os
import pickle
import random
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from common.errors import Interrupted, UserError
from common.training import checkpoints
from common.training.checkpoints import AtomicCheckpointIO, RandomState, SaveLast, latest, load, save_atomically


def test_a_checkpoint_comes_back(tmp_path):
    value = {"weights": torch.arange(3.0), "epoch": 2, "words": [1, 2]}
    save_atomically(value, tmp_path / "new" / "last.ckpt")
    found = load(tmp_path / "new" / "last.ckpt")
    assert torch.equal(found.pop("weights"), value.pop("weights")) and found == value
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["last.ckpt"]


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def torch_on_a_full_disk(value, file):
    file.write(b"half of it")
    raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")


@pytest.mark.parametrize(
    "where, failure", [("os.fsync", full_disk), ("torch.save", torch_on_a_full_disk), ("os.replace", full_disk)]
)
def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch, where, failure):
    path = tmp_path / "last.ckpt"
    monkeypatch.setattr(where, failure)
    with pytest.raises(UserError, match="checkpoint not written .*; nothing was written. Free disk space and run the"):
        save_atomically({"epoch": 1}, path)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    save_atomically({"epoch": 1}, path)
    monkeypatch.setattr(where, failure)
    with pytest.raises(UserError, match="the previous checkpoint is kept"):
        save_atomically({"epoch": 2}, path)
    assert load(path) == {"epoch": 1} and list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="last.ckpt: no such checkpoint; train it first with `replicate run`"):
        load(tmp_path / "last.ckpt")


def test_a_broken_checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    save_atomically({"weights": torch.zeros(100)}, path)
    for content in (b"", b"no checkpoint", path.read_bytes()[:500]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"last.ckpt: not a readable checkpoint \(\w+\); delete it and run again"):
            load(path)
    save_atomically({}, tmp_path / "previous.ckpt")
    with pytest.raises(UserError, match="replace it by previous.ckpt beside it and run again"):
        load(path)


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))])
def test_loading_executes_nothing(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    write(Evil(), tmp_path / "last.ckpt")
    with pytest.raises(UserError, match="not a readable checkpoint"):
        load(tmp_path / "last.ckpt")
    assert not Path("executed").exists()


def draws() -> list:
    return [random.random(), random.gauss(0, 1), np.random.rand(3).tolist(), np.random.randn(), torch.rand(3).tolist()]


@pytest.mark.parametrize("foreign", [[1], {"state_dict": {}}, torch.zeros(2)])
def test_a_checkpoint_of_something_else(tmp_path, foreign):
    torch.save(foreign, tmp_path / "last.ckpt")
    with pytest.raises(UserError, match="last.ckpt: not a checkpoint of this training; delete it and run again"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")


def test_every_random_generator_is_part_of_a_checkpoint(tmp_path):
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    draws()
    random.gauss(0, 1), np.random.randn()  # each keeps a second draw in store, which is part of its state too
    checkpoint = {}
    RandomState().on_save_checkpoint(Trainer(), None, checkpoint)
    save_atomically(checkpoint, tmp_path / "state.pt")
    expected = draws()
    callback = RandomState()
    callback.on_load_checkpoint(Trainer(global_rank=1), None, load(tmp_path / "state.pt"))
    assert callback.loaded is None  # that process was not there
    callback.on_load_checkpoint(Trainer(), None, load(tmp_path / "state.pt"))
    draws()
    callback.on_train_batch_start(None, None, None, 0)
    assert draws() == expected
    callback.on_train_batch_start(None, None, None, 1)  # only once
    assert draws() != expected


class Trainer(SimpleNamespace):
    """What ``SaveLast`` sees of Lightning's."""

    def __init__(self, **changes):
        usual = {"is_global_zero": True, "is_last_batch": False, "world_size": 1, "global_step": 0, "global_rank": 0}
        super().__init__(**usual | changes)

    def save_checkpoint(self, path):
        AtomicCheckpointIO().save_checkpoint(self.global_step, path)


def test_the_last_two_checkpoints_are_kept(tmp_path):
    save = SaveLast(tmp_path)
    for epoch in (1, 2, 3):
        save.on_train_epoch_end(Trainer(global_step=epoch), None)
    assert load(tmp_path / "last.ckpt") == 3 and load(tmp_path / "previous.ckpt") == 2
    assert len(list(tmp_path.iterdir())) == 2
    assert latest(tmp_path) == tmp_path / "last.ckpt"
    (tmp_path / "last.ckpt").unlink()  # the power failed when the next one was about to take its place
    assert latest(tmp_path) == tmp_path / "previous.ckpt"
    assert latest(tmp_path / "elsewhere") is None


def test_no_hard_links_are_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", full_disk)
    test_the_last_two_checkpoints_are_kept(tmp_path)


def test_it_saves_when_it_is_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    save = SaveLast(tmp_path, seconds=10)
    saved = []
    for step, now[0] in enumerate([3.0, 9.0, 11.0, 12.0, 20.0, 22.0]):
        save.on_train_batch_end(Trainer(global_step=step))
        saved.append(load(tmp_path / "last.ckpt") if (tmp_path / "last.ckpt").exists() else None)
    assert saved == [None, None, 2, 2, 2, 5]


def test_it_does_not_save_between_the_last_update_of_an_epoch_and_its_validation(tmp_path):
    """Lightning would resume such a checkpoint at the next epoch, and never validate this one."""
    SaveLast(tmp_path, seconds=-1).on_train_batch_end(Trainer(is_last_batch=True))
    assert not list(tmp_path.iterdir())


def test_the_first_process_decides_when_it_is_time(tmp_path):
    trainer = Trainer(world_size=2, strategy=SimpleNamespace(broadcast=lambda due: (True, False)))
    SaveLast(tmp_path, seconds=1e9).on_train_batch_end(trainer)
    assert (tmp_path / "last.ckpt").exists()


def test_saving_takes_little_of_the_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    save, slow = SaveLast(tmp_path, seconds=10), Trainer()

    def takes_a_minute(path):
        now[0] += 60

    slow.save_checkpoint = takes_a_minute
    saved = []
    for now[0] in (11.0, 82.0, 3000.0, 3072.0):
        before = save.saved
        save.on_train_batch_end(slow)
        saved.append(save.saved != before)
    assert saved == [True, False, False, True]


def test_a_signal_is_heeded_after_an_update(tmp_path):
    listening = signal.getsignal(signal.SIGUSR1)
    save = SaveLast(tmp_path)
    save.setup(Trainer(), None, "fit")
    save.on_train_batch_end(Trainer())
    os.kill(os.getpid(), signal.SIGUSR1)
    assert not list(tmp_path.iterdir())
    with pytest.raises(Interrupted):
        save.on_train_batch_end(Trainer(global_step=7))
    assert load(tmp_path / "last.ckpt") == 7
    save.teardown(Trainer(), None, "fit")
    assert signal.getsignal(signal.SIGUSR1) is listening


def test_a_signal_during_the_last_update_or_validation_is_heeded_at_the_end_of_the_epoch(tmp_path):
    """Epochs of few updates would never ask between two of them, and what comes after the last epoch may take long."""
    save = SaveLast(tmp_path)
    save.setup(Trainer(), None, "fit")
    os.kill(os.getpid(), signal.SIGUSR1)
    save.on_train_batch_end(Trainer(is_last_batch=True))
    with pytest.raises(Interrupted):
        save.on_train_epoch_end(Trainer(global_step=7), None)
    assert load(tmp_path / "last.ckpt") == 7
    save.teardown(Trainer(), None, "fit")
    first = Trainer(world_size=2, global_step=9, strategy=SimpleNamespace(broadcast=lambda mine: (False, True)))
    with pytest.raises(Interrupted):
        SaveLast(tmp_path).on_train_epoch_end(first, None)


def test_a_failed_write_leaves_both(tmp_path, monkeypatch):
    save = SaveLast(tmp_path)
    save.on_train_epoch_end(Trainer(global_step=1), None)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(UserError, match="the previous checkpoint is kept"):
        save.on_train_epoch_end(Trainer(global_step=2), None)
    assert load(tmp_path / "last.ckpt") == 1
