import numpy as np
import pytest

from common.data.synthetic import bits, letters, templates
from common.data.synthetic.adding import marked_numbers


@pytest.fixture
def draw():
    return np.random.default_rng(1)


def test_the_third_bit_is_the_exclusive_or_of_the_others(draw):
    assert set(bits.temporal_xor(100, draw)) == {"000", "011", "101", "110"}


def test_letters_and_words_are_those_of_the_article(draw):
    assert set(letters.syllables(100, draw)) == {"ba", "dii", "guuu"}
    assert set(letters.words(200, draw)) == set(letters.LEXICON) and len(letters.LEXICON) == 15
    assert 800 <= len(letters.words(200, draw)) <= 1800


def test_sentences_follow_templates(draw):
    found = templates.sentences(10_000, draw)
    assert len(templates.WORDS) == 29 and abs(sum(map(len, found)) - 27_534) < 150  # the article's number of words
    classes = [{name for name, members in templates.MEMBERS.items() if word in members} for word in found[0]]
    assert any(
        all(name in here for name, here in zip(template.split(), classes, strict=True))
        for template in templates.TEMPLATES
        if len(template.split()) == len(classes)
    )


def test_expectations_are_shares_of_what_follows_the_words_so_far():
    corpus = [("man", "eat", "bread"), ("man", "eat", "cookie"), ("cat", "sleep")]
    found = [{templates.WORDS[k]: row[k] for k in np.flatnonzero(row)} for row in templates.expectations(corpus)]
    assert found[0] == found[3] == {"eat": 1.0} and found[1] == found[4] == {"bread": 0.5, "cookie": 0.5}
    assert found[7] == {"man": 1.0}  # the first word comes after the last


def test_two_numbers_are_marked_within_their_bounds(draw):
    sequences, marked = marked_numbers(draw, 9, 200, (0, 3), (4, 9))
    assert sequences.shape == (9, 200, 2) and 0 <= sequences.min() and sequences.max() <= 1
    for column, pair in zip(sequences.transpose(1, 0, 2), marked.T, strict=True):
        first, second = np.flatnonzero(column[:, 0])
        assert 0 <= first < 3 and 4 <= second < 9 and column[[first, second], 1].tolist() == pair.tolist()
    assert sequences[:, :, 0].any(1).tolist() == [True] * 3 + [False] + [True] * 5  # every place comes
