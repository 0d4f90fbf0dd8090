"""The suite's own text: English-like sentences from a probabilistic grammar whose entropy is known exactly.

Nothing is downloaded, and since the grammar is ours the true probability of every word is known, so that a
language model can be measured against the best that any model could do, not only against other models.

What a word depends on is often far away, where a 5-gram cannot see it:

- the *topic* (the sea, the court, ...) of a sentence's first noun chooses its other nouns and its verbs,
  makes some adjectives, adverbs and places likelier than others, and mostly lasts for several sentences;
- a verb agrees with its subject in *number* across prepositional phrases and relative clauses, whose own
  nouns have other numbers; so do the reflexive, the possessive, and the pronoun that opens the next sentence;
- a word of time at the start of the sentence fixes the *tense* of all its verbs.

And some of it is what counts remember best, as in natural text: every place has a name of its own ("the tower
of the roses"), and most places are rare.

What cannot be seen yet has not been chosen yet either (a noun behind "the" decides its number itself), so
that the next word always says which rule was used.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from common.data.text.probabilistic_grammar import Parser, ProbabilisticGrammar, Rule
from common.errors import UserError

END = "</s>"

# The lexicon. Frequent words are plain, rare ones derived from them: ship, captain, ..., moonship, ...


def derive(prefixes: Iterable[str], stems: list[str]) -> list[str]:
    """The stems, and after them every prefix before every stem."""
    return stems + [prefix + stem for prefix in prefixes for stem in stems]


PREFIXES = "moon iron stone silver wind north half arch sun south long gold star black dawn mist".split()
TOPICS = {  # nouns / verbs, all with regular inflection
    "sea": "ship captain sailor harbour island wave pirate lighthouse gull fisher mast reef / "
    "steer board row salvage hoist plunder drift navigate",
    "court": "king queen castle knight throne prince jester palace herald duke banner courtier / "
    "rule obey banish honour summon betray praise flatter",
    "law": "judge lawyer clerk witness trial verdict prisoner juror sheriff warrant statute debtor / "
    "accuse arrest pardon question suspect detain absolve convict",
    "music": "singer violin drummer tune flute choir organ ballad trumpet opera pianist cello / "
    "play perform compose rehearse conduct record applaud improvise",
    "farm": "farmer horse barn orchard meadow shepherd lamb tractor hen stable miller pumpkin / "
    "plant water harvest graze milk plough gather tend",
    "science": "chemist telescope physicist experiment planet formula microscope atom crystal theorem comet "
    "lens / measure observe discover calculate analyse predict invent explain",
}
NOUNS = {topic: derive(PREFIXES[:1], words.partition("/")[0].split()) for topic, words in TOPICS.items()}
VERBS = {topic: words.partition("/")[2].split() for topic, words in TOPICS.items()}
COMMON_NOUNS = derive(PREFIXES[:3], "friend stranger visitor neighbour teacher brother sister guest".split())
COMMON_VERBS = "watch follow greet visit remember need admire notice help want".split()
ROOTS = (
    "garden tower river bridge forest street window mountain corner gate field village road hall "
    "shadow winter storm morning cave wall hill room cellar roof well lane yard kitchen dungeon "
    "library"
).split()
PLACES = derive(PREFIXES, ROOTS)
MATTERS = derive(
    PREFIXES,
    (
        "glass sorrow dust gold ashes thorns silk mercy echoes salt roses smoke "
        "honey bones pearls ice clay copper feathers lead wool fire"
    ).split(),
)
QUALITIES = (
    "old quiet great bold strange slow bright loud proud calm dark sweet cruel brave clever grand "
    "kind rough fresh solemn plain neat sharp stern warm mild quick rare deep rude soft swift vague weak "
    "odd tender secret honest patient modest"
).split()
MANNERS = [quality + "ly" for quality in derive(["un"], QUALITIES)]
ADJECTIVES = QUALITIES + [root + end for end in ("like", "less", "most", "ward", "wide") for root in ROOTS]
DETERMINERS = {
    "singular": "one every another this each any".split(),
    "plural": "some many two these three few several seven most".split(),
}
PREPOSITIONS = "in near from with behind under beyond beside above across inside against".split()
TIMES = {
    "past": "yesterday once formerly recently earlier".split(),
    "present": "today now always often nowadays".split(),
}


def noun_form(stem: str, number: str) -> str:
    return stem if number == "singular" else _with_s(stem)


def verb_form(stem: str, number: str, tense: str) -> str:
    if tense == "past":
        return stem + ("d" if stem.endswith("e") else "ed")
    return _with_s(stem) if number == "singular" else stem


def _with_s(stem: str) -> str:
    return stem + ("es" if stem.endswith(("s", "sh", "ch", "x")) else "s")


def zipf(words: list[str], offset: float = 0.0) -> Iterator[tuple[float, str]]:
    """(probability, word) in proportion to 1 / (rank + offset): Zipf's law in Mandelbrot's form."""
    weights = [1.0 / (rank + offset) for rank in range(1, len(words) + 1)]
    total = math.fsum(weights)
    return zip((weight / total for weight in weights), words, strict=True)


def leaning(words: list[str], topic: str | None) -> list[str]:
    """The same words ranked otherwise for every topic: the favourites of those before it come last."""
    favourites = 6 * list(TOPICS).index(topic) if topic else 0
    return words[favourites:] + words[:favourites]


# The grammar.

KEEP_TOPIC = 0.95  # probability that a sentence stays with the topic of the one before it
COMMON = 0.1  # share of the nouns and verbs that belong to no topic


def topics_after(topic: str | None) -> Iterator[tuple[float, str]]:
    """(probability, topic) of the next subject; None: the text begins."""
    for other in TOPICS:
        if topic is None:
            yield 1 / len(TOPICS), other
        else:
            yield (KEEP_TOPIC if other == topic else (1 - KEEP_TOPIC) / (len(TOPICS) - 1)), other


def verbs(topic: str) -> Iterator[tuple[float, str]]:
    yield from ((p * (1 - COMMON), stem) for p, stem in zipf(VERBS[topic]))
    yield from ((p * COMMON, stem) for p, stem in zipf(COMMON_VERBS))


def productions(symbol: tuple) -> Iterator[Rule]:
    """The grammar: every rule that rewrites ``symbol``, (probability, symbol, ...).

    Features: topic, number (singular or plural; "any" leaves it to the noun), tense (past or present).
    A sentence ends in the start symbol of the next one, which carries topic and number over.
    """
    match symbol:
        case ("text",):
            yield 1.0, ("sentence", None, None)
        case "sentence", topic, number:
            yield 0.4, ("time", "past"), ("subject", topic, number, "past")
            yield 0.2, ("time", "present"), ("subject", topic, number, "present")
            yield 0.4, ("subject", topic, number, "present")

        # The subject: its noun decides topic and number for all that follows.
        case "subject", topic, None, tense:
            yield 1.0, ("opening", topic, tense)
        case "subject", topic, number, tense:
            yield 0.75, ("opening", topic, tense)
            yield 0.25, "it" if number == "singular" else "they", ("rest", topic, number, tense)
        case "opening", topic, tense:
            yield 0.4, "the", ("adjectives", topic), ("head", topic, "any", tense)
            yield 0.3, ("determiner", "singular"), ("adjectives", topic), ("head", topic, "singular", tense)
            yield 0.3, ("determiner", "plural"), ("adjectives", topic), ("head", topic, "plural", tense)
        case "head", topic, "any", tense:
            yield 0.5, ("head", topic, "singular", tense)
            yield 0.5, ("head", topic, "plural", tense)
        case "head", old_topic, number, tense:
            for p, topic in topics_after(old_topic):
                yield (
                    p,
                    ("topical noun", topic, number),
                    ("modifier", topic, number, tense),
                    ("rest", topic, number, tense),
                )
        case "rest", topic, number, tense:
            yield 1.0, ("predicate", topic, number, tense), END, ("sentence", topic, number)

        # What stands between a subject and its verb.
        case "modifier", topic, number, tense:
            yield (0.30,)
            yield 0.45, ("preposition",), ("place", topic)
            yield 0.25, "that", ("relative clause", topic, number, tense)
        case "relative clause", topic, number, tense:
            yield 0.5, ("verb", topic, number, tense), ("object", topic, number)
            yield 0.25, ("determiner", "singular"), ("clause", topic, "singular", tense)
            yield 0.25, ("determiner", "plural"), ("clause", topic, "plural", tense)
        case "clause", topic, number, tense:
            yield 1.0, ("adjectives", topic), ("noun", topic, number), ("verb", topic, number, tense)
        case "place", topic:
            yield 0.4, "the", ("adjectives", topic), ("place noun", topic, "any")
            yield 0.3, ("determiner", "singular"), ("adjectives", topic), ("place noun", topic, "singular")
            yield 0.3, ("determiner", "plural"), ("adjectives", topic), ("place noun", topic, "plural")
        case "name", place:
            yield (0.4,)
            yield 0.6, "of", "the", MATTERS[PLACES.index(place) % len(MATTERS)]

        # The predicate: verbs, reflexives and possessives agree with the subject.
        case "predicate", topic, number, tense:
            yield 0.3, ("manner", topic), ("verb phrase", topic, number, tense)
            yield 0.7, ("verb phrase", topic, number, tense)
        case "verb phrase", topic, number, tense:
            yield (
                1.0,
                ("verb", topic, number, tense),
                ("complement", topic, number),
                ("conjunct", topic, number, tense),
            )
        case "complement", topic, number:
            yield (0.15,)
            yield 0.70, ("object", topic, number)
            yield 0.15, "itself" if number == "singular" else "themselves"
        case "object", topic, number:
            own = "its" if number == "singular" else "their"
            yield 0.20, "the", ("described", topic, "any")
            yield 0.30, own, ("described", topic, "any")
            yield 0.25, ("determiner", "singular"), ("described", topic, "singular")
            yield 0.25, ("determiner", "plural"), ("described", topic, "plural")
        case "described", topic, number:
            yield 1.0, ("adjectives", topic), ("noun", topic, number), ("where", topic)
        case "where", topic:
            yield (0.6,)
            yield 0.4, ("preposition",), ("place", topic)
        case "conjunct", topic, number, tense:
            yield (0.7,)
            yield 0.3, "and", ("predicate", topic, number, tense)

        # Words.
        case "noun" | "place noun" as name, topic, "any":
            yield 0.5, (name, topic, "singular")
            yield 0.5, (name, topic, "plural")
        case "noun", topic, number:
            yield 1 - COMMON, ("topical noun", topic, number)
            yield COMMON, ("common noun", number)
        case "topical noun", topic, number:
            yield from ((p, noun_form(stem, number)) for p, stem in zipf(NOUNS[topic]))
        case "common noun", number:
            yield from ((p, noun_form(stem, number)) for p, stem in zipf(COMMON_NOUNS))
        case "place noun", topic, number:
            for p, stem in zipf(leaning(PLACES, topic), 2):
                yield p, noun_form(stem, number), ("name", stem)
        case "verb", topic, number, tense:
            yield from ((p, verb_form(stem, number, tense)) for p, stem in verbs(topic))
        case "adjectives", topic:
            yield (0.6,)
            yield 0.4, ("adjective", topic), ("adjectives", topic)
        case "adjective", topic:
            yield from zipf(leaning(ADJECTIVES, topic))
        case "manner", topic:
            yield from zipf(leaning(MANNERS, topic))
        case "determiner", number:
            yield from zipf(DETERMINERS[number])
        case ("preposition",):
            yield from zipf(PREPOSITIONS)
        case "time", tense:
            yield from zipf(TIMES[tense])


GRAMMAR = ProbabilisticGrammar(productions, start=("text",), period="sentence")


@dataclass(frozen=True)
class Text:
    """One sentence per string, words divided by spaces, without </s>.

    ``entropy_rate`` is in nats per token, ends of sentences counted, given the whole text before.
    """

    train: list[str]
    valid: list[str]
    test: list[str]
    entropy_rate: float


def generate(seed: int = 1, train_tokens: int = 200_000, valid_tokens: int = 20_000, test_tokens: int = 20_000) -> Text:
    """The text of this grammar; the same seed gives the same text on every machine."""
    return write(GRAMMAR, seed, train_tokens, valid_tokens, test_tokens)


def write(grammar: ProbabilisticGrammar, seed: int, *tokens: int) -> Text:
    """Three independent texts of so many ``tokens`` (</s> counted), each up to the end of its last sentence."""
    rng = random.Random(seed)
    return Text(*[list(_sentences(grammar, rng, size)) for size in tokens], entropy_rate=entropy_rate(grammar))


def _sentences(grammar: ProbabilisticGrammar, rng: random.Random, tokens: int) -> Iterator[str]:
    sentence: list[str] = []
    for count, word in enumerate(grammar.write(rng), start=1):
        if word != END:
            sentence.append(word)
            continue
        yield " ".join(sentence)
        sentence = []
        if count >= tokens:
            return


@cache
def entropy_rate(grammar: ProbabilisticGrammar = GRAMMAR) -> float:
    """In nats per token (</s> counted), exactly."""
    return grammar.entropy_rate()


def log_probabilities(sentences: Iterable[str]) -> Iterator[list[float]]:
    """The oracle: the true log probability (nats) of each word, and then of the end, of each sentence.

    Every word is given the whole text before it, so pass a split as it is, from its first sentence on.
    Raises UserError for a sentence that the grammar cannot write.
    """
    parser = Parser(GRAMMAR)
    for number, sentence in enumerate(sentences, start=1):
        try:
            yield [parser.read(word) for word in [*sentence.split(), END]]
        except UserError as error:
            raise UserError(f"sentence {number} ({sentence!r}): {error}") from None
