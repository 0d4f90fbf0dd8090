"""How the networks are trained: the mean over sentences of -log p(y | x), by Adadelta (section 4.2, B.2)."""

import torch

from common.data.parallel.buckets import Batch
from common.data.parallel.corpus import ParallelCorpus
from common.metrics.perplexity import of_sum
from common.training.clipping import clip_norm
from common.training.fit import Module
from common.training.schedules import decaying
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder


class Translation(Module):
    """A network between the vocabularies of a corpus. Perplexities are per target word, ``</s>`` included."""

    counted = "words"
    updates = 0  # of the whole training, over which the rate falls

    def __init__(self, config: Config, corpus: ParallelCorpus):
        super().__init__()
        self.config = config
        self.network = EncoderDecoder(config, len(corpus.source), len(corpus.target), corpus.target.eos)

    def training_step(self, batch: Batch, index: int) -> dict:
        sums = self.sums(batch)
        return {"loss": sums["nats"] * self.trainer.world_size / batch.total, "sums": sums}

    def validation_step(self, batch: Batch, index: int) -> dict:
        with torch.autocast(self.device.type, enabled=False):
            return self.sums(batch)

    def sums(self, batch: Batch) -> dict:
        nats = self.network(batch)
        return {"nats": nats.sum(), "sentences": len(nats), "words": batch.target_lengths.sum()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        found = {"valid/nll": valid["nats"] / valid["words"]}
        for split, sums in (("train", train), ("valid", valid)):
            found[f"{split}/sentence_nll"] = sums["nats"] / sums["sentences"]
            found[f"{split}/perplexity"] = of_sum(sums["nats"], sums["words"])
        return found

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The norm of the whole gradient is at most ``clip_norm`` (B.2)."""
        clip_norm(self.parameters(), self.config.clip_norm)

    def configure_optimizers(self) -> dict:
        config, weights = self.config, self.parameters()
        if config.optimizer == "adadelta":
            optimiser: torch.optim.Optimizer = torch.optim.Adadelta(weights, config.lr, rho=0.95, eps=1e-6)
        else:
            optimiser = torch.optim.Adam(weights, config.lr, fused=True)
        return decaying(optimiser, config.decay, self.updates)
