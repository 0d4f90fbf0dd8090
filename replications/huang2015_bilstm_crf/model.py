"""LSTM, BI-LSTM and what both are compared with: the scores of each tag at each word.

f(t, k) = w_k . h_t + sum of u_{feature, k} over the word's features: spelling and context go straight to the scores, as
they do in a maximum entropy model (the paper's "connection trick"), and the LSTM reads word vectors only. It has
peepholes (section 2.1): input and forget gate see c_{t-1}, the output gate c_t.
"""

import torch
from torch import Tensor, nn

from common.cells.blstm import BLSTM
from common.data.tagged.batches import Batch
from replications.huang2015_bilstm_crf.config import Config


class Features(nn.Module):
    """sum of u_{feature, k}; nothing of a feature that is not known. The weights begin at 0."""

    def __init__(self, features: int, tags: int):
        super().__init__()
        self.weights = nn.EmbeddingBag(features + 1, tags, mode="sum", padding_idx=0)
        nn.init.zeros_(self.weights.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Features ``[T, B, F]`` to scores ``[T, B, K]``."""
        return self.weights(features.flatten(0, 1)).view(*features.shape[:2], -1)


class Network(nn.Module):
    """Word vectors, LSTM in one or two directions, a linear layer; beside it the features.

    Args:
        words, tags, features: how many there are.
        rare: which words were seen once in training ``[V]``; ``unknown`` is what they are now and then read as.
    """

    rare: Tensor

    def __init__(self, config: Config, words: int, tags: int, features: int, rare: Tensor, unknown: int):
        super().__init__()
        self.share, self.unknown = config.unknown, unknown
        self.register_buffer("rare", rare, persistent=False)
        reads = config.features == "all" or not config.directions
        self.features = Features(features, tags) if reads else None
        self.embedding = self.cell = self.output = None
        if config.directions:
            self.embedding = nn.Embedding(words, config.embedding)
            nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
            self.cell = BLSTM(config.embedding, config.hidden, directions=config.directions)
            self.output = nn.Linear(config.directions * config.hidden, tags)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, batch: Batch) -> tuple[Tensor, None]:
        """Scores ``[T, B, K]``; nothing is said of intents."""
        scores = [] if self.features is None else [self.features(batch.features)]
        if self.cell is not None:
            words = batch.words
            if self.training and self.share:
                hidden = self.rare[words] & (torch.rand(words.shape, device=words.device) < self.share)
                words = words.masked_fill(hidden, self.unknown)
            x = self.dropout(self.embedding(words))
            scores.append(self.output(self.dropout(self.cell(x, batch.lengths))))
        return sum(scores[1:], scores[0]), None
