import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from common.text.bpe import BPE, END, join, learn

SLIDE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def test_the_lecture_slides_example():
    assert learn(SLIDE, 5) == [("e", "s"), ("es", "t"), ("est", END), ("l", "o"), ("lo", "w")]
    pieces = BPE(learn(SLIDE, 5))
    assert pieces.encode(["lowest", "low"]) == ["low@@", "est", "low"]


def brute_force(counts, merges):
    """Counts every pair anew before each join."""
    words = [([*word, END], count) for word, count in counts.items()]
    learnt, met = [], {}
    while len(learnt) < merges:
        pairs = Counter()
        for pieces, count in words:
            for pair in zip(pieces, pieces[1:], strict=False):
                pairs[pair] += count
                met.setdefault(pair, len(met))
        best = max(pairs, key=lambda pair: (pairs[pair], len("".join(pair)), -met[pair]), default=None)
        if best is None or pairs[best] < 2:
            break
        learnt.append(best)
        words = [(join(pieces, best), count) for pieces, count in words]
    return learnt


def test_joins_are_those_of_counting_anew():
    draw = random.Random(1)
    for _ in range(20):
        words = {"".join(draw.choices("abc", k=draw.randint(1, 7))): draw.randint(1, 9) for _ in range(12)}
        found, expected = learn(words, 25), brute_force(words, 25)
        assert found == expected


@given(st.lists(st.text("abcdé", min_size=1), max_size=5), st.integers(0, 30))
def test_pieces_make_the_words_again(words, merges):
    pieces = BPE(learn(SLIDE | dict.fromkeys(words, 3), merges))
    assert BPE.decode(pieces.encode(words)) == words


def test_without_joins_words_are_letters():
    assert BPE(learn(SLIDE, 0)).encode(["low"]) == ["l@@", "o@@", "w"]


def test_a_piece_that_waits_for_another_one_is_a_word():
    assert BPE.decode(["lo@@", "w", "new@@"]) == ["low", "new"]
