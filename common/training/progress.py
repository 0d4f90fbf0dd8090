"""The progress bar, with the loss of the update that it stands at."""

import lightning as L
from lightning.pytorch.callbacks import TQDMProgressBar


class Progress(TQDMProgressBar):
    """Lightning's bar, drawn every ten updates: reading a loss waits for the GPU."""

    def __init__(self) -> None:
        super().__init__(refresh_rate=10)
        self.loss: object = None

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, outputs, *rest) -> None:
        self.loss = outputs.get("loss")
        super().on_train_batch_end(trainer, module, outputs, *rest)

    def get_metrics(self, trainer: L.Trainer, module: L.LightningModule) -> dict:
        shown = {} if self.loss is None else {"loss": f"{float(self.loss):.4g}"}
        return {**super().get_metrics(trainer, module), **shown}
