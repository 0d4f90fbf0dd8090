"""How the networks are trained: squared error of a number, or cross-entropy of a class."""

import torch
from torch.nn import functional as F

from common.training.clipping import clip_norm
from common.training.fit import Module
from replications.le2015_irnn.config import Config
from replications.le2015_irnn.data import Batch
from replications.le2015_irnn.model import Network

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class Answerer(Module):
    """The loss is a mean over the minibatch; the gradient's norm is bounded over all weights together."""

    counted = "sequences"

    def __init__(self, config: Config, inputs: int, outputs: int):
        super().__init__()
        self.config, self.is_class = config, outputs > 1
        self.network = Network(config, inputs, outputs)

    def validation_step(self, batch: Batch, index: int) -> dict:
        """The loss, and the right answers where they are classes, added up over a minibatch."""
        answers, sums = self.network(batch.inputs), {"sequences": len(batch.target)}
        if not self.is_class:
            return sums | {"loss": F.mse_loss(answers[:, 0], batch.target, reduction="sum")}
        right = (answers.argmax(1) == batch.target).sum()
        return sums | {"loss": F.cross_entropy(answers, batch.target, reduction="sum"), "right": right}

    def training_step(self, batch: Batch, index: int) -> dict:
        sums = self.validation_step(batch, index)
        return {"loss": sums["loss"] * self.trainer.world_size / batch.total, "sums": sums}

    def measures(self, sums: dict) -> dict[str, float]:
        """Mean squared error, or nats and accuracy in %."""
        found = {"nll": sums["loss"], "accuracy": 100 * sums["right"]} if self.is_class else {"mse": sums["loss"]}
        return {name: float(value / sums["sequences"]) for name, value in found.items()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        both = {"train": self.measures(train), "valid": self.measures(valid)}
        return {f"{split}/{name}": value for split, found in both.items() for name, value in found.items()}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        clip_norm(self.parameters(), self.config.clip_norm)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        weights = [weight for weight in self.parameters() if weight.requires_grad]
        return OPTIMIZERS[self.config.optimizer](weights, self.config.lr)
