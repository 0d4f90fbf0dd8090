import itertools

import numpy as np
import pytest

from common.errors import UserError
from common.ngram import mix, tune_weights


def log_likelihood(probabilities: np.ndarray, weights: np.ndarray) -> float:
    return float(np.log(mix(probabilities, weights)).mean())


@pytest.mark.parametrize("seed", range(3))
def test_no_weights_of_a_grid_are_better(seed: int) -> None:
    probabilities = np.random.default_rng(seed).beta([[0.3], [0.5], [0.4]], 3, size=(3, 500))
    weights = tune_weights(probabilities)
    assert weights.sum() == pytest.approx(1)
    best = log_likelihood(probabilities, weights)
    for a, b in itertools.product(np.linspace(0, 1, 41), repeat=2):
        if a + b <= 1:
            with np.errstate(divide="ignore"):
                assert log_likelihood(probabilities, np.array([a, b, 1 - a - b])) <= best + 1e-8


def test_worked_example() -> None:
    """Models that each know some tokens only: the weights are the shares of those tokens."""
    probabilities = np.array([[0.5] * 30 + [0.0] * 10, [0.0] * 30 + [0.1] * 10])
    np.testing.assert_allclose(tune_weights(probabilities), [0.75, 0.25])
    np.testing.assert_allclose(mix(probabilities, np.array([0.75, 0.25])), [0.375] * 30 + [0.025] * 10)


def test_a_model_that_is_better_everywhere_takes_all() -> None:
    good = np.random.default_rng(0).uniform(0.1, 1, 200)
    weights = tune_weights(np.stack([good, good / 2]))
    np.testing.assert_allclose(weights, [1, 0], atol=1e-6)


def test_one_model() -> None:
    assert tune_weights(np.array([[0.2, 0.4]])).tolist() == [1.0]


def test_a_token_that_no_model_allows_is_named() -> None:
    with pytest.raises(UserError, match="token 1 of the held-out text has probability 0 under all 2 models"):
        tune_weights(np.array([[0.1, 0.0, 0.2], [0.1, 0.0, 0.0]]))


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(UserError, match="empty held-out text"):
        tune_weights(np.zeros((2, 0)))
