"""One training: Lightning's Trainer as this suite always sets it up."""

import contextlib
import datetime
import logging
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import lightning as L
import torch
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from common.data.order import Loader
from common.errors import UserError
from common.training import provenance
from common.training.checkpoints import (
    AtomicCheckpointIO,
    RandomState,
    SaveLast,
    latest,
    of_all_processes,
    save_atomically,
)
from common.training.epochs import Epochs
from common.training.precision import affordable
from common.training.progress import Progress

if TYPE_CHECKING:
    from common.training.run import Run

PATIENCE = datetime.timedelta(hours=12)  # of processes that wait for the first to evaluate a network


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
    """Stops at the first loss that is not a number; keeps its batch and the one before, which may be to blame.

    A share of a batch may be to blame too, so several processes ask each other, and end by the same message.
    """

    EVERY = SaveLast.EVERY  # updates; and no checkpoint is written before they have asked

    def __init__(self, folder: Path):
        self.folder = folder
        self.before: object = None
        self.found: tuple[int, str] | None = None  # update and message of the first such loss here

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        if "loss" not in outputs:
            return
        loss, rank = outputs["loss"].item(), trainer.global_rank
        if self.found is None and not math.isfinite(loss):
            path = self.folder / (f"nan-batches-{rank}.pt" if rank else "nan-batches.pt")
            save_atomically([self.before, batch], path)
            step, epoch = trainer.global_step, trainer.current_epoch
            said = f"training diverged: loss {loss} at epoch {epoch}, update {step}"
            kept = f"its batch and the one before are in {path}"
            self.found = (step, f"{said}; {kept}. Lower lr or the clipping threshold.")
        self.before = batch
        if trainer.world_size > 1 and trainer.global_step % self.EVERY and not trainer.is_last_batch:
            return
        if found := list(filter(None, of_all_processes(trainer, self.found))):
            raise UserError(min(found)[1])


class Together(L.Callback):
    """Ends processes that would not train the same, which else wait for each other for hours.

    Each finds by itself what it is to do, so that an edit between their starts, or a disk that shows them other files,
    sets them apart.
    """

    def __init__(self, work: Path, checkpoint: Path | None):
        self.mine = (work.name, checkpoint and (checkpoint.name, checkpoint.stat().st_size))

    def setup(self, trainer: L.Trainer, module: L.LightningModule, stage: str) -> None:
        if len(found := set(of_all_processes(trainer, self.mine))) > 1:
            raise UserError(
                "the processes do not agree on what to train: their code, data or settings differ, or the checkpoint "
                f"that they see ({'; '.join(sorted(map(str, found)))}); stop all, and give the same command again"
            )


def new_trainer(folder: Path, max_epochs: int, callbacks: Iterable[L.Callback] = (), **options) -> L.Trainer:
    """A Trainer that keeps its checkpoints in ``folder``; ``options`` are Lightning's, and outrank what stands here."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises at INFO
    for message in (
        ".*does not have many workers.*",
        ".*all_gather is deprecated.*",
        ".*when logging on epoch level.*",
        ".*run with no optimizer.*",
        ".*than the logging interval.*",
        ".*LeafSpec.*",
    ):  # the last is Lightning's own use of torch
        warnings.filterwarnings("ignore", message)
    torch.utils.deterministic.fill_uninitialized_memory = False  # deterministic=... would fill it, to find bugs
    plugins: list = [AtomicCheckpointIO()]
    if SLURMEnvironment.detect():
        plugins.append(SLURMEnvironment(auto_requeue=False))  # it would save inside the signal's handler
    bar = options.pop("enable_progress_bar", sys.stderr.isatty() and not os.environ.get("CI"))
    usual = {
        "num_sanity_val_steps": 0,
        "deterministic": "warn",
        "logger": False,
        "enable_model_summary": False,
        "profiler": NoProfiler(),
    }
    return L.Trainer(
        max_epochs=max_epochs,
        use_distributed_sampler=False,
        default_root_dir=folder,
        plugins=plugins,
        enable_progress_bar=bar,
        callbacks=[*callbacks, *([Progress()] if bar else []), RandomState(), StopAtNaN(folder), SaveLast(folder)],
        **(usual | options),
    )


def fit(
    run: "Run",
    seed: int,
    module: L.LightningModule,
    train: Callable[[int, int], Loader],
    valid: Iterable | None,
    *,
    max_epochs: int,
    part: str = "",
    precision: str = "32-true",
    callbacks: Iterable[L.Callback] = (),
    apart: bool = False,
    curve: Callable[[str], str] = str,
    after: int = 0,
) -> L.Trainer:
    """Trains ``module``; continues by itself where an interrupted call of the same run stopped.

    Args:
        train: given a process's rank and how many there are, what that process trains on.
        valid: what every process validates on.
        part: names one of several trainings of a seed.
        precision: the one wished for; the provenance of a run tells the :func:`affordable` one that it had.
        apart: the processes share no weights, so that no gradient is averaged.
        curve, after: as of :class:`Epochs`.

    Raises:
        UserError: the loss is not a number, a checkpoint cannot be written, or the processes disagree.
        Interrupted: by a signal that asked for it.
    """
    work = run.seed_folder(seed, part)
    possible = affordable(precision, run.accelerator)
    if possible != precision:
        print(f"{run.name} seed {seed}: {possible}, since {precision} would be emulated here", flush=True)
    if possible == "bf16-mixed" and run.accelerator == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32 for what autocast leaves in single precision
    strategy = (Apart if apart else DDPStrategy)(timeout=PATIENCE) if run.devices * run.nodes > 1 else "auto"
    checkpoint = latest(work)
    with run.logger(run, seed, part) as logger:
        trainer = new_trainer(
            work,
            max_epochs,
            [*callbacks, Epochs(run, seed, curve, after), Together(run.work, checkpoint)],
            accelerator=run.accelerator,
            logger=logger,
            devices=run.devices,
            num_nodes=run.nodes,
            strategy=strategy,
            precision=possible,
            **run.trainer,
        )
        run.trained_on = {
            "device": provenance.device_name(run.accelerator),
            "devices": trainer.world_size,
            "precision": possible,
        }
        batches = train(trainer.global_rank, trainer.world_size)
        if trainer.global_rank:  # what is dropped and drawn differs between processes; that all start alike is done
            torch.manual_seed(seed + 1_000_003 * trainer.global_rank)
        try:
            trainer.fit(module, batches, valid, ckpt_path=checkpoint, weights_only=True)
        except SystemExit:  # Lightning's way to end at Ctrl-C
            raise KeyboardInterrupt from None
        except (RuntimeError, ValueError) as error:
            if "state_dict" in str(error) or "state dict" in str(error):
                raise UserError(f"{checkpoint}: a checkpoint of another network; delete it and run again") from error
            raise
        except MisconfigurationException as error:
            if not run.trainer:
                raise
            raise UserError(f"--trainer {run.trainer}: {error}") from error
    return trainer


class Apart(DDPStrategy):
    """Several processes that train what is their own."""

    def configure_ddp(self) -> None:
        pass
