"""How the networks are trained: -log p(y | x), averaged over pairs, by Adadelta (section 4.1.1)."""

import math
import time
from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from common.training.fit import Module
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.model import EncoderDecoder


class Learner(Module, ABC):
    """What the two networks of the paper share: sums over an epoch, the optimiser and its rate.

    A subclass computes :meth:`nats` of a batch, one value per example, and says what an example is measured in.

    Args:
        prefix: of the metrics' names.
        lr: factor of Adadelta's steps, or Adam's rate.
        updates: of the whole training, over which the rate falls if it does.
    """

    def __init__(self, config: Config, prefix: str, lr: float, updates: int):
        super().__init__()
        self.config, self.prefix, self.lr, self.updates = config, prefix, lr, updates
        self.sum, self.words, self.seconds = 0.0, 0, 0.0  # of the epoch so far

    @abstractmethod
    def nats(self, batch) -> Tensor:
        """-log p of each example ``[B]``."""

    @abstractmethod
    def count(self, batch) -> int:
        """Target words of a batch."""

    def training_step(self, batch, index: int) -> Tensor:
        nats = self.nats(batch)
        self.sum += nats.detach().sum().item()
        self.words += self.count(batch)
        return nats.mean()

    def configure_optimizers(self) -> dict:
        if self.config.optimizer == "adadelta":
            optimiser: torch.optim.Optimizer = torch.optim.Adadelta(self.parameters(), self.lr, rho=0.95, eps=1e-6)
        else:
            optimiser = torch.optim.Adam(self.parameters(), self.lr, fused=True)
        falls = self.config.decay == "linear"
        rate = LambdaLR(optimiser, lambda n: max(0.0, 1 - n / (self.updates + 1)) if falls else 1.0)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def on_train_start(self) -> None:
        self.started = time.monotonic()

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.sum, self.words, self.started, self.seconds = 0.0, 0, time.monotonic(), 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_sum, self.valid_words = 0.0, 0

    def validation_step(self, batch, index: int) -> None:
        self.valid_sum += self.nats(batch).double().sum().item()
        self.valid_words += self.count(batch)

    def on_validation_epoch_end(self) -> None:
        valid = self.valid_sum / self.valid_words
        self.log_dict({"valid/nll": valid, f"valid/{self.prefix}": math.exp(valid),
                       f"train/{self.prefix}": math.exp(self.sum / self.words),
                       f"train/{self.prefix}_words_per_second": self.words / self.seconds}, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["epoch_so_far"] = [self.sum, self.words, self.seconds + time.monotonic() - self.started]

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.sum, self.words, self.seconds = checkpoint["epoch_so_far"]


class PhraseLearner(Learner):
    """The encoder-decoder; batches are pairs of phrases or of sentences. Perplexity is per target word."""

    def __init__(self, config: Config, source_words: int, target_words: int, end: int, updates: int = 0):
        super().__init__(config, "perplexity", config.lr, updates)
        self.network = EncoderDecoder(config, source_words, target_words, end)

    def nats(self, batch) -> Tensor:
        return self.network(*batch)

    def count(self, batch) -> int:
        return int(batch.target_lengths.sum())
