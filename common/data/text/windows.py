"""Truncated backpropagation through time over a text that stays on disk.

The same windows as :class:`common.data.text.streams.Streams`, but read from memory-mapped tokens one at a time, so that
a text of any length costs no memory.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

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


class Windows:
    """Windows ``(words [T, B], next words [T, B])`` of a text; its position is part of a checkpoint.

    Args:
        tokens: word ids of the text in order, an array ``[N]`` or :class:`Shards`; the last N mod B are left out.
        first: the word before the first one of the text (the end of a sentence).
        streams: B, over all processes together; process ``rank`` of ``world`` reads columns rank, rank + world, ...
        block: T; the last window may be shorter.

    Raises:
        UserError: fewer words than streams, or streams that the processes cannot share evenly.
    """

    def __init__(self, tokens: np.ndarray | Shards, first: int, streams: int, block: int, rank: int = 0,
                 world: int = 1):
        if streams % world:
            raise UserError(f"{streams} streams cannot be shared by {world} processes; choose a multiple")
        self.tokens, self.first, self.block, self.window = tokens, first, block, 0
        self.rows = len(tokens) // streams
        if not self.rows:
            raise UserError(f"{len(tokens)} words cannot fill {streams} streams; choose fewer")
        self.starts = np.arange(rank, streams, world) * self.rows

    def __len__(self) -> int:
        return -(-self.rows // self.block)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The windows from the present position on; a complete pass starts over."""
        self.window %= len(self)  # who stops at the last window never asks for the end
        while self.window < len(self):
            rows = np.arange(self.window * self.block - 1, min((self.window + 1) * self.block, self.rows))
            places = rows[:, None] + self.starts
            read = self.tokens[places.clip(min=0)].astype(np.int64)
            read[places < 0] = self.first
            self.window += 1
            yield torch.from_numpy(read[:-1]), torch.from_numpy(read[1:])

    def state_dict(self) -> dict[str, int]:
        return {"window": self.window}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.window = state["window"]
