"""Perplexity."""

import numpy as np


def perplexity(log_probabilities: np.ndarray) -> float:
    """exp of the mean negative log-probability (nats) over all tokens ``[N]``, ends of sentences included."""
    return float(np.exp(-np.mean(log_probabilities, dtype=np.float64)))


def of_sum(nats: float, words: float) -> float:
    """The perplexity of ``words`` tokens that cost ``nats`` together; infinite where it is beyond all numbers."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(nats / words)))
