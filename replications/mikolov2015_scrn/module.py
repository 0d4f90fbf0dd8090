"""How the networks are trained: plain gradient descent, and back to the best weights when an epoch was no better."""

import lightning as L
import numpy as np
from torch import Tensor

from common.metrics.perplexity import of_sum
from common.training.best_weights import KeepBest
from common.training.fit import Module
from common.training.sgd import SGD
from replications.mikolov2015_scrn.config import Config
from replications.mikolov2015_scrn.model import Network


class LanguageModel(Module):
    """Cross-entropy summed over the streams and words of a block, one update per block; the state goes on.

    Args:
        counts: of each word in the training text ``[V]``.
    """

    counted = "words"

    def __init__(self, config: Config, counts: np.ndarray):
        super().__init__()
        self.config, self.network = config, Network(config, counts)
        self.state = self.valid_state = ()

    def exact(self, words: Tensor, next_words: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        """Nats ``[T * B]`` of next words ``[T, B]`` after ``words [T, B]``, and the state after them."""
        seen, state = self.network(words, state)
        return self.network.output(seen.flatten(0, 1), next_words.flatten()), state

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        nats, self.state = self.exact(*batch, self.state if index else self.network.initial(words.shape[1]))
        total = nats.sum()
        # processes' gradients are averaged, the paper's are summed
        return {"loss": total * self.trainer.world_size, "sums": {"nats": total, "words": words.numel()}}

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        state = self.valid_state if index else self.network.initial(words.shape[1])
        nats, self.valid_state = self.exact(*batch, state)
        return {"nats": nats.double().sum(), "words": words.numel()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {
            "valid/nll": valid["nats"] / valid["words"],
            "valid/perplexity": of_sum(**valid),
            "train/perplexity": of_sum(**train),
        }

    def configure_optimizers(self) -> SGD:
        return SGD(self.network.parameters(), self.config.lr)


class Shrink(KeepBest):
    """After an epoch that is not better by a ten-thousandth, the best weights come back and the rate is divided.

    The released code then goes on with "the best" itself, so that of several such epochs in a row it undoes the first.
    """

    def __init__(self, by: float):
        super().__init__(progress=1e-4)
        self.by = by

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        super().on_validation_end(trainer, module)
        if self.waited and self.best_weights:
            module.load_state_dict(self.best_weights)
            for group in trainer.optimizers[0].param_groups:
                group["lr"] /= self.by
