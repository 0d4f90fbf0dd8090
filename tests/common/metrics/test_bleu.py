import math

import pytest

from common.metrics.bleu import bleu, multi_bleu

REFERENCE = "A SpaceX rocket was launched into a space orbit Wednesday evening .".split()
HYPOTHESIS = "SpaceX launched a mission Wednesday evening into a space orbit .".split()


def test_the_lecture_slides_example():
    score = multi_bleu([HYPOTHESIS], [REFERENCE])
    assert score.precisions == pytest.approx([900 / 11, 400 / 10, 200 / 9, 100 / 8])
    assert score.brevity_penalty == pytest.approx(math.exp(1 - 12 / 11))
    # the slide rounds the brevity penalty to 0.91
    assert score.bleu * 0.91 / score.brevity_penalty == pytest.approx(28.1, abs=0.05)


def test_case_counts():
    assert multi_bleu([[w.lower() for w in HYPOTHESIS]], [REFERENCE]).bleu < multi_bleu([HYPOTHESIS], [REFERENCE]).bleu


def test_multi_bleu_is_a_number_of_the_corpus_and_not_smoothed():
    nothing = multi_bleu([["a", "b", "c", "d", "e"]], [["v", "w", "x", "y", "z"]])
    assert nothing.bleu == 0
    both = multi_bleu([HYPOTHESIS, REFERENCE], [REFERENCE, REFERENCE])
    assert both.precisions[0] == pytest.approx(100 * 21 / 23)


def test_sacrebleu_tokenises_running_text_itself():
    assert bleu(["A rocket, launched."], ["A rocket, launched."]).bleu == pytest.approx(100)
    assert bleu(["A rocket , launched ."], ["A rocket, launched."]).bleu == pytest.approx(100)
    assert "tok:13a" in bleu(["a"], ["a"]).signature and "case:mixed" in bleu(["a"], ["a"]).signature


def test_perfect_and_empty():
    assert multi_bleu([REFERENCE], [REFERENCE]).bleu == pytest.approx(100)
    assert multi_bleu([[]], [REFERENCE]).bleu == 0


def test_unequal_numbers_of_sentences_are_refused():
    with pytest.raises(ValueError, match="2 hypotheses for 1 references"):
        multi_bleu([HYPOTHESIS, HYPOTHESIS], [REFERENCE])
    with pytest.raises(ValueError):
        bleu([], [])
