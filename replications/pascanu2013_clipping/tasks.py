"""The synthetic tasks (section 4.1), as the authors' code defines them; l is the length, positions are rounded down.

``draw(rng, length, n)`` gives n sequences, all of one length.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from common.data.synthetic.adding import marked_numbers
from replications.pascanu2013_clipping.learner import EVERY_CLASS, LAST_CLASS, NUMBER

ENOUGH = 0.04  # squared error above which a number is wrong


class Sequences(NamedTuple):
    """The inputs that are not zero, ``index`` uint8 and ``value`` float32 ``[T, n, K]``, and ``target`` float32.

    A target is a class or a number: ``[1, n]``, or for every step ``[T, n]``.
    """

    index: np.ndarray
    value: np.ndarray
    target: np.ndarray


def symbols(drawn: np.ndarray, target: np.ndarray) -> Sequences:
    """One-hot symbols ``[T, n]``."""
    index = drawn.astype(np.uint8)[..., None]
    return Sequences(index, np.ones(index.shape, np.float32), target.astype(np.float32))


@dataclass(frozen=True)
class TemporalOrder:
    """Two (three) signals among distractors; the answer is their order. 6 channels: 2 signals, 4 distractors."""

    outputs: int = 4
    starts: tuple[float, ...] = (0.1, 0.5)
    inputs, kind = 6, LAST_CLASS

    def draw(self, rng: np.random.Generator, length: int, n: int) -> Sequences:
        window = max(int(0.1 * length), 1)
        drawn = rng.integers(2, self.inputs, (length, n), dtype=np.uint8)
        target = np.zeros((1, n), np.int64)
        for k, start in enumerate(self.starts):
            signal = rng.integers(0, 2, n)
            drawn[int(start * length) + rng.integers(0, window, n), np.arange(n)] = signal
            target += signal << k
        return symbols(drawn, target)


@dataclass(frozen=True)
class Permutation:
    """The first symbol, 0 or 1, returns at the end; between, any of the other 98."""

    inputs, outputs, kind = 100, 100, LAST_CLASS

    def draw(self, rng: np.random.Generator, length: int, n: int) -> Sequences:
        drawn = rng.integers(2, self.inputs, (length, n), dtype=np.uint8)
        drawn[0] = rng.integers(0, 2, n)
        return symbols(drawn, drawn[:1])


@dataclass(frozen=True)
class Memorisation:
    """``positions`` symbols, then l blanks, the last of them the signal to go, then the symbols again.

    Symbols 0 ... values - 1, the blank, the signal; before the signal, the blank is the answer.
    """

    values: int
    positions: int
    kind = EVERY_CLASS

    @property
    def inputs(self) -> int:
        return self.values + 2

    @property
    def outputs(self) -> int:
        return self.values + 1

    def draw(self, rng: np.random.Generator, length: int, n: int) -> Sequences:
        blank, go = self.values, self.values + 1
        pattern = rng.integers(0, self.values, (self.positions, n))
        drawn = np.full((length + 2 * self.positions, n), blank)
        drawn[: self.positions] = pattern
        drawn[self.positions + length - 1] = go
        target = np.full_like(drawn, blank)
        target[-self.positions :] = pattern
        return symbols(drawn, target)


@dataclass(frozen=True)
class Numbers:
    """Two of many numbers in [0, 1) are marked; the answer is their mean ("addition") or their product.

    Channel 0 marks, channel 1 has the number. The first mark stands in the first tenth, the second from there to the
    middle.
    """

    product: bool
    inputs, outputs, kind = 2, 1, NUMBER

    def draw(self, rng: np.random.Generator, length: int, n: int) -> Sequences:
        tenth = max(int(0.1 * length), 1)
        value, (one, other) = marked_numbers(rng, length, n, (0, tenth), (tenth, max(length // 2, tenth + 1)))
        index = np.broadcast_to(np.arange(2, dtype=np.uint8), value.shape).copy()
        return Sequences(index, value, (one * other if self.product else (one + other) / 2)[None])


TASKS = {
    "temporal_order": TemporalOrder(),
    "temporal_order_3bit": TemporalOrder(outputs=8, starts=(0.1, 0.3, 0.6)),
    "addition": Numbers(product=False),
    "multiplication": Numbers(product=True),
    "permutation": Permutation(),
    "memorisation_5bit": Memorisation(values=2, positions=5),
    "memorisation_23bit": Memorisation(values=5, positions=10),
}


def minibatch_length(task: str, length: int, rng: np.random.Generator) -> int:
    """Addition and multiplication draw the length of a minibatch from [T, 1.1 T)."""
    return int(rng.integers(length, max(int(1.1 * length), length + 1))) if isinstance(TASKS[task], Numbers) else length
