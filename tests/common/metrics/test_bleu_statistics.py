"""Counts of matching n-grams; that they give the BLEU of multi-bleu is tested with the decoder that tunes on them."""

import math

import pytest

from common.metrics.bleu_statistics import bleu_of, statistics


def test_the_lectures_example_by_hand():
    reference = "A SpaceX rocket was launched into a space orbit Wednesday evening .".split()
    ours = "SpaceX launched a mission Wednesday evening into a space orbit .".split()
    (counts,) = statistics([ours], reference)
    assert counts.tolist() == [9, 4, 2, 1, 11, 10, 9, 8, 12]
    by_hand = (9 / 11 * 4 / 10 * 2 / 9 * 1 / 8) ** 0.25 * math.exp(1 - 12 / 11)
    assert bleu_of(counts) == pytest.approx(100 * by_hand)


def test_a_word_counts_as_often_as_the_reference_has_it():
    assert statistics([["the"] * 7], ["the", "cat", "the"]).tolist() == [[2, 0, 0, 0, 7, 6, 5, 4, 3]]
