import math

import pytest

from common.metrics.bleu import bleu, multi_bleu, tokeniser_for
from common.text.moses import Moses

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


@pytest.mark.parametrize(
    "language, text, tokeniser",
    [
        ("en", "The dog isn't here, is it?", "13a"),
        ("fr", "L\u2019homme n\u2019est pas là ce soir.", "13a"),
        ("hi", "वह कल घर गया था।", "intl"),
        ("ru", "Он сказал: «да», и ушёл.", "intl"),
        ("zh", "我喜欢红色的狗。", "char"),
    ],
)
def test_a_perfect_output_scores_100_in_every_script(language, text, tokeniser):
    moses = Moses(language)
    perfect = [moses.detokenise(moses.tokenise(text))]
    assert tokeniser_for([text], perfect) == tokeniser
    assert bleu(perfect, [text], tokeniser).bleu == pytest.approx(100)


def test_text_that_does_not_survive_its_tokeniser_is_not_judged():
    assert tokeniser_for(["a b c d e f"], ["a b c x e f"]) is None


def test_unequal_numbers_of_sentences_are_refused():
    with pytest.raises(ValueError, match="2 hypotheses for 1 references"):
        multi_bleu([HYPOTHESIS, HYPOTHESIS], [REFERENCE])
    with pytest.raises(ValueError):
        bleu([], [])
