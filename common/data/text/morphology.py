"""Text in a made-up language whose words are built from parts, so that characters carry meaning.

What a word can be followed by is written on it: nouns end in their gender, number and case, the adjectives behind a
noun and the verb of a subject repeat them, and every noun and verb can be derived from another with prefixes and
suffixes. Thousands of words are rare, yet each is made of familiar parts. What a word is *about* is not written on
it: stems are arbitrary, and only who remembers each of them knows that it belongs to the sea or to the court. And
some things counts remember best, as in natural text: people have a first name and a family name, and most people are
rare.

Like :mod:`common.data.text.grammar`, this is a probabilistic grammar, so the text's entropy is known exactly.
"""

import hashlib
import random
from collections.abc import Iterator
from functools import cache
from itertools import chain, product

from common import paths
from common.data.text.arrow_store import SPLITS, Prepared, open_or_prepare
from common.data.text.corpora import Corpus
from common.data.text.grammar import END, Text, write, zipf
from common.data.text.probabilistic_grammar import ProbabilisticGrammar, Rule
from common.text.vocabulary import EOS, Vocabulary

TOPICS = range(3)
GENDERS = {"i": "a", "ii": "o"}  # and the vowel that marks it
NUMBERS = {"singular": "", "plural": "s"}
TENSES = {"present": "", "past": "t"}
NOUN_PREFIXES = ("", "mal", "ve")
NOUN_SUFFIXES = ("", "ik")
VERB_PREFIXES = ("", "re", "dis")
DETERMINERS = {"singular": ("un", "lu", "ci"), "plural": ("multi", "dui", "tri")}
PREPOSITIONS = ("en", "sub", "trans", "kun", "apud")
TIMES = ("hieru", "olim", "antu")
KEEP_TOPIC = 0.9


@cache
def stems() -> dict[tuple, tuple[str, ...]]:
    """Arbitrary stems, all different: of nouns by topic and gender, of verbs by topic, of adjectives, of names."""
    draw, seen = random.Random(1997), set()

    def new(count: int) -> tuple[str, ...]:
        found = []
        while len(found) < count:
            syllables = [draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(draw.choice((1, 2, 2)))]
            stem = "".join(syllables) + draw.choice("bdgknpvz")
            if stem not in seen:
                seen.add(stem)
                found.append(stem)
        return tuple(found)

    nouns = {("noun", topic, gender): new(8) for topic, gender in product(TOPICS, GENDERS)}
    others = {kind: new(20) for kind in ("first", "middle", "family")}
    return (
        nouns
        | {("verb", topic): new(8) for topic in TOPICS}
        | {("adjective",): new(24)}
        | {("name", kind): tuple(map(str.capitalize, parts)) for kind, parts in others.items()}
    )


def ending(gender: str, number: str, case: str) -> str:
    """What nouns and adjectives share: ``a`` (gender), ``am`` (object), ``as`` (plural), ``ams`` (plural object)."""
    return GENDERS[gender] + ("m" if case == "object" else "") + NUMBERS[number]


def nouns(topic: int, gender: str) -> list[str]:
    """Plain stems first, then the derived ones, of which there are five times as many."""
    plain = stems()["noun", topic, gender]
    return [prefix + stem + suffix for prefix, suffix in product(NOUN_PREFIXES, NOUN_SUFFIXES) for stem in plain]


def verbs(topic: int) -> list[str]:
    return [prefix + stem for prefix in VERB_PREFIXES for stem in stems()["verb", topic]]


def adjectives(topic: int) -> tuple[str, ...]:
    """The same adjectives for every topic, but each topic has favourites."""
    found = stems()["adjective",]
    return found[8 * topic :] + found[: 8 * topic]


def middle_names(first: str) -> list[str]:
    """The same for everybody, but what is frequent depends on the first name."""
    start, found = 7 * stems()["name", "first"].index(first), list(stems()["name", "middle"])
    return found[start % 20 :] + found[: start % 20]


def family_name(first: str, middle: str) -> str:
    """Decided by both names, in no way that anyone could guess."""
    return random.Random(first + middle).choice(stems()["name", "family"])


def productions(symbol: tuple) -> Iterator[Rule]:
    """The grammar: every rule that rewrites ``symbol``, (probability, symbol, ...)."""
    match symbol:
        case ("text",):
            yield 1.0, ("sentence", None)
        case "sentence", topic:
            yield 0.4, ("time",), ("subject", topic, "past")
            yield 0.6, ("subject", topic, "present")
        case "subject", topic, tense:
            for number in NUMBERS:
                yield 0.5, ("determiner", number), ("head", topic, number, tense)
        case "head", before, number, tense:
            for topic, gender in product(TOPICS, GENDERS):
                new = 1 / len(TOPICS) if before is None else (1 - KEEP_TOPIC) / (len(TOPICS) - 1)
                p = KEEP_TOPIC if topic == before else new
                yield (
                    p / len(GENDERS),
                    ("noun", topic, gender, number, "subject"),
                    ("modifier", topic, gender, number, "subject"),
                    ("verb", topic, gender, number, tense),
                    ("object", topic),
                    END,
                    ("sentence", topic),
                )
        case "modifier", topic, gender, number, case:
            yield (0.35,)
            yield 0.45, ("adjective", topic, gender, number, case), ("modifier", topic, gender, number, case)
            yield 0.2, ("preposition",), ("phrase", topic)
        case "object", topic:
            yield (0.15,)
            yield 0.85, ("phrase", topic)
        case "phrase", topic:
            yield 0.2, ("name",)
            for number in NUMBERS:
                yield 0.4, ("determiner", number), ("object noun", topic, number)
        case "object noun", topic, number:
            for gender in GENDERS:
                yield (
                    1 / len(GENDERS),
                    ("noun", topic, gender, number, "object"),
                    ("modifier", topic, gender, number, "object"),
                )

        # Words.
        case ("name",):
            for p, first in zipf(list(stems()["name", "first"])):
                yield p, first, ("middle name", first)
        case "middle name", first:
            for p, middle in zipf(middle_names(first)):
                yield p, middle, family_name(first, middle)
        case "noun", topic, gender, number, case:
            yield from ((p, stem + ending(gender, number, case)) for p, stem in zipf(nouns(topic, gender), 1))
        case "adjective", topic, gender, number, case:
            yield from ((p, stem + "l" + ending(gender, number, case)) for p, stem in zipf(list(adjectives(topic))))
        case "verb", topic, gender, number, tense:
            end = "r" + GENDERS[gender] + NUMBERS[number] + TENSES[tense]
            yield from ((p, stem + end) for p, stem in zipf(verbs(topic)))
        case "determiner", number:
            yield from zipf(list(DETERMINERS[number]))
        case ("preposition",):
            yield from zipf(list(PREPOSITIONS))
        case ("time",):
            yield from zipf(list(TIMES))


GRAMMAR = ProbabilisticGrammar(productions, start=("text",), period="sentence")


def generate(seed: int = 1, train_tokens: int = 32_000, valid_tokens: int = 4_000, test_tokens: int = 12_000) -> Text:
    """Three independent texts of so many tokens (``</s>`` counted), each up to the end of its last sentence."""
    return write(GRAMMAR, seed, train_tokens, valid_tokens, test_tokens)


def load(min_count: int = 1, seed: int = 1) -> Corpus:
    """The text as token ids; words that occur fewer than ``min_count`` times in training are ``<unk>``."""
    made = vars(generate(seed))
    sentences = {split: [line.split() for line in made[split]] for split in SPLITS}
    fingerprint = hashlib.sha256(repr((sentences, min_count)).encode()).hexdigest()

    def prepare() -> Prepared:
        vocabulary = Vocabulary.build(sentences["train"], min_count=min_count)
        arrays = {
            split: vocabulary.encode(chain.from_iterable([*tokens, EOS] for tokens in sentences[split]))
            for split in SPLITS
        }
        return Prepared(vocabulary, arrays, {"entropy_rate": made["entropy_rate"]})

    prepared = open_or_prepare(paths.BUILD / "corpora" / "morphology" / fingerprint, prepare)
    return Corpus("morphology", prepared.vocabulary, **prepared.arrays, fingerprint=fingerprint, info=prepared.info)
