"""How the networks are trained: on-line gradient descent on the log-probability of the next word."""

import math

import numpy as np
import torch
from torch import Tensor

from common.training.on_streams import OnStreams
from common.training.sgd import SGD
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.model import RareWords, language_model


class LanguageModel(OnStreams):
    """Cross-entropy summed over the block of words, one update per block (2010, section 2; toolkit)."""

    def __init__(self, config: Config, counts: np.ndarray):
        rare = RareWords(counts, config.rare_threshold) if config.rare_threshold else None
        super().__init__(language_model(config, rare.counts if rare else counts))
        self.config, self.rare = config, rare

    def read(self, words: Tensor, next_words: Tensor, state) -> tuple[Tensor, Tensor, Tensor | float, tuple]:
        """What the output layer reads ``[T * B, H]``, its targets ``[T * B]``, nats besides its own, the next state."""
        targets, shared = next_words.flatten(), 0.0
        if self.rare is not None:
            words, targets, shared = self.rare.symbol[words], self.rare.symbol[targets], self.rare.shared[targets]
        hidden, state = self.network(words, state)
        return hidden.flatten(0, 1), targets, shared, state

    def exact(self, words: Tensor, next_words: Tensor, state) -> tuple[Tensor, tuple]:
        hidden, targets, shared, state = self.read(words, next_words, state)
        return self.network.output(hidden, targets) + shared, state

    def learnt(self, words: Tensor, next_words: Tensor, state) -> tuple[Tensor, tuple]:
        """As :meth:`exact`, but with samples the nats of choosing a word among those."""
        if self.config.samples is None:
            return self.exact(words, next_words, state)
        hidden, targets, shared, state = self.read(words, next_words, state)
        return self.network.output.training_loss(hidden, targets, torch.default_generator) + shared, state

    def log_probabilities(self, words: Tensor, state):
        """Log-probabilities of every next word ``[T * B, V]`` after words ``[T, B]``, and the next state."""
        if self.rare is not None:
            words = self.rare.symbol[words]
        hidden, state = self.network(words, state)
        log_p = self.network.output.log_probabilities(hidden.flatten(0, 1))
        return (log_p if self.rare is None else log_p[:, self.rare.symbol] - self.rare.shared), state

    def loss(self, words: Tensor, next_words: Tensor) -> tuple[Tensor, float]:
        nats, self.state = self.learnt(words, next_words, self.state)
        total = nats.sum()
        # processes' gradients are averaged, the paper's are summed
        return total * self.trainer.world_size, total.item()

    def training_curve(self, nats: float) -> dict[str, float]:
        return {"train/perplexity" if self.config.samples is None else "train/perplexity_among_samples": math.exp(nats)}

    def configure_optimizers(self) -> SGD:
        """Plain gradient descent; what holds for one stream's block is meant once per stream."""
        config = self.config
        clip_norm = config.clip_norm and config.clip_norm * config.streams
        return SGD(self.network.parameters(), config.lr, config.weight_decay * config.streams, clip_norm)
