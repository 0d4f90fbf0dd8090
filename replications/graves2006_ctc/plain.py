"""The decoders as one writes them first: plain Python, dictionaries and logarithms.

What the compiled ones of ``common/search`` are measured and tested against, and what the figure of the search tree
is drawn from.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from common.output.ctc import BLANK
from common.search.ctc_prefix import sections


def log_add(a: float, b: float) -> float:
    """ln(e^a + e^b)."""
    low, high = min(a, b), max(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


@dataclass
class Prefix:
    """A node of the search: gammas ``[T + 1]``, and the logarithms of p(p) and p(p...)."""

    labels: tuple[int, ...]
    n: list[float]
    b: list[float]
    whole: float
    longer: float
    rank: int | None = None  # when it was extended
    children: list["Prefix"] = field(default_factory=list)


def prefix_tree(log_y: np.ndarray, max_expansions: int = 2000) -> tuple[tuple[int, ...], float, Prefix]:
    """The most probable labelling of ``[T, K]``, its log-probability, and all prefixes that were looked at."""
    y = log_y.tolist()
    b = [0.0]
    for row in y:
        b.append(b[-1] + row[BLANK])
    root = Prefix((), [-math.inf] * len(b), b, b[-1], math.log1p(-math.exp(min(b[-1], -1e-12))))
    best, open_prefixes = root, [root]
    for rank in range(max_expansions):
        if not open_prefixes:
            break
        node = max(open_prefixes, key=lambda prefix: prefix.longer)
        if node.longer <= best.whole:
            break
        open_prefixes.remove(node)
        node.rank = rank
        for k in range(1, len(y[0])):
            child = _extended(node, k, y)
            node.children.append(child)
            if child.whole > best.whole:
                best = child
            if child.longer > best.whole:
                open_prefixes.append(child)
    return best.labels, best.whole, root


def _extended(node: Prefix, k: int, y: list[list[float]]) -> Prefix:
    n, b, begins = [-math.inf], [-math.inf], -math.inf
    for t, row in enumerate(y):
        new = node.b[t] if node.labels[-1:] == (k,) else log_add(node.b[t], node.n[t])
        n.append(row[k] + log_add(new, n[t]))
        b.append(row[BLANK] + log_add(b[t], n[t]))
        begins = log_add(begins, row[k] + new)
    whole = log_add(n[-1], b[-1])
    longer = begins + math.log(max(-math.expm1(min(whole - begins, 0.0)), 1e-300)) if begins > -math.inf else begins
    return Prefix((*node.labels, k), n, b, whole, longer)


def prefix_search(log_y: np.ndarray, threshold: float, max_expansions: int) -> list[int]:
    """Section by section."""
    labels: list[int] = []
    for start, end in sections(np.exp(log_y[:, BLANK]), threshold):
        labels += prefix_tree(log_y[start:end], max_expansions)[0]
    return labels


def beam_search(
    log_y: np.ndarray,
    log_p: Callable[[tuple[int, ...], int], float],
    *,
    beam_size: int,
    weight: float,
    bonus: float,
    least: float,
) -> list[int]:
    """Beam search with a model of labels: ``log_p(labels so far, next label)``, label 0 ending the sequence."""
    floor = math.log(least) if least else -math.inf
    beam = {(): (0.0, -math.inf)}  # labels -> ln of the paths that end in a blank, and in the last label
    score = {(): 0.0}
    for row in log_y.tolist():
        grown: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(labels, b, n, grown=grown):
            before = grown.get(labels, (-math.inf, -math.inf))
            grown[labels] = log_add(before[0], b), log_add(before[1], n)

        for labels, (b, n) in beam.items():
            last = labels[-1] if labels else None
            add(labels, row[BLANK] + log_add(b, n), row[last] + n if labels else -math.inf)
            for k in range(1, len(row)):
                longer = (*labels, k)
                if row[k] < floor:
                    continue
                if longer not in score:
                    score[longer] = score[labels] + weight * log_p(labels, k) + bonus
                add(longer, -math.inf, row[k] + (b if k == last else log_add(b, n)))
        ranked = sorted(grown, key=lambda labels: -(log_add(*grown[labels]) + score[labels]))
        beam = {labels: grown[labels] for labels in ranked[:beam_size]}
    return list(max(beam, key=lambda labels: log_add(*beam[labels]) + score[labels] + weight * log_p(labels, BLANK)))
