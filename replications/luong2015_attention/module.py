"""How the networks are trained: -log p(y | x) summed over words, averaged over sentences (section 4.1)."""

import torch

from common.data.parallel.corpus import ParallelCorpus
from common.training.adaptive import ADAPTIVE
from common.training.clipping import factor
from common.training.schedules import decaying, halved, scheduled
from common.training.translation import Translation
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.model import Translator


class Learner(Translation):
    """A network between the vocabularies of a corpus."""

    updates = 1  # of an epoch

    def __init__(self, config: Config, corpus: ParallelCorpus):
        super().__init__(Translator(config, len(corpus.source), len(corpus.target), corpus.target.eos))
        self.config = config

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The norm is that of all but the embeddings; they are scaled with the others (the authors' code)."""
        inner = [w.grad for name, w in self.network.named_parameters() if "embedding" not in name]
        scale = factor(inner, self.config.clip_norm)
        torch._foreach_mul_([weight.grad for weight in self.parameters()], scale)

    def configure_optimizers(self) -> dict:
        config = self.config
        kind = {"sgd": torch.optim.SGD, **ADAPTIVE}[config.optimizer]
        optimiser = kind(self.parameters(), config.lr)
        if config.halve_after is None:
            return decaying(optimiser, "linear", self.updates * config.max_epochs)
        return scheduled(optimiser, lambda update: halved(update // self.updates, config.halve_after, 1))
