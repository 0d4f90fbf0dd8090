from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def make_corpus() -> Callable[..., np.ndarray]:
    """Sentences of a random first-order process with a Zipfian lexicon; word 0 is the end of sentence."""

    def make(seed: int, sentences: int, vocabulary_size: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        zipf = 1 / np.arange(1, vocabulary_size)
        text = []
        for length in rng.integers(0, 9, sentences):
            words = rng.choice(np.arange(1, vocabulary_size), length, p=zipf / zipf.sum())
            for i in range(1, length):
                if rng.random() < 0.4:  # some contexts are predictable
                    words[i] = words[i - 1] % (vocabulary_size - 1) + 1
            text += [*words, 0]
        return np.array(text)

    return make
