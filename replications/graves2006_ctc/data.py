"""Batches of whole utterances of similar length."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader, batch_count
from common.data.speech.corpus import Utterance

SPREAD = 0.1  # relative: how far lengths are shaken before sorting, so that batches differ from epoch to epoch
EVALUATED = 50  # utterances side by side when nothing is learned


class Batch(NamedTuple):
    """A process's share of a batch, time-major, padded with zeros after each end."""

    x: Tensor  # features [T, B, D]
    lengths: Tensor  # [B]
    labels: Tensor  # [B, U]
    label_lengths: Tensor  # [B]
    alignment: Tensor | None  # label of each frame [T, B]
    weights: Tensor | None  # of each frame's error [T, B]
    index: Tensor  # which utterances these are [B]
    total: int  # utterances of the whole batch


def batch_of(
    utterances: Sequence[Utterance], index: Sequence[int], weighted: bool = False, rank: int = 0, world: int = 1
) -> Batch:
    """The share of process ``rank`` of ``world`` in the utterances at ``index``; alignments where all have one."""
    mine = index[rank::world]
    chosen = [utterances[i] for i in mine]
    pad = torch.nn.utils.rnn.pad_sequence
    alignment = weights = None
    if all(one.alignment is not None for one in chosen):
        alignment = pad([torch.from_numpy(one.alignment) for one in chosen])
        weights = pad([torch.from_numpy(frame_weights(one.alignment, weighted)) for one in chosen])
    labels = [torch.from_numpy(one.labels) for one in chosen]
    return Batch(
        pad([torch.from_numpy(one.features) for one in chosen]),
        torch.tensor([one.frames for one in chosen]),
        pad(labels, batch_first=True),
        torch.tensor([len(one) for one in labels]),
        alignment,
        weights,
        torch.tensor(list(mine)),
        len(index),
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


def shuffled(
    utterances: Sequence[Utterance], batch_size: int, seed: int, weighted: bool = False, rank: int = 0, world: int = 1
) -> Loader:
    """All utterances once an epoch, in batches of nearly equal size that come in another order each time.

    They are read when their batch is due: their alignments may change between two epochs.

    Raises:
        UserError: batches too small to be shared by the processes.
    """
    count = batch_count(len(utterances), batch_size, world, "utterances")
    lengths = _lengths(utterances)

    def plan(epoch: int) -> list[np.ndarray]:
        draw = np.random.default_rng([seed, epoch])
        shaken = lengths * np.exp(draw.uniform(-SPREAD, SPREAD, len(lengths)))
        batches = np.array_split(np.argsort(shaken, kind="stable"), count)
        return [batches[i] for i in draw.permutation(count)]

    return Loader(count, plan, partial(batch_of, utterances, weighted=weighted, rank=rank, world=world))


def shortest_first(utterances: Sequence[Utterance]) -> Loader:
    """All utterances, the shortest first, for what is not learned from."""
    order = np.argsort(_lengths(utterances), kind="stable")
    batches = [order[start : start + EVALUATED] for start in range(0, len(order), EVALUATED)]
    return Loader(len(batches), lambda epoch: batches, partial(batch_of, utterances))


def _lengths(utterances: Sequence[Utterance]) -> np.ndarray:
    return np.array([one.frames for one in utterances], dtype=np.float64)
