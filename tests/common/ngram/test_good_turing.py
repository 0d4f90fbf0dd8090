"""Katz back-off against worked examples and against dictionaries of tuples, word by word."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from common.ngram import GoodTuring
from common.ngram.good_turing import katz_discounts

EOS, A, B = 0, 1, 2


class Dictionaries:
    """Katz's model as SRILM's manual describes it, with n-grams as tuples."""

    def __init__(self, order: int, tokens: np.ndarray, vocabulary_size: int, min_count: dict, max_count: dict):
        self.order, self.words = order, range(vocabulary_size)
        count: Counter = Counter()
        history: tuple = ("<s>",)
        for word in tokens.tolist():
            for n in range(min(order, len(history) + 1)):
                count[(*history[len(history) - n :], word)] += 1
            history = ("<s>",) if word == EOS else (*history, word)
        self.explicit: dict = defaultdict(dict)
        for context in {gram[:-1] for gram in count}:
            n = len(context) + 1
            seen = {w: count[(*context, w)] for w in self.words if count[(*context, w)]}
            of = Counter(c for g, c in count.items() if len(g) == n)
            kept = {w: c * self.factor(c, of, max_count[n]) for w, c in seen.items() if c >= min_count[n]}
            total = sum(seen.values())
            if sum(kept.values()) > (1 - 3e-6) * total and len(kept) < vocabulary_size:
                total += 1
            if len(kept) == vocabulary_size and n > 1:
                total = sum(kept.values())
            self.explicit[context] = {w: c / total for w, c in kept.items()}
        free = 1 - sum(self.explicit[()].values())
        share = [w for w in self.words if w not in self.explicit[()]] or list(self.words)
        for w in share:
            self.explicit[()][w] = self.explicit[()].get(w, 0) + free / len(share)

    @staticmethod
    def factor(c: int, of: Counter, k: int) -> float:
        while k > 0 and not of[k + 1]:
            k -= 1
        if c > k or not of[1] or (k + 1) * of[k + 1] == of[1]:
            return 1.0
        common = (k + 1) * of[k + 1] / of[1]
        turing = (c + 1) * of[c + 1] / (c * of[c])
        factor = (turing - common) / (1 - common)
        return factor if turing <= 1 and 3e-6 < factor <= 1 else 1.0

    def probability(self, word: int, history: tuple) -> float:
        explicit = self.explicit.get(history, {})
        if word in explicit:
            return explicit[word]
        free = 1 - sum(explicit.values())
        below = 1 - sum(self.probability(w, history[1:]) for w in explicit)
        return free / below * self.probability(word, history[1:])

    def probabilities(self, tokens: np.ndarray) -> list[float]:
        result, history = [], ("<s>",)
        for word in tokens.tolist():
            result.append(self.probability(word, history[max(0, len(history) - self.order + 1) :]))
            history = ("<s>",) if word == EOS else (*history, word)
        return result


def test_worked_example() -> None:
    """Text "a b </s> a </s>": no order has room for discounts, so each context counts one event more."""
    model = GoodTuring(2, np.array([A, B, EOS, A, EOS]), vocabulary_size=3, eos=EOS)
    # Every word was seen, 2, 2 and 1 times of 5: p(</s>, a, b) = 0.4, 0.4, 0.2.
    np.testing.assert_allclose(model.distribution(np.array([A])), [1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(
        model.distribution(np.array([], dtype=int)), [1 / 3 * 0.4 / 0.6, 2 / 3, 1 / 3 * 0.2 / 0.6]
    )
    np.testing.assert_allclose(model.distribution(np.array([B])), [1 / 2, 1 / 2 * 0.4 / 0.6, 1 / 2 * 0.2 / 0.6])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("cut", [1, 2])
def test_equals_dictionaries(make_corpus, order: int, cut: int) -> None:
    training = make_corpus(seed=0, sentences=400, vocabulary_size=60)
    test = make_corpus(seed=1, sentences=40, vocabulary_size=65)  # with words that training never saw
    model = GoodTuring(order, training, 65, EOS, min_count=(1, 1, cut), max_count=(1, 5))
    reference = Dictionaries(
        order, training, 65, min_count={1: 1, 2: 1, 3: cut, 4: cut}, max_count={1: 1, 2: 5, 3: 5, 4: 5}
    )
    np.testing.assert_allclose(model.probabilities(test), reference.probabilities(test), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_ten_sentences_equal_dictionaries(make_corpus, seed: int) -> None:
    training = make_corpus(seed, sentences=10, vocabulary_size=12)
    test = make_corpus(seed + 100, sentences=20, vocabulary_size=15)
    model = GoodTuring(3, training, 15, EOS)
    reference = Dictionaries(3, training, 15, min_count={1: 1, 2: 1, 3: 2}, max_count={1: 1, 2: 7, 3: 7})
    np.testing.assert_allclose(model.probabilities(test), reference.probabilities(test), rtol=1e-9)


def test_discounts_of_known_counts_of_counts() -> None:
    counts = np.repeat([1, 2, 3, 8], [10, 4, 2, 5])  # k = 2: A = 3 * 2 / 10
    factors = katz_discounts(counts, max_count=2)
    np.testing.assert_allclose(factors, [1, (0.8 - 0.6) / 0.4, (0.75 - 0.6) / 0.4, 1])
    freed = (counts * (1 - factors[np.minimum(counts, 3)])).sum()
    assert freed == pytest.approx(10)  # Katz: what is freed is Turing's estimate for the unseen, n_1


@pytest.mark.parametrize(
    ("counts", "factors"),
    [
        ([1] * 10 + [2] * 2, [1, 1, 1]),  # k falls to 1, where A = c* / c
        ([2, 2, 3], [1, 1, 1, 1]),  # no singletons
        ([1, 1, 1], [1, 1]),  # k falls to 0
        ([1] * 10 + [2] * 3 + [3] * 9 + [4], [1, (0.6 - 0.4) / 0.6, 1, 1, 1]),  # c* > c; then c* / c < A
        ([1] * 10 + [3] * 2 + [4], [1, 1, 1, (4 / 6 - 0.4) / 0.6, 1]),  # n_2 = 0
        ([], [1, 1]),
    ],
    ids=str,
)
def test_discounts_where_counts_of_counts_are_missing(counts: list[int], factors: list[float]) -> None:
    np.testing.assert_allclose(katz_discounts(np.array(counts, dtype=int), max_count=7), factors)


def test_cut_offs_and_discounts_matter(make_corpus) -> None:
    text = make_corpus(seed=0, sentences=400, vocabulary_size=60)
    default = GoodTuring(3, text, 60, EOS).probabilities(text)
    assert not np.allclose(default, GoodTuring(3, text, 60, EOS, min_count=(1,)).probabilities(text))
    assert not np.allclose(default, GoodTuring(3, text, 60, EOS, max_count=(0,)).probabilities(text))
