"""How the networks are trained: the mean over sentences of -log p(y | x), by Adadelta (section 4.2, B.2)."""

import torch

from common.data.parallel.corpus import ParallelCorpus
from common.training.adaptive import ADAPTIVE
from common.training.clipping import clip_norm
from common.training.schedules import decaying
from common.training.translation import Translation
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder


class Translator(Translation):
    """A network between the vocabularies of a corpus."""

    updates = 0  # of the whole training, over which the rate falls

    def __init__(self, config: Config, corpus: ParallelCorpus):
        super().__init__(EncoderDecoder(config, len(corpus.source), len(corpus.target), corpus.target.eos))
        self.config = config

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        sentences = {
            f"{split}/sentence_nll": sums["nats"] / sums["sentences"]
            for split, sums in (("train", train), ("valid", valid))
        }
        return super().curves(train, valid) | sentences

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The norm of the whole gradient is at most ``clip_norm`` (B.2)."""
        clip_norm(self.parameters(), self.config.clip_norm)

    def configure_optimizers(self) -> dict:
        config = self.config
        optimiser = ADAPTIVE[config.optimizer](self.parameters(), config.lr)
        return decaying(optimiser, config.decay, self.updates)
