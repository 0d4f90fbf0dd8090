"""When to lower the learning rate, and when to stop: each rule once, by name."""

import math
from collections.abc import Callable

import lightning as L
import torch

from common.training.best_weights import KeepBest

DECAYS = {  # by what the rate is multiplied at update n of N
    "constant": lambda n, of: 1.0,
    "linear": lambda n, of: max(0.0, 1 - n / (of + 1)),
    "cosine": lambda n, of: 0.5 * (1 + math.cos(math.pi * min(n / of, 1))),
}


def scheduled(optimiser: torch.optim.Optimizer, factor: Callable[[int], float]) -> dict:
    """What ``configure_optimizers`` returns for a rate that is multiplied by ``factor`` of the updates so far."""
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


def decaying(optimiser: torch.optim.Optimizer, decay: str, updates: int) -> dict:
    """As :func:`scheduled`, for a rate that falls with every one of ``updates`` updates.

    Lightning's own estimate of their number would set up the batches before a resumed one gets its place back.
    """
    return scheduled(optimiser, lambda n: DECAYS[decay](n, updates))


def halved(epochs: float, after: float, every: float) -> float:
    """By what the rate is multiplied after so many epochs: 1, and half as much from ``after`` on at every ``every``."""
    return 1.0 if epochs < after else 0.5 ** (1 + math.floor((epochs - after) / every + 1e-9))


class HalveOnRise(L.Callback):
    """Halves the rate after an epoch in which the training error rose.

    An epoch after which the validation error is not a number is undone too: the best weights come back.

    Args:
        keep: the best weights, and the validation error that they are chosen by.
        metric: the training error, as the module logs it.
    """

    def __init__(self, keep: KeepBest, metric: str = "train/nll"):
        self.keep, self.metric, self.before = keep, metric, math.inf

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.keep.best_weights = self.keep.best_weights or self.keep.weights(module)

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        error, valid = (float(trainer.callback_metrics[metric]) for metric in (self.metric, self.keep.metric))
        lost = not math.isfinite(valid)
        if lost:
            module.load_state_dict(self.keep.best_weights)
        if lost or error > self.before:
            for group in trainer.optimizers[0].param_groups:
                group["lr"] /= 2
        if not lost:
            self.before = error

    def state_dict(self) -> dict:
        return {"before": self.before}

    def load_state_dict(self, state: dict) -> None:
        self.before = state["before"]


class RestoreAndHalve(L.Callback):
    """The RNNLM toolkit's rule (Mikolov 2012, section 3.3; option ``-min-improvement``).

    After each epoch, with the validation log-probability L (negative): if it fell, the previous weights come back. If
    it improved by less than the factor ``min_improvement`` (L min_improvement < L_before), the rate is halved after
    this and every later epoch; at the second such epoch training stops.

    During the first ``hold`` epochs the rule rests: a loss that fluctuates would set off the halving too early.

    The module logs ``valid/nll`` (nats per word). Weights are copied, so they cost their size once more.
    """

    def __init__(self, min_improvement: float = 1.003, hold: int = 0):
        self.min_improvement, self.hold = min_improvement, hold
        self.previous: float | None = None
        self.best_weights: dict[str, torch.Tensor] = {}
        self.halving = self.stopped = False

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        trainer.should_stop = self.stopped  # a finished training that is resumed does nothing

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        nll = float(trainer.callback_metrics["valid/nll"])
        if trainer.current_epoch < self.hold:
            self.previous = None
        if self.previous is not None and nll > self.previous:
            module.load_state_dict(self.best_weights)
        else:
            self.best_weights = {name: w.detach().clone() for name, w in module.state_dict().items()}
        if self.previous is not None and nll * self.min_improvement > self.previous:
            trainer.should_stop = self.stopped = self.halving
            self.halving = True
        if self.halving:
            for group in trainer.optimizers[0].param_groups:
                group["lr"] /= 2
        self.previous = nll

    def state_dict(self) -> dict:
        return {
            "previous": self.previous,
            "halving": self.halving,
            "stopped": self.stopped,
            "best_weights": self.best_weights,
        }

    def load_state_dict(self, state: dict) -> None:
        self.previous, self.halving, self.stopped = (state[k] for k in ("previous", "halving", "stopped"))
        self.best_weights = state["best_weights"]
