"""Kneser-Ney against a worked example and against dictionaries of tuples, word by word."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from common.ngram import KneserNey
from common.ngram.kneser_ney import FALLBACK_DISCOUNTS, modified_discounts

EOS, A, B = 0, 1, 2


def sentences(tokens: np.ndarray) -> list[list]:
    """Each sentence with its begin mark, as a list."""
    result: list[list] = [["<s>"]]
    for word in tokens.tolist():
        result[-1].append(word)
        if word == EOS:
            result.append(["<s>"])
    return [sentence for sentence in result if len(sentence) > 1]


class Dictionaries:
    """Interpolated modified Kneser-Ney, as the formulas say it."""

    def __init__(self, order: int, tokens: np.ndarray, vocabulary_size: int):
        self.order, self.vocabulary_size = order, vocabulary_size
        raw: Counter = Counter()
        left = defaultdict(set)
        for sentence in sentences(tokens):
            for n in range(1, order + 1):
                for i in range(len(sentence) - n + 1):
                    gram = tuple(sentence[i : i + n])
                    if gram[-1] != "<s>":
                        raw[gram] += 1
                        if i > 0:
                            left[gram].add(sentence[i - 1])
        self.count = {g: c if len(g) == order or g[0] == "<s>" else len(left[g]) for g, c in raw.items()}
        self.discounts = {}
        for n in range(1, order + 1):
            of = Counter(c for g, c in self.count.items() if len(g) == n)
            values = list(FALLBACK_DISCOUNTS)
            if all(of[k] for k in (1, 2, 3, 4)):
                y = of[1] / (of[1] + 2 * of[2])
                formula = [k - (k + 1) * y * of[k + 1] / of[k] for k in (1, 2, 3)]
                if min(formula) > 0:
                    values = formula
            self.discounts[n] = values
        self.following = defaultdict(dict)
        for gram, c in self.count.items():
            self.following[gram[:-1]][gram[-1]] = c

    def probability(self, word: int, history: tuple) -> float:
        lower = 1 / self.vocabulary_size if not history else None
        if lower is None:
            lower = self.probability(word, history[1:])
        if history not in self.following:
            return lower
        discounts = self.discounts[len(history) + 1]
        counts = self.following[history]
        total = sum(counts.values())
        gamma = sum(discounts[min(c, 3) - 1] for c in counts.values()) / total
        c = counts.get(word, 0)
        return (c - discounts[min(c, 3) - 1] if c else 0) / total + gamma * lower

    def probabilities(self, tokens: np.ndarray) -> list[float]:
        return [
            self.probability(sentence[i], tuple(sentence[max(0, i - self.order + 1) : i]))
            for sentence in sentences(tokens)
            for i in range(1, len(sentence))
        ]


def test_worked_example() -> None:
    """Text "a b </s> a </s>": too small for discounts from counts of counts, so D = 0.5, 1, 1.5."""
    model = KneserNey(2, np.array([A, B, EOS, A, EOS]), vocabulary_size=3, eos=EOS)
    # Words before: a {<s>}, b {a}, </s> {a, b}: continuation counts 1, 1, 2 of 4; freed 0.5 + 0.5 + 1 of 4.
    a = b = (1 - 0.5) / 4 + 0.5 / 3
    eos = (2 - 1) / 4 + 0.5 / 3
    # After a: b and </s> once each; freed 0.5 + 0.5 of 2.
    np.testing.assert_allclose(model.distribution(np.array([A])), [0.25 + eos / 2, a / 2, 0.25 + b / 2])
    # After the begin mark: a twice; freed 1 of 2. After b: </s> once; freed 0.5 of 1.
    np.testing.assert_allclose(model.distribution(np.array([], dtype=int)), [eos / 2, 0.5 + a / 2, b / 2])
    np.testing.assert_allclose(model.distribution(np.array([B])), [0.5 + eos / 2, a / 2, b / 2])
    np.testing.assert_allclose(
        model.log_probabilities(np.array([A, B, EOS, B, EOS])),
        np.log([0.5 + a / 2, 0.25 + b / 2, 0.5 + eos / 2, b / 2, 0.5 + eos / 2]),
    )


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_dictionaries(make_corpus, order: int) -> None:
    training = make_corpus(seed=0, sentences=400, vocabulary_size=60)
    test = make_corpus(seed=1, sentences=60, vocabulary_size=65)  # with words that training never saw
    model = KneserNey(order, training, vocabulary_size=65, eos=EOS)
    reference = Dictionaries(order, training, vocabulary_size=65)
    for n in range(1, order + 1):
        np.testing.assert_allclose(model.discounts[n - 1], reference.discounts[n])
    if order > 1:
        assert reference.discounts[2] != list(FALLBACK_DISCOUNTS)  # the formula is what is tested here
    np.testing.assert_allclose(model.probabilities(test), reference.probabilities(test), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_ten_sentences_equal_dictionaries(make_corpus, seed: int) -> None:
    training = make_corpus(seed, sentences=10, vocabulary_size=12)
    test = make_corpus(seed + 100, sentences=20, vocabulary_size=15)
    model = KneserNey(4, training, vocabulary_size=15, eos=EOS)
    np.testing.assert_allclose(model.probabilities(test), Dictionaries(4, training, 15).probabilities(test), rtol=1e-12)


def test_discounts_of_known_counts_of_counts() -> None:
    counts = np.repeat([1, 2, 3, 4, 9], [20, 5, 2, 1, 7])  # Y = 20 / 30
    np.testing.assert_allclose(modified_discounts(counts), [1 - 2 / 3 * 2 * 5 / 20, 2 - 2 * 2 / 5, 3 - 8 / 3 / 2])


@pytest.mark.parametrize(
    "counts", [[1, 2, 3], [2, 3, 4, 4], [7], [], [1, 2, 3, 3, 3, 4], [0, 0, 1]], ids=lambda counts: str(counts)
)
def test_fallback_discounts(counts: list[int]) -> None:
    """A missing count of counts, or (fifth case: D2 = 2 - 3/3 * 3 < 0) a discount that is not positive."""
    np.testing.assert_array_equal(modified_discounts(np.array(counts, dtype=int)), FALLBACK_DISCOUNTS)
