"""Windows read from disk are those of a text in memory."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.data.text.streams import Streams
from common.data.text.windows import Shards, Windows
from common.errors import UserError


@settings(deadline=None, derandomize=True, max_examples=40)
@given(length=st.integers(8, 60), streams=st.sampled_from([1, 2, 4]), block=st.integers(1, 9), cut=st.data())
def test_the_same_windows_as_in_memory(length, streams, block, cut):
    tokens = np.arange(100, 100 + length, dtype=np.int32)
    at = sorted(cut.draw(st.lists(st.integers(0, length), min_size=2, max_size=2)))
    for text in (tokens, Shards(np.split(tokens, at))):
        for world in (1, 2):
            if streams % world:
                continue
            for rank in range(world):
                ours = list(Windows(text, 7, streams, block, rank, world))
                theirs = list(Streams(tokens, 7, streams, block, rank, world))
                assert len(ours) == len(theirs) == len(Windows(text, 7, streams, block))
                for one, other in zip(ours, theirs, strict=True):
                    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_shards_are_one_array():
    parts = [np.array([1, 2], np.int32), np.array([], np.int32), np.array([3], np.int32)]
    shards = Shards(parts)
    assert len(shards) == 3 and np.asarray(shards).tolist() == [1, 2, 3]
    assert shards[np.array([[2, 0], [1, 1]])].tolist() == [[3, 1], [2, 2]]


def test_the_position_is_kept():
    windows = Windows(np.arange(20), 0, 2, 3)
    before = [words for words, _ in windows]
    kept = iter(windows)
    next(kept)
    resumed = Windows(np.arange(20), 0, 2, 3)
    resumed.load_state_dict(windows.state_dict())
    assert all(torch.equal(one, words) for one, (words, _) in zip(before[1:], resumed, strict=True))


def test_too_few_words_or_uneven_processes():
    with pytest.raises(UserError, match="3 words cannot fill 4 streams"):
        Windows(np.arange(3), 0, 4, 2)
    with pytest.raises(UserError, match="3 streams cannot be shared by 2 processes"):
        Windows(np.arange(9), 0, 3, 2, 0, 2)
