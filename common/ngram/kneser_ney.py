"""Interpolated modified Kneser-Ney smoothing.

S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling", Computer Speech
and Language 13 (1999), section 3; without cut-offs, as KenLM's ``lmplz`` and SRILM's
``ngram-count -kndiscount -interpolate -gt3min 1 -gt4min 1 ...`` do it.
"""

import numpy as np

from common.ngram.backoff import BackoffModel
from common.ngram.counts import NGramCounts

FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)


class KneserNey(BackoffModel):
    """Modified Kneser-Ney with three discounts per order.

    Args:
        order: n of the longest n-gram (5 for KN5).
        tokens: [N] training text, word ids below ``vocabulary_size``, each sentence ended by ``eos``.

    Attributes:
        discounts: per order, the array (D1, D2, D3+).
    """

    def __init__(self, order: int, tokens: np.ndarray, vocabulary_size: int, eos: int):
        self.counts = NGramCounts(tokens, vocabulary_size, eos, order)
        self.discounts, self.probability, self.backoff = [], [], []
        lower = np.array([1 / vocabulary_size])  # order 0: uniform
        for n in range(1, order + 1):
            grams = self.counts.grams[n - 1]
            count = self._adjusted_counts(n)
            self.discounts.append(modified_discounts(count))
            discount = np.concatenate(([0.0], self.discounts[-1]))[np.minimum(count, 3)]
            total = np.bincount(grams.context, count, minlength=len(lower))
            freed = np.bincount(grams.context, discount, minlength=len(lower))
            # A context that nothing follows (it ends in eos) leaves everything to the lower order.
            backoff = np.divide(freed, total, out=np.ones(len(lower)), where=total > 0)
            # Chen & Goodman eq. 15-17: p(w | h) = (c - D(c)) / sum c + gamma(h) p(w | h')
            lower = (count - discount) / total[grams.context] + backoff[grams.context] * lower[grams.suffix]
            self.probability.append(lower)
            if n > 1:
                self.backoff.append(backoff)
        self.probability[0][vocabulary_size] = 0.0  # the begin mark is never predicted

    def _adjusted_counts(self, n: int) -> np.ndarray:
        """[G] occurrences at the highest order; below it, the number of different words before the n-gram.

        Nothing can precede the begin mark, so an n-gram that starts with it keeps its occurrences.
        """
        grams = self.counts.grams[n - 1]
        if n == self.counts.order:
            return grams.count
        continuations = np.bincount(self.counts.grams[n].suffix, minlength=len(grams))
        return np.where(grams.begins, grams.count, continuations)


def modified_discounts(count: np.ndarray) -> np.ndarray:
    """(D1, D2, D3+) from the counts of counts n1 ... n4 (Chen & Goodman 1999, eq. 17 and after).

    A small corpus can lack one of n1 ... n4, or give a discount outside (0, k]; the order then takes KenLM's
    fallback 0.5, 1, 1.5, which leaves some probability to every unseen word.
    """
    n = np.bincount(np.minimum(count, 5), minlength=6).astype(float)
    if (n[1:5] == 0).any():
        return np.array(FALLBACK_DISCOUNTS)
    y = n[1] / (n[1] + 2 * n[2])
    k = np.arange(1, 4)
    discounts = k - (k + 1) * y * n[2:5] / n[1:4]
    return discounts if (discounts > 0).all() else np.array(FALLBACK_DISCOUNTS)
