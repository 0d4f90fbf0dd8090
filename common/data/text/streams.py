"""Truncated backpropagation through time as a data layout.

A text is laid in B columns that are read side by side; one window of T rows is one batch, so the network sees each
column in order, window after window, and carries its state from one to the next. Clipping, schedules, progress and
distributed training then need nothing special. With several processes, process r of n takes columns r, r + n, ...
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from common.errors import UserError


class Streams:
    """Windows ``(words [T, B], next words [T, B])`` of a text; its position is part of a checkpoint.

    Args:
        tokens: word ids of the text in order ``[N]``; the last N mod B words are left out.
        first: the word before the first one of the text (the end of a sentence).
        streams: B, over all processes together.
        block: T; the last window may be shorter.

    Raises:
        UserError: fewer words than streams, or streams that the processes cannot share evenly.
    """

    def __init__(self, tokens: np.ndarray, first: int, streams: int, block: int, rank: int = 0, world: int = 1):
        if streams % world:
            raise UserError(f"{streams} streams cannot be shared by {world} processes; choose a multiple")
        rows = len(tokens) // streams
        if not rows:
            raise UserError(f"{len(tokens)} words cannot fill {streams} streams; choose fewer")
        before = np.concatenate([[first], tokens[:-1]])
        self.words, self.next_words = (
            torch.from_numpy(text[: rows * streams].astype(np.int64).reshape(streams, rows)[rank::world].T.copy())
            for text in (before, tokens)
        )
        self.block = block
        self.window = 0

    def __len__(self) -> int:
        return -(-len(self.words) // self.block)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The windows from the present position on; a complete pass starts over."""
        self.window %= len(self)  # who stops at the last window never asks for the end
        while self.window < len(self):
            rows = slice(self.window * self.block, (self.window + 1) * self.block)
            self.window += 1
            yield self.words[rows], self.next_words[rows]

    def state_dict(self) -> dict[str, int]:
        return {"window": self.window}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.window = state["window"]
