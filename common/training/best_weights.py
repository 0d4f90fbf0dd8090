"""Keeping the weights of the best epoch, and stopping when no better one comes."""

import math
from collections.abc import Callable

import lightning as L
import torch

Weights = dict[str, torch.Tensor]


def copied(module: torch.nn.Module) -> Weights:
    """A copy of all weights of ``module``, on the CPU."""
    return {name: weight.detach().cpu().clone() for name, weight in module.state_dict().items()}


class KeepBest(L.Callback):
    """Remembers the weights with the lowest value of a metric that the module logs; they cost their size once more.

    Args:
        patience: stop after so many epochs without a lower value; None: never.
        progress: part of the value by which it must be lower than the last such one, to count for the patience.
        metric: the name of what is logged after each validation.
        best: the value to be beaten.
        weights: takes a copy of what is kept of a module.
    """

    def __init__(
        self,
        patience: int | None = None,
        metric: str = "valid/nll",
        best: float = math.inf,
        weights: Callable[[L.LightningModule], Weights] = copied,
        progress: float = 0.0,
    ):
        self.patience, self.metric, self.best, self.weights = patience, metric, best, weights
        self.progress, self.milestone, self.waited = progress, best, 0
        self.best_weights: Weights = {}

    def _out_of_patience(self) -> bool:
        return self.patience is not None and self.waited >= self.patience

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        trainer.should_stop = self._out_of_patience()  # a finished training that is resumed does nothing

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        value = float(trainer.callback_metrics[self.metric])
        if value < self.best:
            self.best, self.best_weights = value, self.weights(module)
        if value < self.milestone * (1 - self.progress):
            self.milestone, self.waited = value, 0
        else:
            self.waited += 1
            trainer.should_stop = trainer.should_stop or self._out_of_patience()

    def state_dict(self) -> dict:
        return {key: getattr(self, key) for key in ("best", "milestone", "waited", "best_weights")}

    def load_state_dict(self, state: dict) -> None:
        for key, value in state.items():
            setattr(self, key, value)
