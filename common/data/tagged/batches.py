"""Batches of tagged sentences of similar length, in an order that epoch and seed decide."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader, batch_count, by_length
from common.data.tagged.corpus import Encoded

POOL = 100  # batches that are sorted by length together


class Batch(NamedTuple):
    """B sentences in columns, padded at the end."""

    words: Tensor  # [T, B]
    lengths: Tensor  # [B]
    tags: Tensor  # [T, B], 0 at padding
    features: Tensor  # [T, B, F]
    intents: Tensor  # [B]
    numbers: Tensor  # which sentences these are, [B]
    total: int  # sentences of the whole batch, over all processes
    total_words: int


def batches(
    data: Encoded, padding: int, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1
) -> Loader:
    """Batches of sentences; those of an epoch differ in size by at most one.

    Args:
        padding: the word that stands after the end.
        batch_size: B at most, over all processes together.
        seed: of the order; None keeps the sentences sorted by length, longest first (for evaluation).
        rank, world: process r of n takes every n-th sentence of a batch.

    Raises:
        UserError: batches too small to give each process a sentence.
    """
    lengths = data.lengths
    count = batch_count(len(lengths), batch_size, world, "sentences")

    def plan(epoch: int) -> list[np.ndarray]:
        if seed is None:
            return np.array_split(np.argsort(-lengths, kind="stable"), count)
        return by_length([lengths], count, POOL, seed, epoch)

    def read(chosen: np.ndarray) -> Batch:
        mine = chosen[rank::world]
        step = np.arange(lengths[mine].max())[:, None]
        within = step < lengths[mine]
        at = np.where(within, data.starts[mine] + step, 0)
        words, tags = np.where(within, data.words[at], padding), np.where(within, data.tags[at], 0)
        features = data.features[at] * within[:, :, None]
        return Batch(
            *map(torch.from_numpy, (words, lengths[mine], tags, features, data.intents[mine], mine)),
            len(chosen),
            int(lengths[chosen].sum()),
        )

    return Loader(count, plan, read)
