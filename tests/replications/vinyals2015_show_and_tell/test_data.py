"""Batches of captions: complete, reshuffled, shared by processes; and what is judged of descriptions."""

import pytest
import torch

from common.data.pictures.batches import captions
from common.data.pictures.captions import Split
from common.errors import UserError
from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.vinyals2015_show_and_tell import evaluation

VOCABULARY = Vocabulary(("a", "b", EOS, UNK), (9, 8, 7, 1))
SPLIT = Split(
    ("0", "1", "2"), lambda i: None, ((("a",), ("a", "b", "a")), (("b", "x"),), (("a",) * 5, ("b",), ("b", "b")))
)


def content(batches) -> list[tuple]:
    """(picture, ids) of every caption that the batches hold."""
    return [
        (int(batch.pictures[k]), tuple(batch.words[: batch.lengths[k], k].tolist()))
        for batch in batches
        for k in range(len(batch.lengths))
    ]


ALL = [(0, (0, 2)), (0, (0, 1, 0, 2)), (1, (1, 3, 2)), (2, (0, 0, 0, 0, 0, 2)), (2, (1, 2)), (2, (1, 1, 2))]


def test_every_caption_once_with_its_picture_and_a_stop_word():
    assert content(captions(SPLIT, VOCABULARY, 4, None)) == ALL
    assert sorted(content(captions(SPLIT, VOCABULARY, 4, 1))) == sorted(ALL)
    assert [batch.total for batch in captions(SPLIT, VOCABULARY, 4, None)] == [9, 11]


def test_another_order_in_every_epoch_and_for_every_seed():
    one, other = captions(SPLIT, VOCABULARY, 2, 1), captions(SPLIT, VOCABULARY, 2, 2)
    orders = [content(other)]
    for epoch in range(4):
        one.set_epoch(epoch)
        orders.append(content(one))
    assert len({tuple(order) for order in orders}) > 3
    assert all(sorted(order) == sorted(ALL) for order in orders)


def test_processes_share_every_batch():
    parts = [captions(SPLIT, VOCABULARY, 4, 1, rank, 2) for rank in range(2)]
    for whole, left, right in zip(captions(SPLIT, VOCABULARY, 4, 1), *parts, strict=True):
        assert sorted(content([left]) + content([right])) == sorted(content([whole]))
        assert left.total == right.total == whole.total
    with pytest.raises(UserError, match="6 captions in batches of 2 cannot be shared by 3 processes"):
        captions(SPLIT, VOCABULARY, 2, 1, 0, 3)


def test_the_mask_covers_the_words_and_one_stop():
    batch = next(iter(captions(SPLIT, VOCABULARY, 6, None)))
    assert batch.mask.sum(0).tolist() == batch.lengths.tolist() == [2, 4, 3, 6, 2, 3]


def test_pictures_of_the_training_set_are_left_out_of_another_sets_test():
    train = Split(("1000_aa.jpg", "2000_bb.jpg"), None, ((), ()))
    test = Split(("2000.jpg", "3000.jpg", "images/1000.jpg"), None, ((), (), ()))
    assert evaluation.without(test, train) == [1]


def test_judging_counts_exact_captions():
    found = evaluation.judge([("a",), ("b",), ("b", "b")], SPLIT, False)
    assert found["exact"] == pytest.approx(200 / 3)
    assert "true" not in found and torch.tensor(found["bleu1"]) > 50
