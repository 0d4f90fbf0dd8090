"""The suite's own parallel text: English-French pairs that one synchronous grammar writes word for word together.

Every rule extends both sentences at once, so the counterpart of each word is known: the gold alignment. What a
translator must learn is what English and French really differ in:

- *agreement*: determiners, adjectives and passive participles take the noun's gender and number, verbs their subject's
  number, across relative clauses;
- *order*: most adjectives stand behind the French noun, short adverbs behind the French verb;
- *one word for several*: "does not watch" is "ne regarde pas", "watched" is "a regardé"; "l'", "n'" and "qu'" depend
  on the word that follows;
- *length*: relative and coordinated clauses make sentences of 3 to 40 words.

Words are drawn by Zipf's law within their class, so that some are rare. Everything is determined by the seed.
"""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeVar

from common.data.parallel import synchronous_lexicon as lexicon
from common.errors import UserError

SHORTEST, LONGEST = 3, 40  # words of a sentence, either language, the full stop included
VOWELS = "aeiouhâàéèêîôœ"
TENSES = ("present", "past", "future")
Item = TypeVar("Item")


class Token(NamedTuple):
    word: str
    key: int  # words of the two languages with the same key are counterparts


class Phrase(NamedTuple):
    english: list[Token]
    french: list[Token]

    def __add__(self, other: "Phrase") -> "Phrase":
        """The same order in both languages."""
        return Phrase(self.english + other.english, self.french + other.french)


class NounPhrase(NamedTuple):
    phrase: Phrase
    gender: str  # m or f
    plural: bool


class Pair(NamedTuple):
    """A sentence in both languages, tokens between blanks; ``alignment`` holds (English word, French word) indices."""

    english: str
    french: str
    alignment: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Pairs:
    """Three splits, disjoint by English sentence."""

    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]


class SynchronousGrammar:
    """Draws pairs, one after another, from a random generator."""

    def __init__(self, draw: random.Random):
        self.draw = draw
        self.keys = itertools.count()

    def pair(self) -> Pair:
        """One pair of 3 to 40 words on either side."""
        while True:
            self.richness = self.draw.random() ** 1.5  # of this sentence: how often anything optional is there
            pair = linearise(self.sentence())
            if all(SHORTEST <= len(side.split()) <= LONGEST for side in pair[:2]):
                return pair

    # --- drawing

    def zipf(self, items: Sequence[Item]) -> Item:
        """The item of rank r with probability proportional to 1 / (r + 1)."""
        return items[self.draw.choices(range(len(items)), cum_weights=zipf_weights(len(items)))[0]]

    def maybe(self, probability: float) -> bool:
        return self.draw.random() < probability * self.richness

    def words(self, english: str, french: str) -> Phrase:
        """Words of the two languages (none, one or several) that are each other's counterparts."""
        key = next(self.keys)
        return Phrase([Token(w, key) for w in english.split()], [Token(w, key) for w in french.split()])

    def entry(self, table: dict[str, str]) -> Phrase:
        """One entry of a French-English table."""
        french, english = self.zipf(list(table.items()))
        return self.words(english, french)

    # --- rules

    def sentence(self) -> Phrase:
        phrase = self.clause()
        while self.maybe(0.45):
            phrase += self.entry(lexicon.CONJUNCTIONS) + self.clause()
        return phrase + self.words(".", ".")

    def clause(self) -> Phrase:
        tense = self.draw.choice(TENSES)
        subject = self.subject()
        phrase = subject.phrase + self.verb_phrase(subject, tense, 0)
        if self.maybe(0.25):
            time = self.entry(lexicon.TIMES[tense])
            phrase = time + phrase if self.draw.random() < 0.5 else phrase + time
        return phrase

    def subject(self) -> NounPhrase:
        kind = self.draw.random()
        if kind < 0.15:
            french, english, gender = self.draw.choice([("il", "he", "m"), ("elle", "she", "f")])
            return NounPhrase(self.words(english, french), gender, False)
        return self.name() if kind < 0.25 else self.noun_phrase(0, person=True)

    def name(self) -> NounPhrase:
        french, english = self.zipf(list(lexicon.NAMES.items()))
        return NounPhrase(self.words(english, french), "f" if french in lexicon.FEMALE else "m", False)

    def noun_phrase(self, depth: int, person: bool) -> NounPhrase:
        noun = self.zipf(lexicon.NOUNS["person" if person else "thing"])
        plural = self.draw.random() < 0.35
        head = self.words(noun.english[plural], noun.french[plural])
        english, french = head
        if self.maybe(0.6):
            adjective = self.zipf(lexicon.ADJECTIVES)
            word = self.words(adjective.english, adjective.french[noun.gender][plural])
            english = word.english + english
            french = word.french + french if adjective.before else french + word.french
        forms_english, forms_french = self.zipf(lexicon.DETERMINERS)
        phrase = self.words(forms_english[plural], forms_french[2 if plural else "mf".index(noun.gender)])
        phrase += Phrase(english, french)
        if depth < 2 and self.maybe(0.15):
            phrase += self.entry(lexicon.PREPOSITIONS) + self.noun_phrase(2, person=False).phrase
        result = NounPhrase(phrase, noun.gender, plural)
        if depth < 2 and self.maybe(0.35):
            result = result._replace(phrase=phrase + self.relative_clause(result, person, depth + 1))
        return result

    def relative_clause(self, head: NounPhrase, person: bool, depth: int) -> Phrase:
        """What is said of ``head``: it does something ("who", "qui"), or something is done to it ("whom", "que")."""
        tense = self.draw.choice(TENSES)
        if person and self.draw.random() < 0.5:
            return self.words("who", "qui") + self.verb_phrase(head, tense, depth)
        subject = self.noun_phrase(depth + 1, person=True)
        verb = self.zipf(lexicon.VERBS["transitive"])
        said = self.verb(subject, verb, tense, self.maybe(0.2), before=head)
        return self.words("whom" if person else "which", "que") + subject.phrase + said

    def verb_phrase(self, subject: NounPhrase, tense: str, depth: int) -> Phrase:
        """A verb with its object (or, in the passive, its agent), adverb and place."""
        negated = self.maybe(0.35)
        if self.draw.random() < 0.3:
            verb = self.verb(subject, self.zipf(lexicon.VERBS["intransitive"]), tense, negated)
            phrase = self.with_adverb(verb, Phrase([], []))
        else:
            transitive = self.zipf(lexicon.VERBS["transitive"])
            if self.maybe(0.3):
                verb = self.passive(subject, transitive, tense, negated) + self.words("by", "par")
                person = True
            else:
                verb, person = self.verb(subject, transitive, tense, negated), self.draw.random() < 0.4
            phrase = self.with_adverb(verb, self.noun_phrase(depth, person).phrase)
        if self.maybe(0.25):
            phrase += self.entry(lexicon.PREPOSITIONS) + self.noun_phrase(2, person=False).phrase
        return phrase

    def with_adverb(self, verb: Phrase, complement: Phrase) -> Phrase:
        """The adverb stands behind the object in English, behind the verb in French."""
        passive = bool(verb.french) and verb.french[-1].word == "par"
        if passive or not self.maybe(0.3):
            return verb + complement
        adverb = self.entry(lexicon.ADVERBS)
        return Phrase(
            verb.english + complement.english + adverb.english, verb.french + adverb.french + complement.french
        )

    def verb(
        self, subject: NounPhrase, verb: lexicon.Verb, tense: str, negated: bool, before: NounPhrase | None = None
    ) -> Phrase:
        """An active verb; a participle agrees with an object that stands ``before`` it ("que ... a regardée")."""
        plural = subject.plural
        infinitive, third, past, _ = verb.english
        if tense == "past":
            participle = verb.stem + "é" + (ending(before.gender, before.plural) if before else "")
            english, french = (["did", infinitive] if negated else [past]), [("ont" if plural else "a"), participle]
        elif tense == "future":
            english, french = ["will", infinitive], [verb.french + ("ont" if plural else "a")]
        else:
            auxiliary = ["do" if plural else "does"] if negated else []
            english = [*auxiliary, infinitive] if negated or plural else [third]
            french = [verb.stem + ("ent" if plural else "e")]
        words = self.words(" ".join(english), " ".join(french))
        return self.negate(words) if negated else words

    def passive(self, subject: NounPhrase, verb: lexicon.Verb, tense: str, negated: bool) -> Phrase:
        """A passive verb; its participle agrees with the subject."""
        english, french = {
            "present": (("is", "are"), ("est", "sont")),
            "past": (("was", "were"), ("a été", "ont été")),
            "future": (("will be", "will be"), ("sera", "seront")),
        }[tense]
        words = self.words(english[subject.plural], french[subject.plural])
        words = self.negate(words) if negated else words
        return words + self.words(verb.english[3], verb.stem + "é" + ending(subject.gender, subject.plural))

    def negate(self, verb: Phrase) -> Phrase:
        """ "not" behind the auxiliary; "ne" before the finite verb and "pas" behind it."""
        (not_,), (ne, pas) = self.words("not", "ne pas")
        return Phrase([verb.english[0], not_, *verb.english[1:]], [ne, verb.french[0], pas, *verb.french[1:]])


@cache
def zipf_weights(items: int) -> list[float]:
    """Cumulative, for ranks 0..items-1."""
    return list(itertools.accumulate(1 / (rank + 1) for rank in range(items)))


def ending(gender: str, plural: bool) -> str:
    """Of a participle that agrees."""
    return ("e" if gender == "f" else "") + ("s" if plural else "")


def linearise(phrase: Phrase) -> Pair:
    """Words of both sides, elided before a vowel, and who is whose counterpart."""
    english = [token.word for token in phrase.english]
    french = [token.word for token in phrase.french]
    for i in range(len(english) - 1):
        if english[i] == "a" and english[i + 1][0] in "aeiou":
            english[i] = "an"
    for i in range(len(french) - 1):
        if french[i + 1][0] in VOWELS:
            french[i] = lexicon.ELISIONS.get(french[i], french[i])
    places: dict[int, list[int]] = {}
    for j, token in enumerate(phrase.french):
        places.setdefault(token.key, []).append(j)
    links = [(i, j) for i, token in enumerate(phrase.english) for j in places.get(token.key, ())]
    return Pair(" ".join(english), " ".join(french), tuple(links))


@cache
def generate(seed: int = 1, train: int = 20_000, valid: int = 500, test: int = 1000) -> Pairs:
    """Pairs of three splits; no English sentence occurs twice. Raises UserError for a split that is empty."""
    if min(train, valid, test) < 1:
        raise UserError(f"grammar-en-fr: {train}, {valid} and {test} pairs; every split needs at least one")
    grammar = SynchronousGrammar(random.Random(seed))
    found: dict[str, Pair] = {}
    while len(found) < train + valid + test:
        pair = grammar.pair()
        found.setdefault(pair.english, pair)
    pairs = list(found.values())
    return Pairs(pairs[valid + test :], pairs[:valid], pairs[valid : valid + test])
