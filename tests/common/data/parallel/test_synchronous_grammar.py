import random
from itertools import islice

import pytest

from common.data.parallel import synchronous_lexicon as lexicon
from common.data.parallel.synchronous_grammar import (
    LONGEST,
    SHORTEST,
    VOWELS,
    NounPhrase,
    SynchronousGrammar,
    generate,
    linearise,
)
from common.errors import UserError

NOUNS = {
    form: (noun.gender, plural)
    for nouns in lexicon.NOUNS.values()
    for noun in nouns
    for plural, form in enumerate(noun.french)
    if noun.french[0] != noun.french[1]
}
DETERMINERS = {
    form: {
        (gender, plural)
        for (_, forms) in lexicon.DETERMINERS
        for gender, plural, f in [("m", 0, forms[0]), ("f", 0, forms[1]), ("m", 1, forms[2]), ("f", 1, forms[2])]
        if f == form
    }
    for _, forms in lexicon.DETERMINERS
    for form in forms
}
ADJECTIVES = {a.english: a for a in lexicon.ADJECTIVES}
ENGLISH_NOUNS = {
    noun.english[plural]: (noun, plural) for nouns in lexicon.NOUNS.values() for noun in nouns for plural in (0, 1)
}
VERBS = {form: verb for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}


@pytest.fixture(scope="module")
def pairs():
    return generate(1, train=3000, valid=200, test=200)


def linked(pair):
    """(English word, its French words) in English order."""
    english, french = pair.english.split(), pair.french.split()
    return [(word, [french[j] for i2, j in pair.alignment if i2 == i], i) for i, word in enumerate(english)]


def test_lengths(pairs):
    lengths = [len(side.split()) for pair in pairs.train for side in pair[:2]]
    assert min(lengths) == SHORTEST and max(lengths) == LONGEST
    assert sum(length > 20 for length in lengths) > 0.05 * len(lengths)


def test_determinism(pairs):
    assert generate.__wrapped__(1, 3000, 200, 200) == pairs
    assert generate.__wrapped__(2, 3000, 200, 200).test != pairs.test


def test_splits_share_no_source_sentence(pairs):
    sources = [[pair.english for pair in split] for split in vars(pairs).values()]
    assert len(set().union(*sources)) == sum(map(len, sources))


def test_a_determiner_agrees_with_its_noun(pairs):
    checked = 0
    for pair in pairs.train:
        words = pair.french.split()
        for before, word in zip(words, words[1:], strict=False):
            if before in DETERMINERS and word in NOUNS and not (before in ("mon", "ton") and word[0] in VOWELS):
                assert NOUNS[word] in DETERMINERS[before], pair.french
                checked += 1
    assert checked > 1000


def test_an_adjective_agrees_with_its_noun_and_stands_on_its_side(pairs):
    behind = before = 0
    for pair in pairs.train:
        words, french = linked(pair), pair.french.split()
        for (word, _, i), (head, _, _) in zip(words, words[1:], strict=False):
            if word not in ADJECTIVES or head not in ENGLISH_NOUNS or word in ENGLISH_NOUNS:
                continue
            adjective, (noun, plural) = ADJECTIVES[word], ENGLISH_NOUNS[head]
            (j,), (k,) = ([j for i2, j in pair.alignment if i2 == n] for n in (i, i + 1))
            form = adjective.french[noun.gender][plural]
            assert french[j] in (form, lexicon.ELISIONS.get(form)), pair.french
            assert (j < k) == adjective.before, pair.french
            behind, before = behind + (j > k), before + (j < k)
    assert behind > 100 and before > 100


def test_negation_surrounds_the_finite_verb(pairs):
    count = 0
    for pair in pairs.train:
        assert pair.english.split().count("not") == pair.french.split().count("pas")
        for word, french, _ in linked(pair):
            if word == "not":
                assert french in (["ne", "pas"], ["n'", "pas"])
                count += 1
    assert count > 100


def test_a_verb_has_the_number_of_its_counterpart(pairs):
    count = 0
    for pair in pairs.train:
        for word, french, _ in linked(pair):
            verb = VERBS.get(word)
            if verb and len(french) == 1 and french[0] in (verb.stem + "e", verb.stem + "ent"):
                if word == verb.english[1] != verb.english[0]:
                    assert french == [verb.stem + "e"], pair
                    count += 1
    assert count > 100


def test_a_participle_agrees_in_the_passive_and_after_its_object():
    grammar = SynchronousGrammar(random.Random(3))
    grammar.richness = 1.0
    women = next(n for n in lexicon.NOUNS["person"] if n.english[1] == "women")
    subject = NounPhrase(grammar.words(women.english[1], women.french[1]), "f", True)
    verb = lexicon.VERBS["transitive"][0]
    assert linearise(grammar.passive(subject, verb, "past", True))[:2] == (
        "were not watched",
        "n' ont pas été regardées",
    )
    assert linearise(grammar.verb(subject, verb, "past", True, before=subject))[:2] == (
        "did not watch",
        "n' ont pas regardées",
    )
    assert linearise(grammar.verb(subject, verb, "future", False))[:2] == ("will watch", "regarderont")


def test_elision(pairs):
    for pair in pairs.train:
        words = pair.french.split()
        for word, following in zip(words, words[1:], strict=False):
            if word in lexicon.ELISIONS:
                assert following[0] not in VOWELS, pair.french
            if word.endswith("'") and word != "aujourd'hui":
                assert following[0] in VOWELS, pair.french
        assert " a a" not in f" {pair.english}" and " a e" not in f" {pair.english}"


def test_every_word_has_a_counterpart(pairs):
    for pair in islice(pairs.train, 500):
        assert {i for i, _ in pair.alignment} == set(range(len(pair.english.split())))
        assert {j for _, j in pair.alignment} == set(range(len(pair.french.split())))


def test_order_differs_between_the_languages(pairs):
    """Some links cross, or a translator would only have to go from left to right."""
    crossing = sum(
        any(i < i2 and j > j2 for i, j in pair.alignment for i2, j2 in pair.alignment) for pair in pairs.test
    )
    assert crossing > 0.3 * len(pairs.test)


def test_no_pairs():
    with pytest.raises(UserError, match="every split needs at least one"):
        generate(1, train=0)
