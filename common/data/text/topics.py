"""A text of which a topic lasts over sentences and seldom shows: what a slow memory is for.

A sentence has one place where the topic chooses the word, its last; all others are drawn alike in every topic. So the
topic can be known only from the ends of the sentences before.
"""

from collections.abc import Iterator

from common.data.text.grammar import END, Text, write, zipf
from common.data.text.probabilistic_grammar import ProbabilisticGrammar, Rule

KEEP_TOPIC = 0.95  # probability that a sentence stays with the topic of the one before it
TOPICS = (
    "anchor harbour sail wave",
    "throne crown knight banner",
    "verdict witness juror statute",
    "violin tune choir ballad",
    "barn orchard plough lamb",
    "atom lens comet crystal",
    "oven flour pepper butter",
    "tunnel ticket engine signal",
)
NAMES = "mary john sandra daniel julie fred".split()
VERBS = "saw found took wanted described remembered".split()
ADJECTIVES = "old small plain strange fine heavy".split()


def productions(symbol: tuple) -> Iterator[Rule]:
    """Every rule that rewrites ``symbol``, (probability, symbol, ...); a topic is its place in ``TOPICS``."""
    match symbol:
        case ("text",):
            yield 1.0, ("sentence", 0)
        case "sentence", topic:
            yield 0.5, "then", ("rest", topic)
            yield 0.5, ("rest", topic)
        case "rest", topic:
            yield 1.0, ("name",), "and", ("name",), ("verb",), "the", ("adjectives",), ("thing", topic)
        case "thing", topic:
            for other in range(len(TOPICS)):
                kept = KEEP_TOPIC if other == topic else (1 - KEEP_TOPIC) / (len(TOPICS) - 1)
                yield from ((kept * p, word, END, ("sentence", other)) for p, word in zipf(TOPICS[other].split()))
        case ("adjectives",):
            yield (0.5,)
            yield 0.5, ("adjective",)
        case (kind,):
            yield from zipf({"name": NAMES, "verb": VERBS, "adjective": ADJECTIVES}[kind])


GRAMMAR = ProbabilisticGrammar(productions, start=("text",), period="sentence")


def generate(seed: int = 1, train_tokens: int = 24_000, valid_tokens: int = 6_000, test_tokens: int = 12_000) -> Text:
    """The text of this grammar; the same seed gives the same text on every machine."""
    return write(GRAMMAR, seed, train_tokens, valid_tokens, test_tokens)
