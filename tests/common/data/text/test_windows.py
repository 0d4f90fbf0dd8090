import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.data.text.windows import Shards, windows
from common.errors import UserError


@st.composite
def layouts(draw):
    """Words in order 1, 2, ..., streams that they fill, a block."""
    streams = draw(st.integers(1, 6))
    words = np.arange(1, draw(st.integers(streams, 60)) + 1, dtype=np.int32)
    return words, streams, draw(st.integers(1, 12))


@settings(deadline=None, derandomize=True)
@given(layouts())
def test_every_column_reads_its_part_of_the_text_in_order(layout):
    words, streams, block = layout
    found = list(windows(words, 0, streams, block))
    rows = len(words) // streams
    assert len(found) == len(windows(words, 0, streams, block)) == -(-rows // block)
    assert all(x.shape == y.shape == (block, streams) for x, y in found[:-1])
    assert found[-1][0].shape == found[-1][1].shape == (rows - block * (len(found) - 1), streams)
    read, following = (torch.cat(part) for part in zip(*found, strict=True))
    assert following.T.flatten().tolist() == words[: rows * streams].tolist()  # every word once
    assert read.T.flatten().tolist() == [0, *words[: rows * streams - 1]]  # each after the one before it in the text
    assert read.dtype == following.dtype == torch.int64


@settings(deadline=None, derandomize=True)
@given(layouts(), st.integers(1, 3))
def test_processes_share_the_columns(layout, world):
    words, streams, block = layout
    streams, words = streams * world, np.arange(len(words) * world)
    whole = list(windows(words, 0, streams, block))
    parts = [list(windows(words, 0, streams, block, rank, world)) for rank in range(world)]
    for number, (x, y) in enumerate(whole):
        for rank in range(world):
            assert torch.equal(parts[rank][number][0], x[:, rank::world])
            assert torch.equal(parts[rank][number][1], y[:, rank::world])


@settings(deadline=None, derandomize=True)
@given(layouts(), st.data())
def test_it_goes_on_where_it_was(layout, data):
    words, streams, block = layout
    text = windows(words, 0, streams, block)
    found = list(text)
    read = data.draw(st.integers(1, len(found)))
    half_way = iter(text)
    for _ in range(read):
        next(half_way)
    again = windows(words, 0, streams, block)
    again.load_state_dict(text.state_dict())
    rest = found[read:] or found  # at the end, the next pass is a whole one
    assert all(torch.equal(x, expected) for (x, _), (expected, _) in zip(again, rest, strict=True))
    assert len(list(again)) == len(found)


def test_windows_by_hand():
    text = windows(np.array([11, 12, 13, 14, 15, 16, 17]), 10, streams=2, block=2)
    assert [(x.tolist(), y.tolist()) for x, y in text] == [
        ([[10, 13], [11, 14]], [[11, 14], [12, 15]]),
        ([[12, 15]], [[13, 16]]),
    ]


def test_streams_that_cannot_be():
    with pytest.raises(UserError, match="2 words cannot fill 3 streams"):
        windows(np.array([1, 2]), 0, 3, 1)
    with pytest.raises(UserError, match="4 streams cannot be shared by 3 processes; choose a multiple"):
        windows(np.arange(9), 0, 4, 1, rank=0, world=3)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(layouts(), st.data())
def test_a_text_in_shards_is_read_as_one(layout, data):
    words, streams, block = layout
    at = sorted(data.draw(st.lists(st.integers(0, len(words)), min_size=2, max_size=2)))
    ours, theirs = (list(windows(text, 7, streams, block)) for text in (Shards(np.split(words, at)), words))
    assert all(
        torch.equal(a, b) for one, other in zip(ours, theirs, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_shards_are_one_array():
    parts = [np.array([1, 2], np.int32), np.array([], np.int32), np.array([3], np.int32)]
    shards = Shards(parts)
    assert len(shards) == 3 and np.asarray(shards).tolist() == [1, 2, 3]
    assert shards[np.array([[2, 0], [1, 1]])].tolist() == [[3, 1], [2, 2]]
