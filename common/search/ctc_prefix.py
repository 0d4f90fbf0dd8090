"""Prefix search decoding: the most probable labelling, not that of the most probable path.

Graves et al. (2006), section 3.2 and figure 2; the algorithm is written out in Graves (2008), "Supervised sequence
labelling with recurrent neural networks", algorithm 7.1. For a prefix p and the first t frames::

    gamma_n(p, t)   paths that give p and end in its last label
    gamma_b(p, t)   paths that give p and end in a blank
    p(p)            = gamma_n(p, T) + gamma_b(p, T)          p is the whole labelling
    p(p...)         = sum_t y_k(t) (gamma_b + gamma_n)(p', t-1) - p(p)     p = p' k begins a longer one

(gamma_n does not count where p' ends in k.) The prefix with the largest p(p...) is extended until no prefix can lead
to anything better than the best labelling found. Time grows exponentially with the length in the worst case, so the
output is cut where a blank is almost certain, and the sections are decoded one by one.
"""

import heapq
from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.output.ctc import BLANK

BLANK_THRESHOLD = 0.9999  # section 3.2: cut at frames where the blank is more probable than this
MAX_EXPANSIONS = 2000  # prefixes that are extended in a section before the best labelling so far is taken
OVERFLOW = 1e300  # a long section of nearly uniform outputs: only its best path can be written in a float


class Decoded(NamedTuple):
    labels: list[int]
    log_probability: float  # of the labels given the cuts: the sum over sections
    sections: int
    unfinished: int  # sections that ran into the limit, so that something better may exist


def prefix_search(
    log_y: np.ndarray, threshold: float | None = BLANK_THRESHOLD, max_expansions: int = MAX_EXPANSIONS
) -> Decoded:
    """The most probable labelling of a sequence, exact within each section that stays below the limit.

    Args:
        log_y: log-probabilities of the outputs ``[T, K]``, the blank first.
        threshold: cut at frames whose blank has a probability above it; None: one section.
        max_expansions: per section; at the limit the best labelling so far stands, at least as probable as the
            labelling of the best path.
    """
    y = np.exp(np.asarray(log_y, dtype=np.float64))
    labels, total, unfinished = [], 0.0, 0
    pieces = sections(y[:, BLANK], threshold)
    for start, end in pieces:
        found, log_p, finished = _search(y[start:end], max_expansions)
        labels += found.tolist()
        total += log_p
        unfinished += not finished
    return Decoded(labels, total, len(pieces), unfinished)


def sections(blank: np.ndarray, threshold: float | None) -> list[tuple[int, int]]:
    """Runs of frames (first, one after the last) between the frames whose blank ``[T]`` exceeds the threshold."""
    cut = np.zeros(len(blank) + 2, dtype=bool) if threshold is None else np.pad(blank > threshold, 1)
    cut[[0, -1]] = True
    edges = np.flatnonzero(np.diff(cut.astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


@compiled
def _search(y, max_expansions):
    """Labels, log-probability and whether the search came to its end, for one section ``[T, K]``."""
    steps, symbols = y.shape
    # Paths of a long section underflow: each frame is divided by its largest output, which changes no comparison.
    largest = np.empty(steps)
    for t in range(steps):
        largest[t] = y[t].max()
    log_scale = np.log(largest).sum()
    scaled = y / largest.reshape(-1, 1)
    rest = np.ones(steps + 1)  # what all paths from frame t on add up to
    for t in range(steps - 1, -1, -1):
        rest[t] = rest[t + 1] * scaled[t].sum()
    order = 1 + np.argsort(-scaled[:, 1:].sum(0))  # promising labels first

    # Extended prefixes: their gammas and last label. Row 0 is the empty prefix.
    gamma_n = np.zeros((max_expansions + 1, steps + 1))
    gamma_b = np.zeros((max_expansions + 1, steps + 1))
    parent, last = np.zeros(max_expansions + 1, np.int64), np.zeros(max_expansions + 1, np.int64)
    gamma_b[0, 0] = 1.0
    for t in range(steps):
        gamma_b[0, t + 1] = gamma_b[0, t] * scaled[t, BLANK]
    best_labels, best = _best_path(scaled)
    if rest[0] > OVERFLOW:
        return best_labels, np.log(best) + log_scale, False
    if gamma_b[0, steps] > best:
        best_labels, best = best_labels[:0], gamma_b[0, steps]
    queue = [(-rest[0], np.int64(-1), np.int64(0))]  # (-p(p...), the prefix p', its new label k)
    expanded = 0
    while queue:
        bound, source, label = heapq.heappop(queue)
        if -bound <= best:
            return best_labels, np.log(best) + log_scale, True
        if expanded == max_expansions:
            return best_labels, np.log(best) + log_scale, False
        row = 0
        if source >= 0:
            row = expanded + 1
            parent[row], last[row] = source, label
            _extend(scaled, gamma_n[source], gamma_b[source], last[source], label, gamma_n[row], gamma_b[row])
        expanded += 1
        remaining = -bound
        for k in order:
            whole, longer = _extension(scaled, rest, gamma_n[row], gamma_b[row], last[row], k)
            if whole > best:
                best = whole
                best_labels = _read(parent, last, row, k)
            if longer > best:
                heapq.heappush(queue, (-longer, np.int64(row), np.int64(k)))
            remaining -= whole + longer
            if remaining <= best * (1 - 1e-9):  # no other label can follow with more
                break
    return best_labels, np.log(best) + log_scale, True


@compiled
def _extension(y, rest, before_n, before_b, before_last, k):
    """p(p) and p(p...) of the prefix p = p' k."""
    n = b = begins = 0.0
    for t in range(len(y)):
        new = before_b[t] if before_last == k else before_b[t] + before_n[t]
        b = (b + n) * y[t, BLANK]
        n = (n + new) * y[t, k]
        begins += y[t, k] * new * rest[t + 1]
    return n + b, max(begins - n - b, 0.0)


@compiled
def _extend(y, before_n, before_b, before_last, k, n, b):
    """Writes the gammas ``[T + 1]`` of p = p' k."""
    for t in range(len(y)):
        new = before_b[t] if before_last == k else before_b[t] + before_n[t]
        b[t + 1] = (b[t] + n[t]) * y[t, BLANK]
        n[t + 1] = (n[t] + new) * y[t, k]


@compiled
def _read(parent, last, row, k):
    """The labels of the prefix ``row`` and then k."""
    length = 1
    at = row
    while at:
        length += 1
        at = parent[at]
    labels = np.empty(length, np.int64)
    labels[length - 1] = k
    at = row
    while at:
        length -= 1
        labels[length - 1] = last[at]
        at = parent[at]
    return labels


@compiled
def _best_path(y):
    """The labelling of the best path of ``[T, K]`` and its probability, summed over all its alignments."""
    steps = len(y)
    labels = np.empty(steps, np.int64)
    length, before = 0, BLANK
    for t in range(steps):
        k = np.argmax(y[t])
        if k != before and k != BLANK:
            labels[length] = k
            length += 1
        before = k
    n, b = np.zeros(steps + 1), np.zeros(steps + 1)
    b[0] = 1.0
    for t in range(steps):
        b[t + 1] = b[t] * y[t, BLANK]
    last = BLANK
    for k in labels[:length]:
        next_n, next_b = np.zeros(steps + 1), np.zeros(steps + 1)
        _extend(y, n, b, last, k, next_n, next_b)
        n, b, last = next_n, next_b, k
    return labels[:length], n[steps] + b[steps]
