"""Batches of sentence pairs of similar length, in an order that epoch and seed decide."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader, batch_count, by_length
from common.data.parallel.corpus import Pairs

POOL = 200  # batches that are sorted by length together


class Batch(NamedTuple):
    """B sentence pairs, time-major; both sides end in ``</s>``, which the lengths count; then padding (id 0)."""

    source: Tensor  # [S, B]
    source_lengths: Tensor  # [B]
    target: Tensor  # [T, B]
    target_lengths: Tensor  # [B]
    total: int  # sentences of the whole batch, over all processes


def pad(sentences: Sequence[np.ndarray], device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Ids ``[T, B]``, padded with 0 after the end, and lengths ``[B]``."""
    starts = np.cumsum([0, *map(len, sentences)])
    ids, lengths = _cut(np.concatenate(sentences), starts, np.arange(len(sentences)))
    return ids.to(device), lengths.to(device)


def collate(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Batch:
    """Pairs of ids as one batch."""
    return Batch(*pad([source for source, _ in pairs]), *pad([target for _, target in pairs]), len(pairs))


def _cut(flat: np.ndarray, starts: np.ndarray, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
    """The ``chosen`` sentences of a flat array, padded; without a loop, which a small network would wait for."""
    begin, lengths = starts[chosen], starts[chosen + 1] - starts[chosen]
    step = np.arange(lengths.max())[:, None]
    ids = np.where(step < lengths, flat[np.minimum(begin + step, len(flat) - 1)], 0)
    return torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(lengths)


def batches(pairs: Pairs, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1) -> Loader:
    """Batches of N sentence pairs; those of an epoch differ in size by at most one pair.

    Args:
        batch_size: B at most, over all processes together.
        seed: of the order; None keeps the pairs sorted by length, longest first (for validation).
        rank, world: process r of n takes every n-th pair of a batch.

    Raises:
        UserError: batches too small to give each process a pair.
    """
    count = batch_count(len(pairs), batch_size, world, "pairs")
    lengths = pairs.target_lengths, pairs.source_lengths

    def plan(epoch: int) -> list[np.ndarray]:
        if seed is None:
            return np.array_split(np.lexsort(lengths)[::-1], count)
        return by_length(lengths, count, POOL, seed, epoch)

    def read(chosen: np.ndarray) -> Batch:
        mine = chosen[rank::world]
        return Batch(
            *_cut(pairs.source, pairs.source_starts, mine), *_cut(pairs.target, pairs.target_starts, mine), len(chosen)
        )

    return Loader(count, plan, read)
