import numpy as np
import pytest

from common.errors import UserError
from common.ngram.counts import NGramCounts

EOS, A, B, UNSEEN = 0, 1, 2, 3
BEGIN = 4  # = the vocabulary size
TEXT = np.array([A, B, EOS, A, EOS, A, B, EOS])


def spelled(counts: NGramCounts, n: int) -> list[tuple[int, ...]]:
    """The n-grams of order n as tuples of words, by id."""
    grams = counts.grams[n - 1]
    if n == 1:
        return [(int(w),) for w in grams.word]
    shorter = spelled(counts, n - 1)
    return [(*shorter[c], int(w)) for c, w in zip(grams.context, grams.word, strict=True)]


def test_counts_of_a_worked_example() -> None:
    counts = NGramCounts(TEXT, vocabulary_size=4, eos=EOS, order=3)
    tables = [dict(zip(spelled(counts, n), counts.grams[n - 1].count.tolist(), strict=True)) for n in (1, 2, 3)]
    assert tables[0] == {(EOS,): 3, (A,): 3, (B,): 2, (UNSEEN,): 0, (BEGIN,): 0}
    assert tables[1] == {(BEGIN, A): 3, (A, B): 2, (B, EOS): 2, (A, EOS): 1}
    assert tables[2] == {(BEGIN, A, B): 2, (A, B, EOS): 2, (BEGIN, A, EOS): 1}


def test_suffixes_and_begins() -> None:
    counts = NGramCounts(TEXT, vocabulary_size=4, eos=EOS, order=3)
    for n in (2, 3):
        shorter = spelled(counts, n - 1)
        for gram, suffix, begins in zip(
            spelled(counts, n), counts.grams[n - 1].suffix, counts.grams[n - 1].begins, strict=True
        ):
            assert shorter[suffix] == gram[1:]
            assert begins == (gram[0] == BEGIN)


def test_lookup_stops_at_the_begin_of_the_sentence_and_at_the_unseen() -> None:
    counts = NGramCounts(TEXT, vocabulary_size=4, eos=EOS, order=3)
    bigrams, trigrams = spelled(counts, 2), spelled(counts, 3)
    (_, unigram), (context_2, bigram), (context_3, trigram) = counts.lookup(np.array([A, EOS, B, EOS, A, UNSEEN]))
    assert unigram.tolist() == [A, EOS, B, EOS, A, UNSEEN]
    assert context_2.tolist() == [BEGIN, A, BEGIN, B, BEGIN, A]
    assert [bigrams[i] if i >= 0 else None for i in bigram] == [
        (BEGIN, A), (A, EOS), None, (B, EOS), (BEGIN, A), None
    ]  # fmt: skip
    assert [bigrams[i] if i >= 0 else None for i in context_3] == [
        None, (BEGIN, A), None, None, None, (BEGIN, A)
    ]  # fmt: skip
    assert [trigrams[i] if i >= 0 else None for i in trigram] == [None, (BEGIN, A, EOS), *[None] * 4]


def test_a_vocabulary_whose_power_exceeds_an_integer(make_corpus) -> None:
    text, large = make_corpus(seed=1, sentences=200, vocabulary_size=20), 10**6
    small_counts = NGramCounts(text, vocabulary_size=20, eos=0, order=5)
    large_counts = NGramCounts(text * (large // 20), vocabulary_size=large, eos=0, order=5)
    for few, many in zip(small_counts.grams[1:], large_counts.grams[1:], strict=True):
        np.testing.assert_array_equal(few.count, many.count)
        np.testing.assert_array_equal(few.word * (large // 20), np.where(many.word < large, many.word, -1))


@pytest.mark.parametrize(
    ("tokens", "order", "message"),
    [
        ([], 2, "empty corpus"),
        ([1, 4, 0], 2, "do not fit a vocabulary of 4 words"),
        ([-1, 1, 0], 2, "do not fit a vocabulary of 4 words"),
        ([1, 0], 0, "order 0"),
    ],
)
def test_bad_input(tokens: list[int], order: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        NGramCounts(np.array(tokens, dtype=int), vocabulary_size=4, eos=0, order=order)


def test_looking_up_words_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(UserError, match="number the text with the vocabulary of this model"):
        NGramCounts(TEXT, vocabulary_size=4, eos=EOS, order=2).lookup(np.array([9, EOS]))
