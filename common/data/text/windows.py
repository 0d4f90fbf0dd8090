"""Truncated backpropagation through time as a data layout.

A text is laid in B columns that are read side by side; one window of T rows is one batch, so the network sees each
column in order, window after window, and carries its state from one to the next. Clipping, schedules, progress and
distributed training then need nothing special. Only the words of a window are read, so a text of any length may stay on
disk.
"""

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader
from common.errors import UserError


class Shards:
    """Arrays of token ids, one after another, indexed as one array without being copied into one."""

    def __init__(self, parts: list[np.ndarray]):
        self.parts = parts
        self.ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        """Tokens at ``places`` (any shape, 0..N-1), of the same shape."""
        found = np.empty(places.shape, dtype=np.int32)
        shard = np.searchsorted(self.ends, places, side="right")
        for number in np.unique(shard):
            here = shard == number
            part = self.parts[number]
            found[here] = part[places[here] - (self.ends[number] - len(part))]
        return found

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        """The whole text in memory, for a model that counts."""
        return np.concatenate(self.parts).astype(dtype or np.int32)


def windows(tokens: np.ndarray | Shards, first: int, streams: int, block: int, rank: int = 0, world: int = 1) -> Loader:
    """Windows ``(words [T, B], next words [T, B])`` of a text, in order; the same in every epoch.

    Args:
        tokens: word ids of the text in order ``[N]``; the last N mod B are left out.
        first: the word before the first one of the text (the end of a sentence).
        streams: B, over all processes together; process ``rank`` of ``world`` reads columns rank, rank + world, ...
        block: T; the last window may be shorter.

    Raises:
        UserError: fewer words than streams, or streams that the processes cannot share evenly.
    """
    if streams % world:
        raise UserError(f"{streams} streams cannot be shared by {world} processes; choose a multiple")
    rows = len(tokens) // streams
    if not rows:
        raise UserError(f"{len(tokens)} words cannot fill {streams} streams; choose fewer")
    starts = np.arange(rank, streams, world) * rows

    def read(window: int) -> tuple[Tensor, Tensor]:
        places = np.arange(window * block - 1, min((window + 1) * block, rows))[:, None] + starts
        found = tokens[places.clip(min=0)].astype(np.int64)
        found[places < 0] = first
        found = torch.from_numpy(found)
        return found[:-1], found[1:]

    count = -(-rows // block)
    return Loader(count, lambda epoch: range(count), read)
