"""Experiment 1: the embedded Reber grammar (Hochreiter & Schmidhuber 1997, section 5.1), and its endless stream
(Gers, Schmidhuber & Cummins 2000).

A string is B, then T or P, then a string of the inner Reber grammar, then the same T or P again, then E. Wherever the
inner graph branches, both ways have probability 1/2. To predict the symbol before last, a network must remember the
second one over the whole inner string; all else needs a short memory only.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from replications.hochreiter1997_lstm.tasks.sequences import Sequences, of_symbols

SYMBOLS = "BTPSXVE"

INNER = (  # from each node of Reber's graph: symbol -> node; the last node is behind the graph
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)
SHORTEST = 9  # symbols of a string: BT(BTXSE)TE
START, END = 0, 2 + 2 * 8 + 1  # states of the embedded grammar, before and behind a string


def _embedded() -> tuple[dict[str, int], ...]:
    """The states of the embedded grammar, as INNER: before B, before T|P, two copies of the graph, before E, END."""
    first = {"T": 2, "P": 2 + 8}  # where the copy begins that remembers this symbol
    states: list[dict[str, int]] = [{"B": 1}, first]
    for symbol, offset in first.items():
        states += [{s: offset + node for s, node in edges.items()} for edges in INNER]
        states.append({symbol: END - 1})
    return *states, {"E": END}


GRAMMAR = _embedded()
# The same as arrays. A walk draws a way, 0 or 1, in every state; where there is one way only, both lead along it.
SYMBOL = np.array([[SYMBOLS.index(list(ways)[way % len(ways)]) for way in (0, 1)] for ways in GRAMMAR] + [[-1, -1]])
SUCCESSOR = np.array([[list(ways.values())[way % len(ways)] for way in (0, 1)] for ways in GRAMMAR] + [[END, END]])
LEGAL = np.array([[symbol in ways for symbol in SYMBOLS] for ways in GRAMMAR] + [[False] * len(SYMBOLS)])


class Stream(NamedTuple):
    """Strings back to back."""

    symbols: np.ndarray  # int [n]
    start: np.ndarray  # bool [n]  symbol i begins a string


@dataclass(frozen=True)
class Reber:
    """Strings of the embedded Reber grammar: one-hot symbols, the next one to be predicted at every step.

    The final E is predicted but never read, so a string of L symbols has L - 1 steps; L is 9 or more, 12 on average.
    """

    inputs = outputs = len(SYMBOLS)

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        """n strings, drawn independently."""
        return _sequences(*_walk(rng, n))

    def split(self, rng: np.random.Generator, count: int = 256) -> tuple[Sequences, Sequences]:
        """A training and a test set of ``count`` strings (section 5.1, "Training/testing").

        The training set is drawn at random, so short strings come more than once. The test set is drawn likewise,
        without strings that are in the training set.
        """
        symbols, after = _walk(rng, count)
        train = _sequences(symbols, after)
        known = {_spell(row) for row in symbols}
        fresh: list[int] = []
        draws = count
        while len(fresh) < count:
            draws *= 2
            symbols, after = _walk(rng, draws)
            fresh = [row for row in range(draws) if _spell(symbols[row]) not in known][:count]
        return train, _sequences(symbols[fresh], after[fresh])

    def stream(self, rng: np.random.Generator, n: int) -> Stream:
        """The first n symbols of an endless stream of strings."""
        symbols, _ = _walk(rng, -(-n // SHORTEST))
        inside = symbols >= 0
        start = np.zeros(inside.shape, bool)
        start[:, 0] = True
        return Stream(symbols[inside][:n], start[inside][:n])


def _walk(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """n strings: symbols [n, L], -1 behind the end, and the states [n, L] after each symbol."""
    state = np.full(n, START)
    symbols, after = [], []
    while (state != END).any():
        way = rng.integers(2, size=n)
        symbols.append(SYMBOL[state, way])
        state = SUCCESSOR[state, way]
        after.append(state)
    return np.stack(symbols, axis=1), np.stack(after, axis=1)


def _spell(symbols: np.ndarray) -> str:
    return "".join(SYMBOLS[symbol] for symbol in symbols if symbol >= 0)


def _sequences(symbols: np.ndarray, after: np.ndarray) -> Sequences:
    length = (symbols >= 0).sum(axis=1) - 1
    longest = length.max()
    return of_symbols(
        symbols[:, :longest], length, following=symbols[:, 1 : longest + 1], legal=LEGAL[after[:, :longest]]
    )
