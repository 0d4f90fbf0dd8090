"""How the networks are trained: the mean over sentences of -log p(y | x), by Adadelta (section 4.2, B.2)."""

import math
import time

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from common.data.parallel.buckets import Batch
from common.data.parallel.corpus import ParallelCorpus
from common.training.fit import Module
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder


class Translation(Module):
    """A network between the vocabularies of a corpus. Perplexities are per target word, ``</s>`` included.

    Args:
        updates: of the whole training, over which the rate falls. (Lightning's own estimate would set up the batches
            before their position is read from a checkpoint, and so lose it.)
    """

    def __init__(self, config: Config, corpus: ParallelCorpus, updates: int = 0):
        super().__init__()
        self.config, self.updates = config, updates
        self.network = EncoderDecoder(config, len(corpus.source), len(corpus.target), corpus.target.eos)
        self.nats, self.sentences, self.words, self.seconds = 0.0, 0, 0, 0.0  # of the epoch so far

    def training_step(self, batch: Batch, index: int) -> Tensor:
        nats = self.network(*batch)
        self.nats += nats.detach().sum().item()
        self.sentences += len(nats)
        self.words += int(batch.target_lengths.sum())
        return nats.mean()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The norm of the whole gradient is at most ``clip_norm`` (B.2)."""
        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], self.config.clip_norm)

    def configure_optimizers(self) -> dict:
        config, weights = self.config, self.network.parameters()
        if config.optimizer == "adadelta":
            optimiser: torch.optim.Optimizer = torch.optim.Adadelta(weights, config.lr, rho=0.95, eps=1e-6)
        else:
            optimiser = torch.optim.Adam(weights, config.lr, fused=True)
        rate = LambdaLR(optimiser, lambda n: 1 - n / (self.updates + 1) if config.decay == "linear" else 1.0)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def on_train_start(self) -> None:
        self.started = time.monotonic()

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.nats, self.sentences, self.words = 0.0, 0, 0
        self.started, self.seconds = time.monotonic(), 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_nats, self.valid_sentences, self.valid_words = 0.0, 0, 0

    def validation_step(self, batch: Batch, index: int) -> None:
        with torch.autocast(self.device.type, enabled=False):
            nats = self.network(*batch)
        self.valid_nats += nats.double().sum().item()
        self.valid_sentences += len(nats)
        self.valid_words += int(batch.target_lengths.sum())

    def on_validation_epoch_end(self) -> None:
        values = {"train/sentence_nll": self.nats / self.sentences, "train/words_per_second": self.words / self.seconds,
                  "train/perplexity": math.exp(self.nats / self.words),
                  "valid/sentence_nll": self.valid_nats / self.valid_sentences,
                  "valid/nll": self.valid_nats / self.valid_words,
                  "valid/perplexity": math.exp(self.valid_nats / self.valid_words)}
        self.log_dict(values, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        seconds = self.seconds + time.monotonic() - self.started
        checkpoint["epoch_so_far"] = [self.nats, self.sentences, self.words, seconds]

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.nats, self.sentences, self.words, self.seconds = checkpoint["epoch_so_far"]
