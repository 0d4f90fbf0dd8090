"""Checkpoints that survive: written whole or not at all, and holding all that an exact resume needs."""

import os
import random
import time
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from common.errors import UserError


def save_atomically(value: Any, path: Path) -> None:
    """``torch.save`` to a temporary name, flushed, then renamed; the file of before stays until then.

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
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch reports a failed write as a RuntimeError
        partial.unlink(missing_ok=True)
        kept = "the previous checkpoint is kept" if path.exists() else "nothing was written"
        raise UserError(f"{path}: checkpoint not written ({error}); {kept}. "
                        "Free disk space and run the same command again: it resumes.") from error


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoints, written whole or not at all, read without executing anything."""

    def save_checkpoint(self, checkpoint: dict, path, storage_options=None) -> None:
        save_atomically(checkpoint, Path(path))

    def load_checkpoint(self, path, map_location=None, weights_only=True) -> dict:
        return load(Path(path), map_location)


def load(path: Path, map_location=None) -> dict:
    """A checkpoint; a UserError if it is not one."""
    try:
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such checkpoint; train it first with `replicate run`") from error
    except Exception as error:  # torch raises many kinds for a broken file
        previous = path.with_name("previous.ckpt")
        advice = f"replace it by {previous.name} beside it" if previous.exists() else "delete it"
        raise UserError(f"{path}: not a readable checkpoint ({type(error).__name__}); {advice} and run again"
                        ) from error


class RandomState(L.Callback):
    """Every random generator is part of the checkpoint; Lightning saves none."""

    def __init__(self) -> None:
        self.loaded: dict | None = None

    def state_dict(self) -> dict:
        version, words, gauss = random.getstate()
        _, keys, *rest = np.random.get_state()
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return {"python": [version, list(words), gauss], "numpy": [keys.tolist(), *rest],
                "torch": torch.get_rng_state(), "cuda": cuda}

    def load_state_dict(self, state: dict) -> None:
        self.loaded = state

    def on_train_batch_start(self, *_) -> None:
        if self.loaded is not None:  # as late as possible: setting up consumes random numbers
            version, words, gauss = self.loaded["python"]
            random.setstate((version, tuple(words), gauss))
            keys, *rest = self.loaded["numpy"]
            np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), *rest))
            torch.set_rng_state(self.loaded["torch"])
            if self.loaded["cuda"]:
                torch.cuda.set_rng_state_all(self.loaded["cuda"])
            self.loaded = None


class SaveLast(Checkpoint):
    """Saves ``last.ckpt`` after every epoch and every ``seconds``; the one before stays as ``previous.ckpt``."""

    def __init__(self, folder: Path, seconds: float = 120.0):
        self.path = Path(folder) / "last.ckpt"
        self.seconds = seconds
        self.saved = time.monotonic()

    def _save(self, trainer: L.Trainer) -> None:
        if trainer.is_global_zero and self.path.exists():
            previous = self.path.with_name("previous.ckpt")
            previous.unlink(missing_ok=True)
            os.link(self.path, previous)
        trainer.save_checkpoint(self.path)
        self.saved = time.monotonic()

    def on_train_batch_end(self, trainer: L.Trainer, *_) -> None:
        if trainer.is_last_batch:  # Lightning would take the epoch for validated; its end follows anyway
            return
        due = time.monotonic() - self.saved > self.seconds
        if trainer.world_size > 1:  # all processes take part in saving, so the first decides for all
            due = trainer.strategy.broadcast(due)
        if due:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self._save(trainer)
