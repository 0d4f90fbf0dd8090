"""A back-off model as an automaton in flat arrays, for decoders that ask for one word at a time.

A state is the longest context that was counted; reading a word leads to the next state. Compiled code walks it with
:func:`step`.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.ngram.backoff import BackoffModel


class Automaton(NamedTuple):
    """S states and A arcs. State 0 is the empty context, ``start`` the one after the begin mark."""

    start: int
    first: np.ndarray  # [S + 1] the arcs of state s are first[s] to first[s + 1]
    word: np.ndarray  # [A] sorted within each state
    log_p: np.ndarray  # [A] natural logarithm of p(word | state)
    target: np.ndarray  # [A] the state after the word
    log_backoff: np.ndarray  # [S] what a word without an arc costs before it is looked up in ``shorter``
    shorter: np.ndarray  # [S] the context without its first word


def compile_automaton(model: BackoffModel) -> Automaton:
    """The automaton that gives every sentence the same probability as ``model.probabilities``."""
    grams = model.counts.grams
    order = model.counts.order
    # States: the empty context, then the n-grams of the orders 1 ... order - 1.
    offset = np.cumsum([0, 1, *(len(grams[n]) for n in range(order - 1))])
    first, words, log_p, target, backoff, shorter = [], [], [], [], [np.zeros(1)], [np.zeros(1, np.int64)]
    arcs = 0
    for n in range(order):  # arcs that are n-grams of order n + 1; they leave states of order n
        rows = grams[n]
        states = offset[n + 1] - offset[n]
        first.append(arcs + np.searchsorted(rows.context, np.arange(states)))
        arcs += len(rows)
        words.append(rows.word)
        log_p.append(_log(model.probability[n]))
        kept = np.arange(len(rows)) if n + 1 < order else rows.suffix
        target.append(kept + offset[min(n + 1, order - 1)])
        if n + 1 < order:
            backoff.append(_log(model.backoff[n]))
            shorter.append(rows.suffix + offset[n])
    return Automaton(
        start=int(offset[1] + model.counts.vocabulary_size) if order > 1 else 0,
        first=np.append(np.concatenate(first), arcs),
        word=np.concatenate(words),
        log_p=np.concatenate(log_p),
        target=np.concatenate(target),
        log_backoff=np.concatenate(backoff),
        shorter=np.concatenate(shorter),
    )


def _log(p: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # the begin mark is never read, and a full context never left
        return np.log(p)


@compiled
def step(automaton, state, word):
    """(ln p(word | state), the state after it)."""
    log_p = 0.0
    while True:
        at, end = automaton.first[state], automaton.first[state + 1]
        behind = end
        while at < behind:
            middle = (at + behind) // 2
            if automaton.word[middle] < word:
                at = middle + 1
            else:
                behind = middle
        if at < end and automaton.word[at] == word:
            return log_p + automaton.log_p[at], automaton.target[at]
        log_p += automaton.log_backoff[state]
        state = automaton.shorter[state]
