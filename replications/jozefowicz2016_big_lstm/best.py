"""Which weights a training ends with."""

import lightning as L


class KeepBest(L.Callback):
    """Keeps a copy of the weights after the epoch with the lowest ``valid/nll``."""

    def __init__(self) -> None:
        self.lowest, self.weights = float("inf"), {}

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        nll = float(trainer.callback_metrics["valid/nll" + module.curve])
        if nll < self.lowest:
            self.lowest, self.weights = nll, module.weights()

    def state_dict(self) -> dict:
        return {"lowest": self.lowest, "weights": self.weights}

    def load_state_dict(self, state: dict) -> None:
        self.lowest, self.weights = state["lowest"], state["weights"]
