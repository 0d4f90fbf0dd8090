"""How the network is trained: gradient descent on log p(T | S), section 3.4."""

import math
import time

import torch
from torch import Tensor

from common.data.parallel.buckets import Batch
from common.layers.encoder_decoder import nats_per_sentence, shifted
from common.training.fit import Module
from common.training.sgd import SGD
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.model import Seq2Seq


class Translator(Module):
    """The network, its loss and its schedule.

    The loss is -log p(T | S), summed over the words of a sentence and averaged over the sentences of a batch: what the
    rate of 0.7 and the threshold of 5 are meant for.
    """

    def __init__(self, config: Config, source_words: int, target_words: int, end: int):
        super().__init__()
        self.config = config
        self.network = Seq2Seq(config, source_words, target_words, end)
        self.nats = self.words = self.seconds = 0.0

    def negative_log_probabilities(self, batch: Batch) -> Tensor:
        """Nats of each sentence, its </s> included ``[B]``."""
        before, mask = shifted(batch.target, self.network.end), batch.target_mask
        logits = self.network(batch.source, batch.source_lengths, before, mask)
        return nats_per_sentence(logits, batch.target, mask)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        nats = self.negative_log_probabilities(batch)
        self.nats += nats.detach().double().sum().item()
        self.words += batch.target_lengths.sum().item()
        sentences = self.sum_over_processes(len(nats))
        return nats.sum() * self.trainer.world_size / sentences  # processes' gradients are averaged

    def sum_over_processes(self, value: float) -> float:
        if self.trainer.world_size == 1:
            return value
        return self.all_gather(torch.tensor(value, dtype=torch.float64, device=self.device)).sum().item()

    def on_train_batch_start(self, batch: Batch, index: int) -> None:
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.config.lr * rate(self.config, self.epochs())

    def on_train_batch_end(self, outputs: object, batch: Batch, index: int) -> None:
        """An epoch may be a part of one: the paper trains for 7.5."""
        if self.epochs() >= self.config.max_epochs:
            self.trainer.should_stop = True

    def epochs(self) -> float:
        """How much of the training text has been seen, in epochs."""
        return self.global_step / self.trainer.num_training_batches

    def on_train_start(self) -> None:
        self.started = time.monotonic()
        self.trainer.should_stop = self.epochs() >= self.config.max_epochs  # a finished training that is resumed

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.started, self.seconds, self.nats, self.words = time.monotonic(), 0.0, 0.0, 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_nats = self.valid_words = 0.0

    def validation_step(self, batch: Batch, index: int) -> None:
        with torch.autocast(self.device.type, enabled=False):
            self.valid_nats += self.negative_log_probabilities(batch).double().sum().item()
        self.valid_words += batch.target_lengths.sum().item()

    def on_validation_epoch_end(self) -> None:
        valid, words = self.valid_nats / self.valid_words, self.sum_over_processes(self.words)
        train = self.sum_over_processes(self.nats) / words
        values = {"valid/nll": valid, "valid/perplexity": math.exp(valid), "train/perplexity": math.exp(train),
                  "train/words_per_second": words / self.seconds}
        self.log_dict(values, sync_dist=True)

    def configure_optimizers(self) -> SGD:
        return SGD(self.network.parameters(), self.config.lr, clip_norm=self.config.clip_norm)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["sums"] = [self.sum_over_processes(self.nats), self.sum_over_processes(self.words)]
        checkpoint["seconds"] = self.seconds + time.monotonic() - self.started

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        processes = self.trainer.world_size
        self.nats, self.words = (total / processes for total in checkpoint["sums"])
        self.seconds = checkpoint["seconds"]


def rate(config: Config, epochs: float) -> float:
    """What the learning rate is multiplied by: 1, and half as much from ``halve_after`` on every ``halve_every``.

    The paper halves at 5, 5.5, 6, 6.5 and 7 epochs and stops at 7.5.
    """
    if epochs < config.halve_after:
        return 1.0
    return 0.5 ** (1 + math.floor((epochs - config.halve_after) / config.halve_every + 1e-9))
