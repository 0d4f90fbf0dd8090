"""How the networks are trained: -log p(y | x), averaged over pairs, by Adadelta (section 4.1.1)."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from common.data.parallel.buckets import Batch
from common.metrics.perplexity import of_sum
from common.training.fit import Module
from common.training.schedules import decaying
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.model import EncoderDecoder


class Learner(Module, ABC):
    """What the two networks of the paper share: the loss, the optimiser and its rate.

    A batch has the ``total`` of examples that all processes have of it.

    Args:
        lr: factor of Adadelta's steps, or Adam's rate.
    """

    counted = "words"
    updates = 0  # of the whole training, over which the rate falls if it does

    def __init__(self, config: Config, lr: float):
        super().__init__()
        self.config, self.lr = config, lr

    @abstractmethod
    def nats(self, batch) -> Tensor:
        """-log p of each of this process's B examples ``[B]``."""

    @abstractmethod
    def words(self, batch) -> Tensor | int:
        """How many target words they have."""

    def training_step(self, batch, index: int) -> dict:
        sums = self.validation_step(batch, index)
        return {"loss": sums["nats"] * self.trainer.world_size / batch.total, "sums": sums}

    def validation_step(self, batch, index: int) -> dict:
        return {"nats": self.nats(batch).double().sum(), "words": self.words(batch)}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {"valid/nll": valid["nats"] / valid["words"], "valid/perplexity": of_sum(**valid),
                "train/perplexity": of_sum(**train)}

    def configure_optimizers(self) -> dict:
        if self.config.optimizer == "adadelta":
            optimiser: torch.optim.Optimizer = torch.optim.Adadelta(self.parameters(), self.lr, rho=0.95, eps=1e-6)
        else:
            optimiser = torch.optim.Adam(self.parameters(), self.lr, fused=True)
        return decaying(optimiser, self.config.decay, self.updates)


class PhraseLearner(Learner):
    """The encoder-decoder; batches are pairs of phrases or of sentences. Perplexity is per target word."""

    def __init__(self, config: Config, source_words: int, target_words: int, end: int):
        super().__init__(config, config.lr)
        self.network = EncoderDecoder(config, source_words, target_words, end)

    def nats(self, batch: Batch) -> Tensor:
        return self.network(batch)

    def words(self, batch: Batch) -> Tensor:
        return batch.target_lengths.sum()
