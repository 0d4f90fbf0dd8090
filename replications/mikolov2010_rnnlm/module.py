"""How the networks are trained: on-line gradient descent on the log-probability of the next word."""

import numpy as np
import torch
from torch import Tensor

from common.metrics.perplexity import of_sum
from common.training.fit import Module
from common.training.sgd import SGD
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.model import language_model


class LanguageModel(Module):
    """Cross-entropy summed over the block of words, one update per block (2010, section 2; toolkit).

    The state is carried from block to block across sentences, and starts anew with every epoch.

    Args:
        counts: of each word in the training text ``[V]``.
        seed: decides which words are sampled at which update.
    """

    counted = "words"

    def __init__(self, config: Config, counts: np.ndarray, seed: int = 1):
        super().__init__()
        self.config, self.seed = config, seed
        self.network = language_model(config, counts)
        self.state = self.valid_state = ()

    def exact(self, words: Tensor, next_words: Tensor, state) -> tuple[Tensor, tuple]:
        """Nats ``[T * B]`` of next words ``[T, B]`` after ``words [T, B]``, and the state after them."""
        contexts = self.network.contexts(words, state)
        hidden, state = self.network(words, state)
        return self.network.output(hidden.flatten(0, 1), next_words.flatten(), *contexts), state

    def nats_to_learn(self, words: Tensor, next_words: Tensor, state, update: int) -> tuple[Tensor, tuple]:
        """As :meth:`exact`, but with samples the nats of choosing a word among those of this update."""
        if self.config.samples is None:
            return self.exact(words, next_words, state)
        hidden, state = self.network(words, state)
        draw = torch.Generator().manual_seed(1_000_003 * self.seed + update)  # every process draws the same words
        return self.network.output.training_loss(hidden.flatten(0, 1), next_words.flatten(), draw), state

    def log_probabilities(self, words: Tensor, state):
        """Log-probabilities of every next word ``[T * B, V]`` after words ``[T, B]``, and the next state."""
        contexts = self.network.contexts(words, state)
        hidden, state = self.network(words, state)
        return self.network.output.log_probabilities(hidden.flatten(0, 1), *contexts), state

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        state = self.state if index else self.network.initial(words.shape[1])
        nats, self.state = self.nats_to_learn(words, next_words, state, self.global_step)
        total = nats.sum()
        # processes' gradients are averaged, the paper's are summed
        return {"loss": total * self.trainer.world_size, "sums": {"nats": total, "words": words.numel()}}

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        state = self.valid_state if index else self.network.initial(words.shape[1])
        with torch.autocast(self.device.type, enabled=False):
            nats, self.valid_state = self.exact(words, next_words, state)
        return {"nats": nats.double().sum(), "words": words.numel()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        perplexity = "train/perplexity" if self.config.samples is None else "train/perplexity_among_samples"
        return {
            "valid/nll": valid["nats"] / valid["words"],
            "valid/perplexity": of_sum(**valid),
            perplexity: of_sum(**train),
        }

    def configure_optimizers(self) -> SGD:
        """Plain gradient descent; what holds for one stream's block is meant once per stream."""
        config = self.config
        clip_norm = config.clip_norm and config.clip_norm * config.streams
        return SGD(self.network.parameters(), config.lr, config.weight_decay * config.streams, clip_norm)
