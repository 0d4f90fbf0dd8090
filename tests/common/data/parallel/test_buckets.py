import numpy as np
import pytest
import torch

from common.data.parallel.buckets import batches, collate
from common.data.parallel.corpus import Pairs
from common.errors import UserError


def make(count: int, seed: int = 1) -> Pairs:
    """Sentences of random length; word 1 is the end, and the second word of the source tells which pair it is."""
    draw = np.random.default_rng(seed)
    sides = [
        np.concatenate([[*draw.integers(2, 9, n), 1] for n in draw.integers(2, 30, count)]).astype(np.int32)
        for _ in range(2)
    ]
    pairs = Pairs.of(*sides, (1, 1))
    for number, start in enumerate(pairs.source_starts[:-1]):
        pairs.source[start] = 100 + number
    return pairs


def numbers(batch) -> list[int]:
    return (batch.source[0] - 100).tolist()


def test_pairs():
    pairs = make(7)
    assert len(pairs) == 7 and len(list(pairs)) == 7
    assert np.concatenate([source for source, _ in pairs]).tolist() == pairs.source.tolist()
    assert pairs[-1][0].tolist() == pairs[6][0].tolist()
    with pytest.raises(IndexError):
        pairs[7]


def test_padding_stands_behind_the_end():
    pairs = make(5)
    batch = collate(list(pairs))
    assert batch.source.shape == (max(pairs.source_lengths), 5) and batch.target.dtype == torch.long
    for column, (source, target) in enumerate(pairs):
        assert batch.source[:, column].tolist() == [*source, *[0] * (len(batch.source) - len(source))]
        assert batch.target[: batch.target_lengths[column], column].tolist() == target.tolist()
    assert batch.source_lengths.tolist() == pairs.source_lengths.tolist()
    assert batch.total == 5


def test_a_batch_is_its_pairs():
    pairs = make(100)
    for batch in batches(pairs, 16, 1):
        for found, expected in zip(batch, collate([pairs[i] for i in numbers(batch)]), strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("seed", [None, 1])
def test_an_epoch_has_every_pair_once(seed):
    loader = batches(make(1003), 16, seed)
    for epoch in range(2):
        loader.set_epoch(epoch)
        found = [numbers(batch) for batch in loader]
        assert len(found) == len(loader) == 63 and sorted(sum(found, [])) == list(range(1003))
        assert {len(batch) for batch in found} == {15, 16}


def test_lengths_in_a_batch_are_similar():
    pairs = make(2000)
    spread = np.mean([np.ptp(pairs.source_lengths[numbers(batch)]) for batch in batches(pairs, 16, 1)])
    mixed = np.mean([np.ptp(pairs.source_lengths[i : i + 16]) for i in range(0, 2000, 16)])
    assert spread < 0.1 * mixed


def test_order_is_decided_by_seed_and_epoch():
    pairs = make(300)

    def order(seed, epoch=0):
        loader = batches(pairs, 16, seed)
        loader.set_epoch(epoch)
        return [numbers(batch) for batch in loader]

    assert order(1) == order(1) and order(1) != order(1, epoch=1) and order(1) != order(2)
    assert order(None) == order(None, epoch=1)
    longest_first = pairs.source_lengths[sum(order(None), [])]
    assert (np.diff(longest_first) <= 0).all()


def test_processes_share_each_batch():
    pairs = make(301)
    whole = list(batches(pairs, 16, 1))
    parts = [batches(pairs, 16, 1, rank, 2) for rank in (0, 1)]
    for one, other, both in zip(*parts, whole, strict=True):
        assert sorted(numbers(one) + numbers(other)) == sorted(numbers(both))
        assert abs(len(numbers(one)) - len(numbers(other))) <= 1
        assert one.total == other.total == both.total == len(numbers(both))


def test_too_many_processes():
    with pytest.raises(UserError, match="cannot be shared by 4 processes"):
        batches(make(10), 3, 1, 0, 4)
