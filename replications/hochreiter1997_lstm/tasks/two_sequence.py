"""Experiment 3: signal and noise on the same input line, the two-sequence problem (section 5.3)."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from common.errors import unknown
from replications.hochreiter1997_lstm.tasks.sequences import Sequences, about, at_least, of_values

INPUT_VARIANCE = 0.2
TARGET_VARIANCE = 0.1


@dataclass(frozen=True)
class TwoSequences:
    """Tasks 3a, 3b and 3c: the first N elements of a sequence tell its class, Gaussian noise follows on the same line.

    Class 1 begins with N elements 1.0, class 2 with N elements -1.0, each class with probability 1/2; all later
    elements have mean 0 and variance 0.2. The length is uniform in T, ..., T + T/10. The target at the end
    for class 1 and 2:

    - 3a: 1 and 0.
    - 3b: 1 and 0, with noise of variance 0.2 added to the first N elements too.
    - 3c: 0.2 and 0.8, with noise of variance 0.1 added to the target.

    Args:
        variant: "3a", "3b" or "3c".
        length: T, the minimal length.
        informative: N.
        noise_free: 3c with the exact targets, which the paper measures the output against in its tests.

    Raises:
        UserError: another variant, N < 1 or T < N.
    """

    variant: str = "3a"
    length: int = 100
    informative: int = 3
    noise_free: bool = False

    inputs = outputs = 1

    def __post_init__(self):
        if self.variant not in ("3a", "3b", "3c"):
            raise unknown("two-sequence task", self.variant, ("3a", "3b", "3c"))
        at_least("experiment 3", "N", self.informative, 1)
        at_least("experiment 3", "the length T", self.length, self.informative)

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        length = about(rng, n, self.length)
        first_class = rng.integers(2, size=n) == 0
        value = sqrt(INPUT_VARIANCE) * rng.standard_normal((n, length.max()))
        signal = np.where(first_class, 1.0, -1.0)[:, None]
        if self.variant == "3b":
            value[:, : self.informative] += signal
        else:
            value[:, : self.informative] = signal
        target = np.where(first_class, *((0.2, 0.8) if self.variant == "3c" else (1.0, 0.0)))[:, None]
        if self.variant == "3c" and not self.noise_free:
            target += sqrt(TARGET_VARIANCE) * rng.standard_normal((n, 1))
        return of_values(np.array([0]), value[:, :, None], length, target)
