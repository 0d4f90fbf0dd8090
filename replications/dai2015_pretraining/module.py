"""How the networks are trained: first, where asked for, to foresee words; then to give a review its label."""

import torch
from torch import Tensor
from torch.nn import functional as F

from common.training.clipping import clip_norm
from common.training.fit import Module
from common.training.schedules import decaying
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.data import Batch, Reviews
from replications.dai2015_pretraining.model import Classifier, NextWord, Reader, next_words

ROWS = 2000  # of a full softmax at a time


class Learner(Module):
    """Adam, the gradient's norm bounded over all weights together."""

    counted = "words"
    updates = 0  # of the whole training, over which the rate may fall

    def __init__(self, config: Config, lr: float):
        super().__init__()
        self.config, self.lr = config, lr

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        clip_norm(self.parameters(), self.config.clip_norm)

    def configure_optimizers(self) -> dict:
        adam = torch.optim.Adam(self.parameters(), self.lr, fused=True)
        return decaying(adam, self.config.decay, self.updates)


class Pretrainer(Learner):
    """A language model or a sequence autoencoder; its loss is the mean over the words that it foresees."""

    def __init__(self, config: Config, corpus: Reviews, seed: int):
        super().__init__(config, config.pretrain_lr)
        words, self.seed, self.autoencoder = len(corpus.vocabulary), seed, config.pretrain == "sa"
        self.reader, self.output = Reader(config, words), NextWord(config.hidden, words, config.samples)

    def foreseen(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Hidden layers ``[N, H]`` and the words ``[N]`` that they foresee."""
        words, asked = next_words(batch.words, batch.lengths, self.autoencoder)
        return self.reader(words[:-1])[asked], words[1:][asked]

    def training_step(self, batch: Batch, index: int) -> dict:
        hidden, targets = self.foreseen(batch)
        draw = torch.Generator().manual_seed(1_000_003 * self.seed + self.trainer.global_step)
        nats = self.output.training_loss(hidden, targets, draw).sum()
        total = batch.total_words - (0 if self.autoencoder else batch.total)
        return {"loss": nats * self.trainer.world_size / total, "sums": {"nats": nats, "words": len(targets)}}

    def validation_step(self, batch: Batch, index: int) -> dict:
        hidden, targets = self.foreseen(batch)
        parts = zip(hidden.split(ROWS), targets.split(ROWS), strict=True)
        return {"nats": sum(self.output(*part).sum() for part in parts), "words": len(targets)}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        """Nats a word; those of training are of a sampled softmax, where there is one."""
        both = {"train": train, "valid": valid}
        return {f"{split}/nll": sums["nats"] / sums["words"] for split, sums in both.items()}


class Sentiment(Learner):
    """A classifier of reviews; its loss is the mean over the reviews of a minibatch."""

    def __init__(self, config: Config, corpus: Reviews):
        super().__init__(config, config.lr)
        self.network = Classifier(config, len(corpus.vocabulary), len(corpus.labels))

    def training_step(self, batch: Batch, index: int) -> dict:
        if self.config.gain:
            nats = self.network.gain_loss(batch.words, batch.lengths, batch.labels).sum()
        else:
            nats = F.cross_entropy(self.network(batch.words, batch.lengths), batch.labels, reduction="sum")
        sums = {"nats": nats, "reviews": len(batch.labels), "words": batch.lengths.sum()}
        return {"loss": nats * self.trainer.world_size / batch.total, "sums": sums}

    def validation_step(self, batch: Batch, index: int) -> dict:
        """The loss and the wrong answers, always those after the last word."""
        scores = self.network(batch.words, batch.lengths)
        nats = F.cross_entropy(scores, batch.labels, reduction="sum")
        return {"nats": nats, "wrong": (scores.argmax(1) != batch.labels).sum(), "reviews": len(batch.labels)}

    def measures(self, sums: dict) -> dict[str, float]:
        """Nats a review, and the error in %."""
        return {"nll": sums["nats"] / sums["reviews"], "error": 100 * sums["wrong"] / sums["reviews"]}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        found = {f"valid/{name}": value for name, value in self.measures(valid).items()}
        return {"train/nll": train["nats"] / train["reviews"]} | found
