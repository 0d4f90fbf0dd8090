import numpy as np
import pytest

from common.errors import UserError
from common.ngram import Cache


def looked_back(tokens: list[int], size: int, eos: int, length: int, half_life: float | None, order: int):
    """The cache, one token and one memory at a time."""
    result = []
    for t, word in enumerate(tokens):
        probability = 1 / size
        for n in range(order):
            weights: dict[int, float] = {}
            for s in range(max(0, t - length), t):
                if tokens[s] != eos and n <= s and tokens[s - n : s] == tokens[t - n : t]:
                    weight = 2 ** (-(t - s) / half_life) if half_life else 1
                    weights[tokens[s]] = weights.get(tokens[s], 0) + weight
            if weights:
                probability = weights.get(word, 0) / sum(weights.values())
        result.append(probability)
    return result


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("length", "half_life"), [(1, None), (7, None), (1000, None), (1000, 5), (20, 9.5)])
def test_equals_looking_back(make_corpus, length: int, half_life: float | None, order: int) -> None:
    tokens = make_corpus(seed=2, sentences=40, vocabulary_size=12)
    cache = Cache(12, eos=0, length=length, half_life=half_life, order=order)
    np.testing.assert_allclose(
        cache.probabilities(tokens), looked_back(tokens.tolist(), 12, 0, length, half_life, order), atol=1e-15
    )


def test_worked_example() -> None:
    """Text "a b a </s> a": the last </s> is not remembered, and a weight halves every position."""
    probabilities = Cache(4, eos=0, length=3, half_life=1).probabilities(np.array([1, 2, 1, 0, 1]))
    np.testing.assert_allclose(probabilities, [1 / 4, 0, (1 / 2) / (3 / 2), 0, (1 / 2) / (3 / 4)])


def test_a_word_that_is_not_remembered_is_impossible_without_a_warning() -> None:
    assert Cache(4, eos=0).log_probabilities(np.array([1, 2])).tolist() == [np.log(0.25), -np.inf]


@pytest.mark.parametrize("setting", [{"length": 0}, {"half_life": 0}, {"half_life": -1.0}, {"order": 0}])
def test_bad_settings(setting: dict) -> None:
    with pytest.raises(UserError, match="give positive numbers"):
        Cache(4, eos=0, **setting)
