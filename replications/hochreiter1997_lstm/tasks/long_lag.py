"""Experiment 2: what comes at the end of a sequence was seen at its beginning (section 5.2)."""

from dataclasses import dataclass

import numpy as np

from replications.hochreiter1997_lstm.tasks.sequences import Sequences, at_least, of_symbols, one_hot


@dataclass(frozen=True)
class LongLag:
    """Tasks 2a and 2b: x or y, each with probability 1/2, then p - 1 other symbols, then the first one again.

    The symbols a_1, ..., a_(p-1), x, y are numbered 0, ..., p. The next one is to be predicted at every step; the last
    one is not read, so there are p steps, and between the first symbol and its prediction p time steps pass.

    Args:
        p: the delay.
        regular: 2a, a_1, ..., a_(p-1) in order, so that there are two sequences only; else 2b, p - 1 random draws from
            a_1, ..., a_(p-1), so that nothing but the last symbol can be predicted.

    Raises:
        UserError: p < 2.
    """

    p: int = 100
    regular: bool = True

    def __post_init__(self):
        at_least("tasks 2a and 2b", "p", self.p, 2)

    @property
    def inputs(self) -> int:
        return self.p + 1

    outputs = inputs

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        x, y = self.p - 1, self.p
        symbols = np.empty((n, self.p + 1), np.int32)
        symbols[:, 0] = symbols[:, -1] = rng.integers(x, y, size=n, endpoint=True)
        others = self.p - 1
        symbols[:, 1:-1] = np.arange(others) if self.regular else rng.integers(others, size=(n, others), dtype=np.int32)
        return of_symbols(symbols[:, :-1], np.full(n, self.p), following=symbols[:, 1:])


@dataclass(frozen=True)
class VeryLongLag:
    """Task 2c: b, then x or y, each with probability 1/2, then distractors, then e, which says: now x or y again?

    q distractors, and after them each further one with probability 9/10, all drawn from a_1, ..., a_p. (The paper's
    formula lets their indices run to q, its text and its number of inputs to p: to p here.) The symbols a_1, ..., a_p,
    e, b, x, y are numbered 0, ..., p + 3. The target stands at the end only: two outputs, 1 for x and 1 for y. The last
    symbol is not read, so there are q + 3 steps or more, and the minimal time lag is q + 1. The mean length, with the
    last symbol, is q + 13; the paper prints q + 14, which its own sum does not give.

    Raises:
        UserError: q or p < 1.
    """

    q: int = 50
    p: int = 50

    outputs = 2

    def __post_init__(self):
        at_least("task 2c", "q", self.q, 1)
        at_least("task 2c", "p", self.p, 1)

    @property
    def inputs(self) -> int:
        return self.p + 4

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        e, b, x = self.p, self.p + 1, self.p + 2
        distractors = self.q + rng.geometric(0.1, size=n) - 1  # geometric: trials up to the first e, itself counted
        length = 2 + distractors + 1
        symbols = rng.integers(self.p, size=(n, length.max()), dtype=np.int32)
        classes = rng.integers(2, size=n)
        symbols[:, 0] = b
        symbols[:, 1] = x + classes
        symbols[np.arange(n), length - 1] = e
        return of_symbols(symbols, length, target=one_hot(classes, 2))
