"""Linear interpolation of language models, p(w) = sum_m lambda_m p_m(w).

F. Jelinek and R. L. Mercer, "Interpolated estimation of Markov source parameters from sparse data" (1980):
the weights are the maximum-likelihood ones on held-out text, found by expectation-maximisation.
"""

import numpy as np

from common.errors import UserError


def mix(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mixture's probability of every token, [N], from [M, N] of M models and their weights [M]."""
    return np.asarray(weights) @ np.asarray(probabilities)


def tune_weights(probabilities: np.ndarray, tolerance: float = 1e-8, max_iterations: int = 2000) -> np.ndarray:
    """Weights [M] (sum 1) that maximise the likelihood of held-out text.

    The likelihood is concave in the weights, so EM's fixed point is the best there is, whatever the start.

    Args:
        probabilities: [M, N], what each of M models gives to each of N held-out tokens.
        tolerance: stop when no reweighting can gain more than this many nats per token.

    Raises:
        UserError: a token has probability 0 under every model, so that no weights can explain it.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    models, tokens = probabilities.shape
    if tokens == 0:
        raise UserError("cannot tune weights on an empty held-out text; give at least one sentence")
    impossible = ~probabilities.any(axis=0)
    if impossible.any():
        raise UserError(
            f"token {impossible.argmax()} of the held-out text has probability 0 under all {models} models; "
            "add a smoothed model to the mixture"
        )
    weights = np.full(models, 1 / models)
    for _ in range(max_iterations):
        # Mean over tokens of p_m / p: the factor of EM's update, and the gradient of the mean log-likelihood.
        factor = (probabilities / (weights @ probabilities)).mean(axis=1)
        weights = weights * factor
        # The likelihood is concave: max(gradient) - weights . gradient (here 1) bounds what is left to gain.
        if factor.max() - 1 < tolerance:
            break
    return weights / weights.sum()
