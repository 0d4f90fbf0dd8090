"""The continuous-space language model: a feed-forward network over the last six words (section 4.1.2; Schwenk 2007)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.data.order import Loader
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.module import Learner


class NGrams(NamedTuple):
    """N words, each with the words before it in its sentence; before the first word stands ``</s>``."""

    context: Tensor  # [N, order - 1], the nearest word last
    word: Tensor  # [N]
    total: int  # n-grams of the whole batch, over all processes


def ngrams(tokens: np.ndarray, end: int, order: int) -> NGrams:
    """Every word of a text whose sentences end in ``</s>``, with its context."""
    tokens = np.asarray(tokens, np.int64)
    ends = np.flatnonzero(tokens == end)
    length = np.diff(np.concatenate([[-1], ends]))
    place = np.arange(len(tokens)) - np.repeat(ends - length + 1, length)  # in its sentence
    context = np.full((len(tokens), order - 1), end)
    for back in range(1, order):
        known = np.flatnonzero(place >= back)
        context[known, -back] = tokens[known - back]
    return NGrams(torch.from_numpy(context), torch.from_numpy(tokens), len(tokens))


def batches(text: NGrams, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1) -> Loader:
    """Batches of n-grams in an order that epoch and seed decide (None: as they are).

    Args:
        batch_size: B, over all processes together; process r of n takes every n-th n-gram of a batch.
    """
    count = len(text.word)

    def plan(epoch: int) -> list[np.ndarray]:
        order = np.arange(count) if seed is None else np.random.default_rng([seed, epoch]).permutation(count)
        return np.split(order, range(batch_size, count, batch_size))

    def read(chosen: np.ndarray) -> NGrams:
        mine = torch.from_numpy(chosen[rank::world])
        return NGrams(text.context[mine], text.word[mine], len(chosen))

    return Loader(-(-count // batch_size), plan, read)


class CSLM(nn.Module):
    """Features of six words side by side, two layers of rectifiers, one softmax."""

    def __init__(self, config: Config, words: int):
        super().__init__()
        first, second = config.cslm_hidden
        self.features = nn.Embedding(words, config.cslm_embedding)
        self.first = nn.Linear((config.cslm_order - 1) * config.cslm_embedding, first)
        self.second = nn.Linear(first, second)
        self.words = nn.Linear(second, words)
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.cslm_init, config.cslm_init)

    def forward(self, context: Tensor) -> Tensor:
        """Logits ``[B, V]``."""
        hidden = torch.relu(self.first(self.features(context).flatten(1)))
        return self.words(torch.relu(self.second(hidden)))


class WordLearner(Learner):
    """Its training; an example is a word."""

    def sums(self, batch: NGrams) -> dict:
        nats = F.cross_entropy(self.network(batch.context), batch.word, reduction="sum")
        return {"nats": nats, "words": len(batch.word)}


@torch.no_grad()
def log_probabilities(
    network: CSLM, sentences: list[np.ndarray], end: int, order: int, batch: int = 4096
) -> np.ndarray:
    """log p of each sentence, ids that end in ``</s>``; an n-gram that occurs often is computed once ``[N]``."""
    text = ngrams(np.concatenate(sentences), end, order)
    rows, where = torch.cat([text.context, text.word.unsqueeze(1)], 1).unique(dim=0, return_inverse=True)
    found = torch.cat(
        [network(part[:, :-1]).log_softmax(-1).gather(1, part[:, -1:]).squeeze(1) for part in rows.split(batch)]
    )
    starts = np.concatenate([[0], np.cumsum([len(sentence) for sentence in sentences])])[:-1]
    return np.add.reduceat(found[where].double().numpy(), starts)
