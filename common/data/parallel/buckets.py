"""Batches of sentence pairs of similar length, in an order that epoch and seed decide."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.parallel.corpus import Pairs
from common.errors import UserError

POOL = 200  # batches that are sorted by length together


class Batch(NamedTuple):
    """B sentence pairs, time-major; both sides end in ``</s>``, which the lengths count; then padding (id 0)."""

    source: Tensor  # [S, B]
    source_lengths: Tensor  # [B]
    target: Tensor  # [T, B]
    target_lengths: Tensor  # [B]

    @property
    def target_mask(self) -> Tensor:
        """True where there is a target word ``[T, B]``."""
        return torch.arange(len(self.target), device=self.target.device)[:, None] < self.target_lengths


def pad(sentences: Sequence[np.ndarray], device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Ids ``[T, B]``, padded with 0 after the end, and lengths ``[B]``."""
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.zeros(int(lengths.max()), len(sentences), dtype=torch.long)
    for column, sentence in enumerate(sentences):
        ids[:len(sentence), column] = torch.from_numpy(sentence.astype(np.int64))
    return ids.to(device), lengths.to(device)


def collate(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Batch:
    """Pairs of ids as one batch."""
    return Batch(*pad([source for source, _ in pairs]), *pad([target for _, target in pairs]))


def _cut(flat: np.ndarray, starts: np.ndarray, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
    """As :func:`pad`, sentences of a flat array; without a loop, which a small network would wait for."""
    begin, lengths = starts[chosen], starts[chosen + 1] - starts[chosen]
    step = np.arange(lengths.max())[:, None]
    ids = np.where(step < lengths, flat[np.minimum(begin + step, len(flat) - 1)], 0)
    return torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(lengths)


class Batches:
    """Batches of a corpus; its position is part of a checkpoint.

    Each epoch shuffles all pairs, sorts pools of 200 batches by length, cuts them, and shuffles the batches. Batches of
    an epoch differ in size by at most one pair.

    Args:
        pairs: N sentence pairs.
        batch_size: B at most, over all processes together.
        seed: of the order; None keeps the pairs sorted by length, longest first (for validation).
        rank, world: process r of n takes every n-th pair of a batch.

    Raises:
        UserError: batches too small to give each process a pair.
    """

    def __init__(self, pairs: Pairs, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1):
        self.pairs, self.seed, self.rank, self.world = pairs, seed, rank, world
        self.count = -(-len(pairs) // batch_size)
        if not len(pairs) or len(pairs) // self.count < world:
            raise UserError(f"{len(pairs)} pairs in batches of {batch_size} cannot be shared by {world} processes; "
                            "choose larger batches or fewer processes")
        self.epoch = self.batch = 0

    def __len__(self) -> int:
        return self.count

    def order(self, epoch: int) -> list[np.ndarray]:
        """The pairs' numbers in each batch of an epoch."""
        source, target = self.pairs.source_lengths, self.pairs.target_lengths
        if self.seed is None:
            return np.array_split(np.lexsort((target, source))[::-1], self.count)
        draw = np.random.default_rng([self.seed, epoch])
        shuffled = draw.permutation(len(self.pairs))
        pools = np.array_split(shuffled, -(-self.count // POOL))
        ordered = np.concatenate([pool[np.lexsort((target[pool], source[pool]))] for pool in pools])
        batches = np.array_split(ordered, self.count)
        draw.shuffle(batches)
        return batches

    def __iter__(self) -> Iterator[Batch]:
        """The batches from the present position on; a complete pass begins the next epoch."""
        self._next_epoch_if_done()  # who stops at the last batch never asks for the end
        order = self.order(self.epoch)
        while self.batch < self.count:
            chosen = order[self.batch][self.rank::self.world]
            self.batch += 1
            pairs = self.pairs
            yield Batch(*_cut(pairs.source, pairs.source_starts, chosen),
                        *_cut(pairs.target, pairs.target_starts, chosen))
        self._next_epoch_if_done()

    def _next_epoch_if_done(self) -> None:
        if self.batch >= self.count:
            self.epoch, self.batch = self.epoch + 1, 0

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.batch = state["epoch"], state["batch"]
