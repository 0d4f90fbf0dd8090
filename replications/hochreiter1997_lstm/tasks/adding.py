"""Experiments 4 and 5: the adding problem (section 5.4) and the multiplication problem (section 5.5).

Every step is a pair (value, marker). The task is to say, at the end, the sum or the product of the two marked values.
"""

from dataclasses import dataclass

import numpy as np

from replications.hochreiter1997_lstm.tasks.sequences import Sequences, about, at_least, of_values

SHORTEST = 20  # below it, "one of the first ten pairs" and "the first T/2" contradict each other


@dataclass(frozen=True)
class Adding:
    """Experiment 4: values uniform in [-1, 1]; the target is 0.5 + (X1 + X2) / 4.

    The length is uniform in T, ..., T + T/10. Marked with 1 are one of the first ten pairs (X1) and then one of the
    first T/2 - 1 pairs still unmarked (X2), so the lag from the last mark to the end is T/2 at least. The first and the
    last pair have the marker -1, all others 0. Where the first pair is chosen, its value becomes 0 and its marker stays
    -1: there is nothing to add. (The paper says so of X1; here it is so too when X2 falls on the first pair.)

    Args:
        length: T, the minimal length.

    Raises:
        UserError: T < 20.
    """

    length: int = 100

    inputs, outputs = 2, 1

    def __post_init__(self):
        at_least(f"the {type(self).__name__.lower()} problem", "the length T", self.length, SHORTEST)

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        length, value, x = _marked(rng, n, self.length, low=-1.0, neutral=0.0)
        return of_values(np.array([0, 1]), value, length, 0.5 + x.sum(axis=1, keepdims=True) / 4)


class Multiplication(Adding):
    """Experiment 5: as Adding, but with values uniform in [0, 1], the target X1 * X2, and 1 in place of 0 for a chosen
    first pair."""

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        length, value, x = _marked(rng, n, self.length, low=0.0, neutral=1.0)
        return of_values(np.array([0, 1]), value, length, x.prod(axis=1, keepdims=True))


def _marked(rng: np.random.Generator, n: int, minimal: int, low: float, neutral: float):
    """Lengths [N], pairs [N, T, 2], and the two values [N, 2] that count, drawn from [low, 1]."""
    length = about(rng, n, minimal)
    pairs = np.zeros((n, length.max(), 2))
    pairs[:, :, 0] = rng.uniform(low, 1.0, size=pairs.shape[:2])
    first = rng.integers(10, size=n)
    second = rng.integers(minimal // 2 - 1, size=n)
    second += second >= first  # the one that is marked already is passed over
    chosen = np.stack([first, second], axis=1)
    rows = np.arange(n)
    pairs[rows[:, None], chosen, 1] = 1.0
    pairs[(chosen == 0).any(axis=1), 0, 0] = neutral
    pairs[:, 0, 1] = pairs[rows, length - 1, 1] = -1.0
    return length, pairs, pairs[rows[:, None], chosen, 0]
