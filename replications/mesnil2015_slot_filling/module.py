"""How the networks are trained: as the authors' tutorial does, by plain gradient descent on a sentence, or by Adam."""

import lightning as L
import torch

from common.data.tagged.batches import Batch
from common.data.tagged.corpus import TaggedCorpus
from common.training.best_weights import KeepBest
from common.training.schedules import decaying
from common.training.tagging import Tagging
from replications.mesnil2015_slot_filling.config import Config
from replications.mesnil2015_slot_filling.model import network


class Tagger(Tagging):
    """The loss is the mean over the words of a batch; the paper's batch is a sentence."""

    def __init__(self, config: Config, corpus: TaggedCorpus):
        padding = corpus.vocabulary.eos
        super().__init__(
            network(config, len(corpus.vocabulary), len(corpus.target), len(corpus.intents), padding),
            corpus,
            config.crf,
        )
        self.config = config

    def training_step(self, batch: Batch, index: int) -> dict:
        step = super().training_step(batch, index)
        return step | {"loss": step["loss"] * batch.total / batch.total_words}

    def optimizer_step(self, *arguments, **options) -> None:
        """After every update every embedding is scaled to length 1, that of the padding too."""
        super().optimizer_step(*arguments, **options)
        if self.config.unit_length:
            weight = self.network.embedding.weight.data
            weight /= weight.norm(dim=1, keepdim=True)

    def configure_optimizers(self) -> torch.optim.Optimizer | dict:
        if self.config.optimizer == "sgd":
            return torch.optim.SGD(self.parameters(), self.config.lr)
        adam = torch.optim.Adam(self.parameters(), self.config.lr, fused=True)
        return decaying(adam, self.config.decay, self.updates)


class Halve(KeepBest):
    """After ``after`` epochs without a better F1, each further one halves the rate and begins with the best weights.

    Training ends at a rate below ``LEAST`` (the authors' tutorial code).
    """

    LEAST = 1e-5

    def __init__(self, after: int):
        super().__init__(metric="valid/error")
        self.after = after

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        trainer.should_stop = trainer.optimizers[0].param_groups[0]["lr"] < self.LEAST

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        super().on_validation_end(trainer, module)
        if self.waited < self.after:
            return
        module.load_state_dict(self.best_weights)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] /= 2
        self.on_train_start(trainer, module)
