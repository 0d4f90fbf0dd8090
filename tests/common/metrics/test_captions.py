"""Scores of captions against hand-worked examples, and against COCO's own code where it is installed."""

import math
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UserError
from common.metrics import captions as metrics

OURS = [s.split() for s in ("a dog runs in the grass", "two men stand", "a boy in a red shirt jumps high")]
THEIRS = [
    [s.split() for s in some]
    for some in (
        ("a brown dog runs through the grass", "a dog is running in the grass"),
        ("two men are standing",),
        ("the boy jumps in the air", "a boy in a shirt jumps", "a red boy"),
    )
]


def test_bleu_by_hand():
    """The lecture's example: precisions 9/11, 4/10, 2/9, 1/8, one word too few."""
    ours = "SpaceX launched a mission Wednesday evening into a space orbit .".split()
    theirs = "A SpaceX rocket was launched into a space orbit Wednesday evening .".split()
    found = metrics.bleu([ours], [[theirs]])
    brevity = math.exp(1 - 12 / 11)
    assert found["bleu1"] == pytest.approx(100 * brevity * 9 / 11)
    assert found["bleu4"] == pytest.approx(100 * brevity * (9 / 11 * 4 / 10 * 2 / 9 * 1 / 8) ** 0.25)


def test_bleu_takes_the_closest_of_several_references():
    short, long = ["a"], ["a", "b", "c", "d", "e"]
    assert metrics.bleu([["a", "b", "c", "d"]], [[short, long]])["bleu1"] == pytest.approx(100 * math.exp(1 - 5 / 4))
    assert metrics.bleu([["a"]], [[short, long]])["bleu1"] == pytest.approx(100)


def test_bleu_is_cocos():
    theirs = pytest.importorskip("pycocoevalcap.bleu.bleu")
    reference = {i: [" ".join(words) for words in some] for i, some in enumerate(THEIRS)}
    found = metrics.bleu(OURS, THEIRS)
    expected, _ = theirs.Bleu(4).compute_score(reference, {i: [" ".join(w)] for i, w in enumerate(OURS)}, verbose=0)
    np.testing.assert_allclose([found[f"bleu{n}"] for n in range(1, 5)], 100 * np.array(expected), rtol=1e-6)


def test_consensus_is_highest_for_the_references_themselves(monkeypatch):
    pytest.importorskip("pycocoevalcap")
    monkeypatch.setattr(shutil, "which", lambda name: None)  # METEOR's Java takes seconds
    same, ours = metrics.consensus([some[0] for some in THEIRS], THEIRS), metrics.consensus(OURS, THEIRS)
    assert same.keys() == {"cider", "rouge_l"}
    assert same["rouge_l"] == pytest.approx(100)
    assert 0 < ours["rouge_l"] < 100 and 0 < ours["cider"] < same["cider"]


def test_consensus_without_its_package(monkeypatch):
    monkeypatch.setattr(metrics.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '.\[captions\]'"):
        metrics.consensus(OURS, THEIRS)


def test_ranks_by_hand():
    scores = np.array([[5.0, 9.0, 1.0, 7.0], [0.0, 0.0, 0.0, 0.0]])
    wanted = np.array([[False, False, True, True], [True, False, False, False]])
    assert metrics.ranks(scores, wanted).tolist() == [2, 4]  # of equal scores the wanted comes last
    assert metrics.recall(np.array([1, 3, 10, 11])) == {"r1": 25.0, "r10": 75.0, "median_rank": 6.5}


def test_a_caption_that_is_likely_everywhere_does_not_win_annotation():
    """Caption 1 is likelier for every picture, but the others are told apart once its prior is taken off."""
    scores = np.array([[-5.0, -1.0, -9.0], [-9.0, -0.9, -9.0], [-9.0, -1.0, -5.0]])
    found = metrics.retrieval(scores, np.arange(3))
    assert found["annotation_raw/r1"] == pytest.approx(100 / 3)
    assert found["annotation/r1"] == found["search/r1"] == 100


@given(st.integers(2, 6), st.integers(0, 99))
def test_search_does_not_change_with_what_is_added_to_a_caption(pictures, seed):
    draw = np.random.default_rng(seed)
    scores, owner = draw.normal(size=(pictures, 2 * pictures)), np.repeat(np.arange(pictures), 2)
    shifted = metrics.retrieval(scores + draw.normal(size=2 * pictures), owner)
    plain = metrics.retrieval(scores, owner)
    same = [name for name in plain if not name.startswith("annotation_raw")]
    assert {name: shifted[name] for name in same} == pytest.approx({name: plain[name] for name in same})


def test_share_of_known_sentences():
    assert metrics.share_known([("a", "dog"), ("a", "cat"), ("a", "dog")], {("a", "dog")}) == pytest.approx(200 / 3)
