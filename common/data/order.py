"""The order in which a training sees its data: decided by the epoch, and resumable at any batch.

A batch is planned for all processes together, so that what an update sees does not depend on how many there are; each
process then reads its share of it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from common.errors import UserError


class Loader:
    """The batches of an epoch; the place among them is part of a checkpoint.

    Whoever trains says :meth:`set_epoch` before each epoch. (Lightning restores a loader only within an epoch, so the
    number of the epoch cannot be the loader's own.)

    Args:
        count: batches in every epoch.
        plan: of an epoch, what each of its batches is made of.
        read: makes this process's part of a batch from what it is made of.
    """

    def __init__(self, count: int, plan: Callable[[int], Sequence], read: Callable[[Any], Any]):
        self.count, self.plan, self.read = count, plan, read
        self.epoch = self.batch = 0

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        """Goes to the first batch of an epoch, from 0."""
        self.epoch, self.batch = epoch, 0

    def __iter__(self) -> Iterator:
        """The batches from the present place on; after a complete pass, from the first."""
        if self.batch == self.count:
            self.batch = 0
        planned = self.plan(self.epoch)
        while self.batch < self.count:
            self.batch += 1
            yield self.read(planned[self.batch - 1])

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.batch = state["epoch"], state["batch"]


def batch_count(examples: int, batch_size: int, world: int, what: str) -> int:
    """How many batches of nearly equal size, at most ``batch_size``, there are.

    Raises:
        UserError: one of them would be too small to give each of ``world`` processes an example.
    """
    count = -(-examples // batch_size)
    if not examples or examples // count < world:
        raise UserError(
            f"{examples} {what} in batches of {batch_size} cannot be shared by {world} processes; choose "
            "larger batches or fewer processes"
        )
    return count


def by_length(lengths: Sequence[np.ndarray], count: int, pool: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Numbers of the examples in each of ``count`` batches: all examples in a random order, ``pool`` batches at a time
    sorted by length and cut, the batches in a random order again. Batches differ in size by at most one.

    Args:
        lengths: of each example ``[N]``, the most significant last.
    """
    draw = np.random.default_rng([seed, epoch])
    shuffled = draw.permutation(len(lengths[0]))
    pools = np.array_split(shuffled, -(-count // pool))
    ordered = np.concatenate([part[np.lexsort([each[part] for each in lengths])] for part in pools])
    batches = np.array_split(ordered, count)
    draw.shuffle(batches)
    return batches
