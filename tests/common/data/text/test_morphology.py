"""The language whose characters carry meaning."""

import math

import numpy as np

from common.data.text import morphology
from common.data.text.probabilistic_grammar import Parser


def test_the_entropy_is_that_of_the_text():
    parser, nats, words = Parser(morphology.GRAMMAR), 0.0, 0
    for sentence in morphology.generate(3, 20_000, 100, 100).train:
        for word in [*sentence.split(), morphology.END]:
            nats, words = nats - parser.read(word), words + 1
    assert math.isclose(nats / words, morphology.GRAMMAR.entropy_rate(), rel_tol=0.02)


def test_endings_agree():
    """A subject, the adjectives behind it and the verb end in the same gender and number."""
    sentence = "multi desivas tuvlas kivonras lu desivam"
    subject, adjective, verb = sentence.split()[1:4]
    assert sentence in " ".join(morphology.generate(1, 200, 10, 10).train)
    assert (subject[-2:], adjective[-3:], verb[-3:]) == ("as", "las", "ras")


def test_families_are_decided_by_both_names():
    family = morphology.family_name
    first, middle = (morphology.stems()["name", kind] for kind in ("first", "middle"))
    assert family(first[0], middle[0]) == family(first[0], middle[0])
    assert len({family(name, middle[0]) for name in first}) > 5 < len({family(first[0], name) for name in middle})


def test_words_are_built_and_stems_are_arbitrary():
    stems = [stem for group in morphology.stems().values() for stem in group]
    assert len(stems) == len(set(stems))
    assert morphology.stems() == morphology.stems.__wrapped__()  # the same on every call
    assert len(morphology.nouns(0, "i")) == 6 * len(morphology.stems()["noun", 0, "i"])


def test_the_same_corpus_every_time_and_rare_words_are_unknown():
    one, two = morphology.load(min_count=3), morphology.load(min_count=3)
    assert one.fingerprint == two.fingerprint and np.array_equal(one.train, two.train)
    counts = np.bincount(one.train, minlength=len(one.vocabulary))
    assert counts.tolist() == list(one.vocabulary.counts)
    assert min(count for word, count in zip(one.vocabulary.words, counts, strict=True)) >= 3
    assert morphology.load(min_count=2).fingerprint != one.fingerprint
    assert 0.01 < (one.train == one.vocabulary.unk).mean() < 0.1
