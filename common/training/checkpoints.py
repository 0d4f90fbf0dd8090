"""Checkpoints that survive: written whole or not at all, and holding all that an exact resume needs."""

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from common.errors import Interrupted, UserError


def save_atomically(value: Any, path: Path, previous: Path | None = None) -> None:
    """``torch.save`` to a temporary name, flushed, then renamed; the file of before stays, or is ``previous``.

    Raises:
        UserError: the disk is full or not writable; what was there before is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            torch.save(value, file)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            os.replace(path, previous)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch reports a failed write as a RuntimeError
        partial.unlink(missing_ok=True)
        kept = "the previous checkpoint is kept" if path.exists() else "nothing was written"
        raise UserError(
            f"{path}: checkpoint not written ({error}); {kept}. "
            "Free disk space and run the same command again: it resumes."
        ) from error


LAST, PREVIOUS = "last.ckpt", "previous.ckpt"


def latest(folder: Path) -> Path | None:
    """The checkpoint to go on from; the one before the last, where the last was about to take its place."""
    return next((path for path in (folder / LAST, folder / PREVIOUS) if path.exists()), None)


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoints, written whole or not at all, read without executing anything."""

    def save_checkpoint(self, checkpoint: dict, path, storage_options=None) -> None:
        save_atomically(checkpoint, Path(path), Path(path).with_name(PREVIOUS))

    def load_checkpoint(self, path, map_location=None, weights_only=True) -> dict:
        found = load(Path(path), map_location)
        if not isinstance(found, dict) or not {"state_dict", "random", "loops"} <= found.keys():
            raise UserError(f"{path}: not a checkpoint of this training; delete it and run again")
        return found


def load(path: Path, map_location=None) -> dict:
    """A checkpoint; a UserError if it is not one."""
    try:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such checkpoint; train it first with `replicate run`") from error
    except Exception as error:  # torch raises many kinds for a broken file
        previous = path.with_name(PREVIOUS)
        advice = f"replace it by {PREVIOUS} beside it" if previous.exists() and previous != path else "delete it"
        raise UserError(
            f"{path}: not a readable checkpoint ({type(error).__name__}); {advice} and run again"
        ) from error


class RandomState(L.Callback):
    """Every random generator of every process is part of the checkpoint; Lightning saves none."""

    def __init__(self) -> None:
        self.loaded: dict | None = None

    def on_save_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        checkpoint["random"] = of_all_processes(trainer, self.present())

    def on_load_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        if len(checkpoint["random"]) > trainer.global_rank:  # else there are more processes than before
            self.loaded = checkpoint["random"][trainer.global_rank]

    @staticmethod
    def present() -> dict:
        """The state of all generators, in types that a checkpoint may hold."""
        version, words, gauss = random.getstate()
        _, keys, *rest = np.random.get_state()
        cuda = torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None
        return {
            "python": [version, list(words), gauss],
            "numpy": [keys.tolist(), *rest],
            "torch": torch.get_rng_state(),
            "cuda": cuda,
        }

    @staticmethod
    def restore(state: dict) -> None:
        """Goes on from what was :meth:`present`."""
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words), gauss))
        keys, *rest = state["numpy"]
        np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), *rest))
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None and torch.cuda.is_initialized():
            torch.cuda.set_rng_state(state["cuda"])

    def on_train_batch_start(self, *_) -> None:
        if self.loaded is not None:  # as late as possible: setting up consumes random numbers
            self.restore(self.loaded)
            self.loaded = None


def of_all_processes(trainer: L.Trainer, value: Any) -> list:
    """``value`` of each process, in the order of their ranks; all of them call this."""
    if trainer.world_size == 1:
        return [value]
    found = [None] * trainer.world_size
    torch.distributed.all_gather_object(found, value)
    return found


class SaveLast(Checkpoint):
    """Saves ``last.ckpt`` after every epoch and, within one, every ``seconds``, or more rarely where saving takes long;
    the one before stays as ``previous.ckpt``.

    SIGUSR1, which SLURM sends before it ends a job, sets a flag; the training then saves after an update or an epoch,
    and ends.

    Raises:
        Interrupted: after such a signal.
    """

    OF_THE_TIME = 0.02  # for saving, at most
    EVERY = 10  # updates between two agreements of several processes

    def __init__(self, folder: Path, seconds: float = 120.0):
        self.path = Path(folder) / LAST
        self.seconds = seconds
        self.saved, self.cost = time.monotonic(), 0.0
        self.asked_to_stop, self.handler = False, signal.getsignal(signal.SIGUSR1)

    def _save(self, trainer: L.Trainer) -> None:
        began = time.monotonic()
        trainer.save_checkpoint(self.path)
        self.saved = time.monotonic()
        self.cost = self.saved - began

    def setup(self, trainer: L.Trainer, module: L.LightningModule, stage: str) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, self._ask)

    def teardown(self, trainer: L.Trainer, module: L.LightningModule, stage: str) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, self.handler)

    def on_exception(self, trainer: L.Trainer, module: L.LightningModule, exception: BaseException) -> None:
        self.teardown(trainer, module, "fit")  # which Lightning then leaves out

    def _ask(self, *_) -> None:
        self.asked_to_stop = True

    def on_train_batch_end(self, trainer: L.Trainer, *_) -> None:
        if trainer.is_last_batch:  # Lightning would take the epoch for validated; its end follows anyway
            return
        interval = max(self.seconds, self.cost / self.OF_THE_TIME)
        if trainer.world_size > 1 and trainer.global_step % self.EVERY:
            return
        due, stop = self._agreed(trainer, time.monotonic() - self.saved > interval)
        if due or stop:
            self._save(trainer)
        if stop:
            raise Interrupted

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self._save(trainer)
        if self._agreed(trainer)[1]:
            raise Interrupted

    def _agreed(self, trainer: L.Trainer, due: bool = False) -> tuple[bool, bool]:
        """Whether to save and to stop: all processes take part in both, so the first decides for all."""
        mine = due, self.asked_to_stop
        return trainer.strategy.broadcast(mine) if trainer.world_size > 1 else mine
