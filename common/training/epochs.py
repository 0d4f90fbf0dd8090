"""What an epoch adds up to: sums over all batches and processes, their time, and what is shown and kept of them."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import lightning as L
import torch
from torch import Tensor

if TYPE_CHECKING:
    from common.training.run import Run

Sums = dict[str, float]


class Epochs(L.Callback):
    """Sums, clock and learning curves of a training.

    A module's ``training_step`` returns ``{"loss": ..., "sums": {name: number or scalar tensor}}`` for its own part of
    the batch, its ``validation_step`` such sums alone; every process validates on everything. After each validation
    ``module.curves(train, valid)`` makes of both epochs' sums what is logged, and ``module.counted`` names the sum that
    speed is measured in. An epoch that is resumed goes on with its sums, its time and the rate that it began with.

    Args:
        curve: what a metric is called in the run's history.
        after: epochs of the seed's trainings before this one.
    """

    def __init__(self, run: "Run", seed: int, curve: Callable[[str], str] = str, after: int = 0):
        self.run, self.seed, self.curve, self.after = run, seed, curve, after
        self.train: dict[str, float | Tensor] = {}
        self.valid: dict[str, float | Tensor] = {}
        self.seconds = 0.0  # of training in this epoch, before ``since``
        self.lr: float | None = None
        self.started = self.since = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.since = time.monotonic()

    def on_train_epoch_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Not called for an epoch that is resumed."""
        trainer.train_dataloader.set_epoch(trainer.current_epoch)
        self.train, self.seconds, self.since = {}, 0.0, time.monotonic()
        self.lr = next((group["lr"] for each in trainer.optimizers for group in each.param_groups), None)

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        add(self.train, outputs["sums"])
        if trainer.logger and "loss" in outputs and trainer.global_step % trainer.log_every_n_steps == 0:
            trainer.logger.log_metrics({"train/loss": float(outputs["loss"])}, step=trainer.global_step)

    def on_validation_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.seconds += time.monotonic() - self.since
        self.valid = {}

    def on_validation_batch_end(self, trainer, module, outputs, batch, index, dataloader_idx=0) -> None:
        add(self.valid, outputs)

    def on_validation_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        train = over_processes(trainer, self.train)
        values = module.curves(train, {name: float(value) for name, value in self.valid.items()})
        values[f"train/{module.counted}_per_second"] = train[module.counted] / self.seconds
        self.log_dict({name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()})

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.since = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        logged = trainer.callback_metrics.items()
        values = {self.curve(metric): float(value) for metric, value in logged if "/" in metric}
        if not values:  # Lightning ends an epoch once more that was over when the checkpoint was written
            return
        if self.lr is not None:
            values[self.curve("lr")] = self.lr
        epoch = self.after + trainer.current_epoch + 1
        for metric, value in values.items():
            self.run.history(self.seed, epoch, trainer.global_step, metric, value)
        shown = "  ".join(f"{metric} {value:.5g}" for metric, value in values.items())
        print(
            f"{self.run.name} seed {self.seed} epoch {epoch}: {shown}  ({time.monotonic() - self.started:.0f} s)",
            flush=True,
        )

    def on_save_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        checkpoint["epoch_so_far"] = {
            "sums": over_processes(trainer, self.train),
            "lr": self.lr,
            "seconds": self.seconds + time.monotonic() - self.since,
        }

    def on_load_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        so_far = checkpoint["epoch_so_far"]
        self.seconds, self.lr = so_far["seconds"], so_far["lr"]
        self.train = so_far["sums"] if trainer.is_global_zero else dict.fromkeys(so_far["sums"], 0.0)


def add(total: dict[str, float | Tensor], sums: dict[str, float | Tensor]) -> None:
    """Adds ``sums`` to ``total`` in double precision, on the device where they are: nobody waits for a GPU."""
    for name, value in sums.items():
        total[name] = total.get(name, 0.0) + (value.detach().double() if isinstance(value, Tensor) else value)


@torch.no_grad()
def summed(module: L.LightningModule, batches: Iterable) -> dict[str, float | Tensor]:
    """What ``module.validation_step`` gives, added up over ``batches``: an evaluation."""
    total: dict[str, float | Tensor] = {}
    for index, batch in enumerate(batches):
        add(total, module.validation_step(batch, index))
    return total


def over_processes(trainer: L.Trainer, sums: dict[str, float | Tensor]) -> Sums:
    """The sums of all processes together; all of them call this."""
    if trainer.world_size == 1 or not sums:
        return {name: float(value) for name, value in sums.items()}
    mine = torch.tensor(
        [float(value) for value in sums.values()], dtype=torch.float64, device=trainer.strategy.root_device
    )
    return dict(zip(sums, trainer.strategy.reduce(mine, reduce_op="sum").tolist(), strict=True))
