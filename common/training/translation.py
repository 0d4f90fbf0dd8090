"""Learning to translate: -log p(y | x) of a sentence, summed over its words, averaged over the sentences of a batch."""

import torch
from torch import nn

from common.data.parallel.buckets import Batch
from common.metrics.perplexity import of_sum
from common.training.fit import Module


class Translation(Module):
    """A network that gives the nats of each pair of a batch ``[B]``; a subclass says how its weights are changed.

    Perplexities are per target word, ``</s>`` included.
    """

    counted = "words"

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def sums(self, batch: Batch) -> dict:
        nats = self.network(batch)
        return {"nats": nats.sum(), "sentences": len(nats), "words": batch.target_lengths.sum()}

    def training_step(self, batch: Batch, index: int) -> dict:
        sums = self.sums(batch)
        return {"loss": sums["nats"] * self.trainer.world_size / batch.total, "sums": sums}

    def validation_step(self, batch: Batch, index: int) -> dict:
        with torch.autocast(self.device.type, enabled=False):
            return self.sums(batch)

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {
            "valid/nll": valid["nats"] / valid["words"],
            "valid/perplexity": of_sum(valid["nats"], valid["words"]),
            "train/perplexity": of_sum(train["nats"], train["words"]),
        }
