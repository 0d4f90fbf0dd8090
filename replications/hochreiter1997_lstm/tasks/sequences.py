"""What every task gives: a batch of sequences, each step as the list of the inputs that are on.

Steps count what the network reads. A symbol that only has to be predicted (the last one) is no step.
How many sequences are drawn at once is part of what they are: the same generator gives other sequences when it is
asked for two halves. Draw some 1000 at a time: larger arrays cost the system more to hand out than us to fill.
"""

from typing import NamedTuple

import numpy as np

from common.errors import UserError


class Sequences(NamedTuple):
    """N sequences, padded to the longest, T steps; A inputs are on at each step (a symbol: A = 1, its number, value 1).

    Padding: index 0, value 0.0, next -1, nothing legal.
    """

    index: np.ndarray  # int32 [N, T, A]  which inputs are not 0
    value: np.ndarray  # float64 [N, T, A]  their values
    length: np.ndarray  # int32 [N]  steps
    next: np.ndarray  # int32 [N, T]  the symbol to predict after each step; [N, 0]: the target stands at the end only
    target: np.ndarray  # float64 [N, K]  the target at the last step; [N, 0]: every step has one
    legal: np.ndarray  # bool [N, T, V]  which symbols may follow (the Reber grammar); else [N, 0, 0]

    @property
    def size(self) -> int:
        """N."""
        return len(self.length)

    def chosen(self, which: np.ndarray | slice) -> "Sequences":
        """Some of them."""
        return Sequences(*(array[which] for array in self))


def of_symbols(
    symbols: np.ndarray,
    length: np.ndarray,
    following: np.ndarray | None = None,
    target: np.ndarray | None = None,
    legal: np.ndarray | None = None,
) -> Sequences:
    """One-hot sequences of ``symbols`` [N, T], whatever stands behind their ``length`` [N] cleared.

    ``following`` is ``next``, already padded; absent: [N, 0], and likewise ``target`` and ``legal``.
    """
    on = steps(length, symbols.shape[1])
    index = np.where(on, symbols, 0).astype(np.int32, copy=False)
    return Sequences(
        index=index[:, :, None],
        value=on.astype(np.float64)[:, :, None],
        length=length.astype(np.int32),
        next=np.zeros((len(length), 0), np.int32) if following is None else np.ascontiguousarray(following, np.int32),
        target=np.zeros((len(length), 0)) if target is None else target,
        legal=np.zeros((len(length), 0, 0), bool) if legal is None else legal,
    )


def of_values(index: np.ndarray, value: np.ndarray, length: np.ndarray, target: np.ndarray) -> Sequences:
    """Sequences whose inputs ``index`` [A] have the values [N, T, A], cleared behind ``length`` [N]; targets [N, K]."""
    on = steps(length, value.shape[1])[:, :, None]
    return Sequences(
        index=np.where(on, index, 0).astype(np.int32, copy=False),
        value=np.where(on, value, 0.0),
        length=length.astype(np.int32),
        next=np.zeros((len(length), 0), np.int32),
        target=target,
        legal=np.zeros((len(length), 0, 0), bool),
    )


def steps(length: np.ndarray, longest: int) -> np.ndarray:
    """bool [N, T]: which steps are within a sequence."""
    return np.arange(longest) < length[:, None]


def one_hot(classes: np.ndarray, count: int) -> np.ndarray:
    """float64 [N, K]: 1 for the class of each sequence, 0 for the others."""
    return (classes[:, None] == np.arange(count)).astype(np.float64)


def about(rng: np.random.Generator, n: int, minimal: int) -> np.ndarray:
    """int [N]: lengths drawn uniformly from T, ..., T + T/10 (experiments 3 to 6)."""
    return rng.integers(minimal, minimal + minimal // 10, size=n, endpoint=True)


def at_least(task: str, name: str, value: int, minimum: int) -> None:
    """Raises UserError if a parameter of a task is below its minimum."""
    if value < minimum:
        raise UserError(f"{task}: {name} = {value} is too small; it must be at least {minimum}")
