"""Perplexity."""

import numpy as np


def perplexity(log_probabilities: np.ndarray) -> float:
    """exp of the mean negative log-probability (nats) over all tokens ``[N]``, ends of sentences included."""
    return float(np.exp(-np.mean(log_probabilities, dtype=np.float64)))
