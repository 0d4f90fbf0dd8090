"""One training: Lightning's Trainer as this suite always sets it up."""

import contextlib
import logging
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import lightning as L
import torch
from lightning.pytorch.profilers import PassThroughProfiler

from common.errors import UserError
from common.training.checkpoints import AtomicCheckpointIO, RandomState, SaveLast, save_atomically
from common.training.precision import affordable

if TYPE_CHECKING:
    from common.training.run import Run


class Module(L.LightningModule):
    """A ``LightningModule`` for short steps.

    Lightning notes the name of each hook when it enters and leaves it, dozens of times per step, and the attributes of
    an ``nn.Module`` are slow to set.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)


class NoProfiler(PassThroughProfiler):
    """Lightning enters a profiler around each hook of each callback; here that is the same empty context always."""

    NOTHING = contextlib.nullcontext()

    def profile(self, action_name: str) -> contextlib.nullcontext:
        return self.NOTHING


class StopAtNaN(L.Callback):
    """Stops at the first loss that is not a number, keeping the batch that gave it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        loss = outputs["loss"].item()
        if not math.isfinite(loss):
            path = self.folder / "nan-batch.pt"
            save_atomically(batch, path)
            raise UserError(f"training diverged: loss {loss} at epoch {trainer.current_epoch}, update "
                            f"{trainer.global_step}; the batch is in {path}. Lower lr or the clipping threshold.")


class History(L.Callback):
    """Writes what the module logs per epoch to the run's history, and says it on a plain line."""

    def __init__(self, run: "Run", seed: int):
        self.run, self.seed = run, seed
        self.started = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.lr = trainer.optimizers[0].param_groups[0]["lr"]  # an epoch that is resumed is not started again

    on_train_epoch_start = on_train_start

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        values = {name: float(v) for name, v in trainer.callback_metrics.items() if "/" in name} | {"lr": self.lr}
        for name, value in values.items():
            self.run.history(self.seed, trainer.current_epoch + 1, trainer.global_step, name, value)
        shown = "  ".join(f"{name} {value:.5g}" for name, value in values.items())
        print(f"{self.run.name} seed {self.seed} epoch {trainer.current_epoch + 1}: {shown}  "
              f"({time.monotonic() - self.started:.0f} s)", flush=True)


def new_trainer(folder: Path, max_epochs: int, callbacks: Iterable[L.Callback] = (), **options) -> L.Trainer:
    """A Trainer that keeps its checkpoints in ``folder``; ``options`` are Lightning's."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises at INFO
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*LeafSpec.*")  # Lightning's own use of torch
    warnings.filterwarnings("ignore", ".*all_gather is deprecated.*")
    torch.utils.deterministic.fill_uninitialized_memory = False  # deterministic=... would fill it, to find bugs
    return L.Trainer(
        max_epochs=max_epochs, num_sanity_val_steps=0, use_distributed_sampler=False, deterministic="warn",
        logger=False, enable_model_summary=False, default_root_dir=folder, profiler=NoProfiler(),
        enable_progress_bar=sys.stderr.isatty() and not os.environ.get("CI"), plugins=[AtomicCheckpointIO()],
        callbacks=[*callbacks, RandomState(), StopAtNaN(folder), SaveLast(folder)], **options,
    )


def fit(
    run: "Run",
    seed: int,
    module: L.LightningModule,
    train: Callable[[int, int], Iterable],
    valid: Iterable,
    *,
    max_epochs: int,
    precision: str = "32-true",
    callbacks: Iterable[L.Callback] = (),
) -> L.Trainer:
    """Trains ``module``; continues by itself where an interrupted call of the same run stopped.

    Args:
        train: given a process's rank and how many there are, what that process trains on in an epoch.
        valid: what every process validates on.
        precision: the one wished for; the provenance of a run tells the :func:`affordable` one that it had.

    Raises:
        UserError: the loss is not a number, or a checkpoint cannot be written.
    """
    work = run.seed_folder(seed)
    last = work / "last.ckpt"
    possible = affordable(precision, run.accelerator)
    if possible != precision:
        print(f"{run.name} seed {seed}: {possible}, since {precision} would be emulated here", flush=True)
    trainer = new_trainer(
        work, max_epochs, [*callbacks, History(run, seed)], accelerator=run.accelerator, devices=run.devices,
        num_nodes=run.nodes, strategy="ddp" if run.devices * run.nodes > 1 else "auto", precision=possible,
    )
    batches = train(trainer.global_rank, trainer.world_size)
    try:
        trainer.fit(module, batches, valid, ckpt_path=last if last.exists() else None, weights_only=True)
    except SystemExit:  # Lightning's way to end at Ctrl-C
        raise KeyboardInterrupt from None
    return trainer
