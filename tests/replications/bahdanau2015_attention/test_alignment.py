"""The aligner and the error rate against examples worked by hand, and against the grammar's own links."""

import numpy as np
import pytest

from common.data import synchronous_grammar
from replications.bahdanau2015_attention.alignment import (
    IBM1,
    BothWays,
    attended,
    crossing,
    diagonal,
    error_rate,
)


def ids(*sentences):
    return [tuple(np.array(side) for side in pair) for pair in sentences]


def test_expectation_maximisation_finds_the_dictionary():
    """"the house / la maison", "the book / le livre", "a book / un livre": only co-occurrence tells."""
    the, house, book, a = range(4)
    la, maison, le, livre, un = range(5)
    model = IBM1(ids(([the, house], [la, maison]), ([the, book], [le, livre]), ([a, book], [un, livre])), 4, 5)
    assert model.links(np.array([a, book]), np.array([livre, un])) == {(1, 0), (0, 1)}
    t = model.probabilities(np.arange(4), np.arange(5))
    assert t[book].argmax() == livre and t[a, un] > t[a, livre]
    together = np.append(t, model.probabilities(np.array([4]), np.arange(5)), axis=0)
    np.testing.assert_allclose(together.sum(1), 1)


def test_one_iteration_by_hand(monkeypatch):
    """From t = 1, each word of a pair comes from each source word or the empty one alike."""
    monkeypatch.setattr("replications.bahdanau2015_attention.alignment.ITERATIONS", 1)
    model = IBM1(ids(([0], [0]), ([0, 1], [0, 1])), 2, 2)
    # counts of source 0: target 0 gets 1/2 + 1/3, target 1 gets 1/3; of source 1: 1/3 and 1/3
    np.testing.assert_allclose(model.probabilities(np.arange(2), np.arange(2)), [[5 / 7, 2 / 7], [1 / 2, 1 / 2]])


def test_words_that_never_met_are_not_linked():
    model = BothWays(ids(([0], [0]), ([1], [1])), 2, 2)
    assert model.links(np.array([0]), np.array([1])) == (set(), set())


def test_an_independent_aligner_agrees_with_the_grammar():
    pairs = synchronous_grammar.generate(1).train[:4000]
    vocabularies = [{}, {}]
    encoded = [tuple(np.array([vocabulary.setdefault(word, len(vocabulary)) for word in text.split()])
                     for vocabulary, text in zip(vocabularies, pair[:2], strict=True)) for pair in pairs]
    model = BothWays(encoded, *map(len, vocabularies))
    gold = [set(pair.alignment) for pair in pairs[:200]]
    sure, possible = zip(*(model.links(*pair) for pair in encoded[:200]), strict=True)
    guessed = [diagonal(len(source), len(target)) for source, target in encoded[:200]]
    assert error_rate(sure, gold, gold) < 0.2 < error_rate(guessed, gold, gold)
    assert error_rate(gold, sure, possible) < 0.2


def test_attention_is_read_word_by_word():
    """Rows are target words; the ends of both sentences take part in no link."""
    weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1], [0.0, 0.0, 1.0]])
    assert attended(weights) == {(0, 0), (1, 2)}


def test_error_rate_by_hand():
    sure, possible = {(0, 0), (1, 1)}, {(0, 0), (1, 1), (1, 2)}
    assert error_rate([{(0, 0), (1, 2), (2, 2)}], [sure], [possible]) == pytest.approx(1 - (1 + 2) / (3 + 2))
    assert error_rate([sure], [sure], [possible]) == 0


def test_crossing_links_and_the_diagonal():
    assert crossing({(0, 0), (1, 2), (2, 1), (3, 3)}) == {(1, 2), (2, 1)}
    assert diagonal(3, 3) == {(0, 0), (1, 1), (2, 2)}
    assert diagonal(1, 3) == {(0, 0), (0, 1), (0, 2)}
    assert diagonal(0, 0) == set()
