"""The aligner and the error rate against examples worked by hand, and against the grammar's own links."""

import numpy as np
import pytest

from common.data.parallel import synchronous_grammar
from common.evaluation.alignment import attended, both_ways, crossing, diagonal, error_rate


def test_an_independent_aligner_agrees_with_the_grammar():
    pairs = synchronous_grammar.generate(1).train[:4000]
    vocabularies = [{}, {}]
    encoded = [
        tuple(
            np.array([vocabulary.setdefault(word, len(vocabulary)) for word in text.split()])
            for vocabulary, text in zip(vocabularies, pair[:2], strict=True)
        )
        for pair in pairs
    ]
    gold = [set(pair.alignment) for pair in pairs[-200:]]
    sure, possible = both_ways(encoded[:-200], encoded[-200:], *map(len, vocabularies))
    assert all(one <= other for one, other in zip(sure, possible, strict=True))
    guessed = [diagonal(len(source), len(target)) for source, target in encoded[-200:]]
    assert error_rate(sure, gold, gold) < 0.15 < error_rate(guessed, gold, gold)
    assert error_rate(gold, sure, possible) < 0.15


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
