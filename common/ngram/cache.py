"""The cache: recently used words are likely to be used again.

R. Kuhn and R. De Mori, "A cache-based natural language model for speech recognition", IEEE Transactions on
PAMI 12 (1990); the exponential decay is P. Clarkson and A. Robinson's (ICASSP 1997).
"""

import numpy as np

from common.errors import UserError


class Cache:
    """Relative frequencies of the last ``length`` words, to be interpolated with a model that knows more.

    The history runs across sentences and starts empty; while it is empty every word has 1/V. A word that is
    not in the cache has probability 0. The end of sentence is not remembered: how often it comes is known
    without a cache. The default half-life was chosen on the Penn Treebank's validation text, interpolated with
    KN5; the length only bounds the work.

    It learns from the text that it is tested on: results with a cache are *adaptive*.

    Args:
        length: how many positions back it remembers.
        half_life: positions after which a memory weighs half as much; None: every memory weighs the same.
        order: n; above 1, only the memories that followed the same last n-1 words count, or, if there
            are none, those of the next lower order. Mix a bigram cache in beside the unigram one: it is too
            sure of itself to replace it.
    """

    def __init__(
        self, vocabulary_size: int, eos: int, length: int = 1000, half_life: float | None = 80, order: int = 1
    ):
        if length < 1 or order < 1 or (half_life is not None and half_life <= 0):
            given = f"length {length}, half-life {half_life}, order {order}"
            raise UserError(f"no cache can have {given}; give positive numbers")
        self.vocabulary_size, self.eos, self.length, self.order = vocabulary_size, eos, length, order
        self.decay = 1.0 if half_life is None else 0.5 ** (1 / half_life)

    def probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """p(token | all the tokens before it), [N] float64."""
        tokens = np.asarray(tokens)
        hits, memories = np.zeros((2, self.order, len(tokens)))
        for lag in range(1, min(self.length, len(tokens) - 1) + 1):
            same = tokens[lag:] == tokens[:-lag]  # entry t: the word at t + lag is the one at t
            weight = np.where(tokens[:-lag] != self.eos, self.decay ** (lag - 1), 0.0)
            for n in range(self.order):
                if n:  # keep the memories whose n-th word before was the same too
                    weight[n:] *= same[:-n]
                    weight[:n] = 0.0
                memories[n, lag:] += weight
                hits[n, lag:] += weight * same
        result = np.full(len(tokens), 1 / self.vocabulary_size)
        for hit, memory in zip(hits, memories, strict=True):
            np.divide(hit, memory, out=result, where=memory > 0)
        return result

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """Natural logarithm of :meth:`probabilities`, [N] float64; -inf for words not in the cache."""
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(tokens))

    def distribution(self, context: np.ndarray) -> np.ndarray:
        """p(. | context) over the vocabulary, [V] float64, after the text ``context`` [T] (T may be 0)."""
        context = np.asarray(context, dtype=np.int64)
        result = np.full(self.vocabulary_size, 1 / self.vocabulary_size)
        weight = self.decay ** np.arange(len(context))[::-1]
        weight[: -self.length] = 0.0
        weight[context == self.eos] = 0.0
        for n in range(min(self.order, len(context))):
            if n:
                weight[n:] *= context[:-n] == context[-n]
                weight[:n] = 0.0
            if weight.any():
                result = np.bincount(context, weight, minlength=self.vocabulary_size) / weight.sum()
        return result
