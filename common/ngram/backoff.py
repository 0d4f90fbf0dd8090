"""The form that every smoothed n-gram model takes once it is estimated (the one an ARPA file stores)."""

import numpy as np

from common.ngram.counts import NGramCounts


class BackoffModel:
    """p(w | h) = probability of the n-gram hw where it was counted, else back-off(h) * p(w | h'),

    where h' is h without its first word and back-off(h) = 1 for a context that was never seen. An
    interpolated model has the same form: its mixture is written out for every counted n-gram.

    A subclass sets, for its counts:
        probability: per order n, [G_n]: p(last word | the words before) of every counted n-gram.
        backoff: per order n < order, [G_n]: the weight of the n-gram as a context.
    """

    counts: NGramCounts
    probability: list[np.ndarray]
    backoff: list[np.ndarray]

    def probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """p(token | the words before it in its sentence), [N] float64; ``eos`` is predicted like any word."""
        (_, word), *longer = self.counts.lookup(tokens)
        result = self.probability[0][word]
        for (context, gram), probability, backoff in zip(longer, self.probability[1:], self.backoff, strict=True):
            result *= np.append(backoff, 1.0)[context]  # an unseen context is -1, the last entry
            counted = gram >= 0
            result[counted] = probability[gram[counted]]
        return result

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """Natural logarithm of :meth:`probabilities`, [N] float64."""
        return np.log(self.probabilities(tokens))

    def distribution(self, context: np.ndarray) -> np.ndarray:
        """p(. | context) over the vocabulary, [V] float64, after the text ``context`` [T] (T may be 0)."""
        result = self.probability[0][: self.counts.vocabulary_size].copy()
        for n, seen in enumerate(self.counts.contexts(context), start=2):
            if seen < 0:
                break
            rows = self.counts.extensions(n, seen)
            result *= self.backoff[n - 2][seen]
            result[self.counts.grams[n - 1].word[rows]] = self.probability[n - 1][rows]
        return result
