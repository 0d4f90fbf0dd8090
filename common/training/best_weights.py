"""Keeping the weights of the best epoch, and stopping when no better one comes."""

import lightning as L
import torch


class KeepBest(L.Callback):
    """Remembers the weights with the lowest ``valid/nll`` (logged by the module); they cost their size once more.

    Args:
        patience: stop after so many epochs without a better one; None: never.
    """

    def __init__(self, patience: int | None = None):
        self.patience = patience
        self.best, self.waited = float("inf"), 0
        self.best_weights: dict[str, torch.Tensor] = {}

    def _out_of_patience(self) -> bool:
        return self.patience is not None and self.waited >= self.patience

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        trainer.should_stop = self._out_of_patience()  # a finished training that is resumed does nothing

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        nll = float(trainer.callback_metrics["valid/nll"])
        if nll < self.best:
            self.best, self.waited = nll, 0
            self.best_weights = {name: w.detach().clone() for name, w in module.state_dict().items()}
        else:
            self.waited += 1
            trainer.should_stop = trainer.should_stop or self._out_of_patience()

    def state_dict(self) -> dict:
        return {"best": self.best, "waited": self.waited, "best_weights": self.best_weights}

    def load_state_dict(self, state: dict) -> None:
        self.best, self.waited, self.best_weights = (state[key] for key in ("best", "waited", "best_weights"))
