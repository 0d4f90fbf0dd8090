"""Katz back-off with Good-Turing discounts.

S. M. Katz, "Estimation of probabilities from sparse data for the language model component of a speech
recognizer", IEEE Transactions on ASSP 35 (1987), as SRILM's ``ngram-count`` does it by default.
"""

from collections.abc import Sequence

import numpy as np

from common.ngram.backoff import BackoffModel
from common.ngram.counts import NGramCounts

NO_MASS = 3e-6  # less than this left for unseen words counts as nothing (SRILM's Prob_Epsilon)


class GoodTuring(BackoffModel):
    """Katz's back-off model; GT3 of the literature is order 3 with the default cut-offs.

    Args:
        order: n of the longest n-gram.
        tokens: [N] training text, word ids below ``vocabulary_size``, each sentence ended by ``eos``.
        min_count: per order, n-grams seen less often are dropped (-gt<n>min); the last entry holds for all
            higher orders. SRILM's default drops the singletons of order 3 and above.
        max_count: per order, counts above it are trusted as they are (-gt<n>max); Katz's k.
    """

    def __init__(
        self,
        order: int,
        tokens: np.ndarray,
        vocabulary_size: int,
        eos: int,
        min_count: Sequence[int] = (1, 1, 2),
        max_count: Sequence[int] = (1, 7),
    ):
        self.counts = NGramCounts(tokens, vocabulary_size, eos, order)
        self.probability, self.backoff = [], []
        for n in range(1, order + 1):
            low, high = (limits[min(n, len(limits)) - 1] for limits in (min_count, max_count))
            count = self.counts.grams[n - 1].count
            factors = katz_discounts(count, high)
            discounted = np.where(count >= low, count * factors[np.minimum(count, len(factors) - 1)], 0.0)
            if n == 1:
                self.probability.append(self._unigrams(discounted))
            else:
                probability, backoff = self._extend(n, discounted)
                self.probability.append(probability)
                self.backoff.append(backoff)

    def _unigrams(self, discounted: np.ndarray) -> np.ndarray:
        """Discounted relative frequencies; the rest goes to the unseen words, or to all if none is."""
        discounted = discounted[:-1]
        total = self.counts.grams[0].count.sum()
        unseen = discounted == 0
        if unseen.any() and discounted.sum() > (1 - NO_MASS) * total:
            total += 1
        sharing = unseen if unseen.any() else ~unseen
        free = 1 - discounted.sum() / total
        probability = discounted / total + sharing * (free / sharing.sum())
        return np.append(probability, 0.0)  # the begin mark is never predicted

    def _extend(self, n: int, discounted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Order n from order n-1: the probability of each n-gram, the back-off weight of each context."""
        grams, lower = self.counts.grams[n - 1], self.probability[n - 2]

        def per_context(values: np.ndarray) -> np.ndarray:
            return np.bincount(grams.context, values, minlength=len(lower))

        kept = discounted > 0
        total, mass = per_context(grams.count), per_context(discounted)
        # Where the discounts free nothing for unseen words, count one event more (D. Paul, through SRILM);
        # where every word was seen, there is nothing to back off to.
        complete = per_context(kept) == self.counts.vocabulary_size
        total += mass > (1 - NO_MASS) * total
        total = np.where(complete, mass, total)
        explicit = discounted / total[grams.context]
        below = lower[grams.suffix]
        # Katz eq. 21-22: spread what is free over the words without an n-gram, in proportion to p(w | h')
        free, free_below = 1 - per_context(explicit), 1 - per_context(np.where(kept, below, 0.0))
        backoff = np.divide(free, free_below, out=np.zeros(len(lower)), where=~complete)
        return np.where(kept, explicit, backoff[grams.context] * below), backoff


def katz_discounts(count: np.ndarray, max_count: int) -> np.ndarray:
    """Factors for the counts 0 ... k, k+1, the last holding for every higher count: [k + 2].

    Katz eq. 15: d_c = (c*/c - A) / (1 - A) with c* = (c+1) n_{c+1} / n_c and A = (k+1) n_{k+1} / n_1, so that
    counts above k keep their relative frequency and the singletons' Turing estimate goes to the unseen.
    Where counts of counts are missing (small corpora), as SRILM does: k is lowered until n_{k+1} > 0; without
    singletons nothing is discounted; where c* > c, or the factor is outside (0, 1], it is 1.
    """
    n = np.bincount(np.minimum(count, max_count + 2), minlength=max_count + 3).astype(float)
    while max_count > 0 and n[max_count + 1] == 0:
        max_count -= 1
    factors = np.ones(max_count + 2)
    if max_count == 0 or n[1] == 0:
        return factors
    common = (max_count + 1) * n[max_count + 1] / n[1]
    for c in range(1, max_count + 1):
        turing = (c + 1) * n[c + 1] / (c * n[c]) if n[c] else 1.0
        factor = (turing - common) / (1 - common) if common != 1 else 1.0
        if turing <= 1 and NO_MASS < factor <= 1:
            factors[c] = factor
    return factors
