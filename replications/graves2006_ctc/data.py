"""Batches of whole utterances of similar length."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.speech.corpus import Utterance
from common.errors import UserError

SPREAD = 0.1  # relative: how far lengths are shaken before sorting, so that batches differ from epoch to epoch


class Batch(NamedTuple):
    """Time-major, padded with zeros after each end."""

    x: Tensor  # features [T, B, D]
    lengths: Tensor  # [B]
    labels: Tensor  # [B, U]
    label_lengths: Tensor  # [B]
    alignment: Tensor | None  # label of each frame [T, B]
    weights: Tensor | None  # of each frame's error [T, B]
    index: Tensor  # which utterances these are [B]


def batch_of(utterances: Sequence[Utterance], index: Sequence[int], weighted: bool = False) -> Batch:
    """The utterances at ``index``; alignments where all of them have one."""
    chosen = [utterances[i] for i in index]
    pad = torch.nn.utils.rnn.pad_sequence
    alignment = weights = None
    if all(one.alignment is not None for one in chosen):
        alignment = pad([torch.from_numpy(one.alignment) for one in chosen])
        weights = pad([torch.from_numpy(frame_weights(one.alignment, weighted)) for one in chosen])
    labels = [torch.from_numpy(one.labels) for one in chosen]
    return Batch(
        pad([torch.from_numpy(one.features) for one in chosen]), torch.tensor([one.frames for one in chosen]),
        pad(labels, batch_first=True), torch.tensor([len(one) for one in labels]), alignment, weights,
        torch.tensor(list(index)),
    )


def frame_weights(alignment: np.ndarray, weighted: bool) -> np.ndarray:
    """What a frame's error counts ``[T]`` float32: 1, or the inverse of its phone's length, scaled to a mean of 1.

    With it, every phone of an utterance counts the same, however short (section 5.2, the weighted-error hybrid).
    """
    if not weighted:
        return np.ones(len(alignment), np.float32)
    starts = np.flatnonzero(np.diff(alignment, prepend=-1))
    lengths = np.diff(starts, append=len(alignment))
    return np.repeat(len(alignment) / (len(starts) * lengths), lengths).astype(np.float32)


class Batches:
    """One epoch after another, each in its own order; the position is part of a checkpoint.

    ``rank`` and ``world``: process r of n takes the batches r, r + n, ...; the last ones that are not n are left out.
    ``shuffle`` is off for evaluation: sorted by length.

    Raises:
        UserError: not a batch for every process.
    """

    def __init__(self, utterances: Sequence[Utterance], batch_size: int, seed: int = 0, weighted: bool = False,
                 shuffle: bool = True, rank: int = 0, world: int = 1):
        self.utterances, self.batch_size, self.seed = utterances, batch_size, seed
        self.weighted, self.shuffle, self.rank, self.world = weighted, shuffle, rank, world
        self.epoch = self.position = 0
        if not len(self):
            raise UserError(f"{len(utterances)} utterances in batches of {batch_size} are too few for {world} "
                            "processes; choose smaller batches")

    def __len__(self) -> int:
        return -(-len(self.utterances) // self.batch_size) // self.world

    def order(self) -> list[np.ndarray]:
        """The utterances of each batch of this process in this epoch."""
        lengths = np.array([one.frames for one in self.utterances], dtype=np.float64)
        draw = np.random.default_rng([self.seed, self.epoch])
        if self.shuffle:
            lengths *= np.exp(draw.uniform(-SPREAD, SPREAD, len(lengths)))
        order = np.argsort(lengths, kind="stable")
        batches = [order[start:start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        if self.shuffle:
            batches = [batches[i] for i in draw.permutation(len(batches))]
        return batches[self.rank:len(self) * self.world:self.world]

    def __iter__(self) -> Iterator[Batch]:
        """The batches from the present position on; a complete pass starts the next epoch."""
        if self.position >= len(self):  # who stops at the last batch never asks for the end
            self.position, self.epoch = 0, self.epoch + 1
        order = self.order()
        while self.position < len(self):
            self.position += 1
            yield batch_of(self.utterances, order[self.position - 1], self.weighted)
        self.position, self.epoch = 0, self.epoch + 1

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.position = state["epoch"], state["position"]
