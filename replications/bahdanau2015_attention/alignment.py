"""Which source word a target word comes from: links read off attention, an independent aligner, and its error rate.

IBM model 1 (Brown et al. 1993) knows no word order, only which words occur together; trained in both directions, it is
what attention is compared with where no gold alignment exists.
"""

from collections.abc import Sequence

import numpy as np

Links = set[tuple[int, int]]  # (source word, target word)
ITERATIONS = 8


class IBM1:
    """t(target word given source word), learnt by EM from sentence pairs; position -1 is the empty word.

    Args:
        pairs: word ids of source and target, without ``</s>``.
        source_size, target_size: the vocabularies.
    """

    def __init__(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]], source_size: int, target_size: int):
        self.empty, self.target_size = source_size, target_size
        sources, targets, words, word = [], [], [], 0
        for source, target in pairs:
            source = np.append(source, self.empty)
            sources.append(np.tile(source, len(target)))
            targets.append(np.repeat(target, len(source)))
            words.append(np.repeat(np.arange(word, word + len(target)), len(source)))
            word += len(target)
        source, target, words = (np.concatenate(parts).astype(np.int64) for parts in (sources, targets, words))
        self.known, cell = np.unique(source * target_size + target, return_inverse=True)
        of_source = self.known // target_size
        self.t = np.ones(len(self.known))
        for _ in range(ITERATIONS):
            weight = self.t[cell]
            weight /= np.bincount(words, weight)[words]  # how likely each source word gave this target word
            count = np.bincount(cell, weight)
            self.t = count / np.bincount(of_source, count)[of_source]

    def probabilities(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """t for every pair of words ``[S, T]``; 0 for two that never occurred together."""
        cells = source[:, None].astype(np.int64) * self.target_size + target
        places = np.searchsorted(self.known, cells).clip(max=len(self.known) - 1)
        return np.where(self.known[places] == cells, self.t[places], 0.0)

    def links(self, source: np.ndarray, target: np.ndarray) -> Links:
        """The best source word of each target word, unless that is the empty word."""
        t = self.probabilities(np.append(source, self.empty), target)
        return {(int(j), i) for i, j in enumerate(t.argmax(0)) if j < len(source) and t[j, i] > 0}


class BothWays:
    """Two IBM models 1: links that both find are sure, links that one finds are possible (Och and Ney 2003)."""

    def __init__(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]], source_size: int, target_size: int):
        self.forwards = IBM1(pairs, source_size, target_size)
        self.backwards = IBM1([(target, source) for source, target in pairs], target_size, source_size)

    def links(self, source: np.ndarray, target: np.ndarray) -> tuple[Links, Links]:
        """Sure and possible links of a pair, word ids without ``</s>``."""
        one = self.forwards.links(source, target)
        other = {(j, i) for i, j in self.backwards.links(target, source)}
        return one & other, one | other


def attended(weights: np.ndarray) -> Links:
    """The source word that each target word looks at most, from alpha ``[T, S]``, ``</s>`` last on both sides."""
    best = weights[:-1].argmax(1)
    return {(int(j), i) for i, j in enumerate(best) if j < weights.shape[1] - 1}


def diagonal(source: int, target: int) -> Links:
    """What one would guess from the numbers of words alone."""
    return {(min(source - 1, int((i + 0.5) * source / target)), i) for i in range(target)}


def crossing(links: Links) -> Links:
    """Links that cross another one: where the two languages order words differently."""
    return {(j, i) for j, i in links if any((j - k) * (i - n) < 0 for k, n in links)}


def error_rate(found: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]) -> float:
    """AER = 1 - (|A & S| + |A & P|) / (|A| + |S|) over all sentences (Och and Ney 2003, equation 35)."""
    hits = sum(len(a & s) + len(a & p) for a, s, p in zip(found, sure, possible, strict=True))
    return 1 - hits / sum(len(a) + len(s) for a, s in zip(found, sure, strict=True))
