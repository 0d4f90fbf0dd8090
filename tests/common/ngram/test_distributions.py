"""What every model of the room must do: distributions that sum to one and agree with the probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.ngram import Cache, GoodTuring, KneserNey

MODELS = {
    **{f"KN{n}": lambda tokens, size, n=n: KneserNey(n, tokens, size, eos=0) for n in (1, 2, 4)},
    **{f"GT{n}": lambda tokens, size, n=n: GoodTuring(n, tokens, size, eos=0) for n in (1, 2, 4)},
    "GT3 no cut-off": lambda tokens, size: GoodTuring(3, tokens, size, eos=0, min_count=(1,), max_count=(3,)),
    "GT3 strict": lambda tokens, size: GoodTuring(3, tokens, size, eos=0, min_count=(2, 3, 1)),
    "cache": lambda tokens, size: Cache(size, eos=0, length=4, half_life=None),
    "cache2": lambda tokens, size: Cache(size, eos=0, length=6, half_life=3, order=2),
    "cache3": lambda tokens, size: Cache(size, eos=0, order=3),
}


def texts(vocabulary_size: int, minimum: int):
    words = st.lists(st.integers(0, vocabulary_size - 1), min_size=minimum, max_size=40)
    return words.map(lambda text: np.array([*text, 0]))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_distributions_sum_to_one_and_agree_with_probabilities(name: str, data) -> None:
    size = data.draw(st.integers(1, 7))
    model = MODELS[name](data.draw(texts(size, 0)), size)  # words at the end of the vocabulary may be unseen
    text = data.draw(texts(size, 1))
    distributions = np.array([model.distribution(text[:t]) for t in range(len(text))])
    np.testing.assert_allclose(distributions.sum(axis=1), 1, rtol=1e-9)
    assert (distributions >= 0).all()
    probabilities = model.probabilities(text)
    np.testing.assert_allclose(probabilities, distributions[np.arange(len(text)), text], rtol=1e-9)
    if "cache" not in name:
        assert (probabilities > 0).all()
        np.testing.assert_array_equal(model.log_probabilities(text), np.log(probabilities))


@pytest.mark.parametrize("name", [name for name in MODELS if "cache" not in name])
def test_sentences_do_not_see_each_other(make_corpus, name: str) -> None:
    model = MODELS[name](make_corpus(seed=3, sentences=50, vocabulary_size=10), 10)
    first, second = np.array([1, 2, 3, 0]), np.array([2, 1, 0])
    together = model.log_probabilities(np.concatenate((first, second)))
    np.testing.assert_array_equal(
        together, np.concatenate((model.log_probabilities(first), model.log_probabilities(second)))
    )


@pytest.mark.parametrize("name", MODELS)
def test_nothing_to_predict(make_corpus, name: str) -> None:
    model = MODELS[name](make_corpus(seed=3, sentences=50, vocabulary_size=10), 10)
    assert model.log_probabilities(np.array([], dtype=int)).shape == (0,)
