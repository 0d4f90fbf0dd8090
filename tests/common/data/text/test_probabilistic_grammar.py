"""The machine behind the synthetic corpora, on grammars small enough to do by hand."""

import math
import random
from itertools import islice

import pytest

from common.data.text.probabilistic_grammar import Parser, ProbabilisticGrammar
from common.errors import UserError

TOY = {
    ("text",): [(1.0, ("sentence", "a"))],
    # one letter decides what the sentence is about; then some "m"; then the letter again
    ("sentence", "a"): [(0.75, "a", ("middle",), "a", ".", ("sentence", "a")),
                        (0.25, "b", ("middle",), "b", ".", ("sentence", "b"))],
    ("sentence", "b"): [(0.5, "a", ("middle",), "a", ".", ("sentence", "a")),
                        (0.5, "b", ("middle",), "b", ".", ("sentence", "b"))],
    ("middle",): [(0.5,), (0.5, "m", ("middle",))],
}  # fmt: skip


def grammar(rules: dict) -> ProbabilisticGrammar:
    return ProbabilisticGrammar(rules.__getitem__, start=("text",), period="sentence")


def binary(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def test_the_oracle_multiplies_exactly_the_choices_that_a_word_reveals():
    parser = Parser(grammar(TOY))
    assert parser.read("b") == pytest.approx(math.log(0.25))
    assert parser.next_words() == pytest.approx({"m": 0.5, "b": 0.5})  # the end of the middle shows as the "b"
    assert parser.read("m") == pytest.approx(math.log(0.5))
    assert parser.read("b") == pytest.approx(math.log(0.5))
    assert parser.read(".") == 0.0
    assert parser.next_words() == pytest.approx({"a": 0.5, "b": 0.5})  # remembers across the sentence end


def test_entropy_rate_by_hand():
    # Sentence starts: a -> b with 1/4, b -> a with 1/2, so 2/3 of the sentences start after an "a".
    # The middle: one word on average, and two choices of one bit each.
    per_sentence = 2 / 3 * binary(0.25) + 1 / 3 * binary(0.5) + 2 * binary(0.5)
    assert grammar(TOY).entropy_rate() == pytest.approx(per_sentence / (3 + 1), rel=1e-12)


def test_a_word_that_the_grammar_does_not_allow_is_refused_and_not_read():
    parser = Parser(grammar(TOY))
    parser.read("a")
    with pytest.raises(UserError, match="'b'"):
        parser.read("b")
    assert parser.read("a") == pytest.approx(math.log(0.5))


def test_ambiguous_rules_are_refused():
    same_start = {("text",): [(0.5, ("x",)), (0.5, "m")], ("x",): [(1.0, "m", "n")]}
    with pytest.raises(ValueError, match="two rules .* 'm'"):
        grammar(same_start).first_words(("text",))
    begins_or_follows = {("text",): [(1.0, ("x",), "m")], ("x",): [(0.5,), (0.5, "m")]}
    with pytest.raises(ValueError, match="'m'"):
        grammar(begins_or_follows).first_words(("text",))


def test_writing_follows_the_probabilities_and_the_seed():
    def write(seed: int) -> list[str]:
        return list(islice(grammar(TOY).write(random.Random(seed)), 40_000))

    words = write(0)
    assert words == write(0) != write(1)
    parser = Parser(grammar(TOY))
    loss = -sum(parser.read(word) for word in words) / len(words)
    assert loss == pytest.approx(grammar(TOY).entropy_rate(), abs=0.01)
