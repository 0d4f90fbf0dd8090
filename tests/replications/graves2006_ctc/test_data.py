import numpy as np
import pytest
import torch

from common.errors import UserError
from replications.graves2006_ctc.data import batch_of, frame_weights, shortest_first, shuffled


def test_batches_are_padded_time_major(toy):
    batch = batch_of(toy.train, [3, 0])
    lengths = batch.lengths.tolist()
    assert lengths == [toy.train[3].frames, toy.train[0].frames]
    assert batch.x.shape == (max(lengths), 2, 6)
    assert torch.equal(batch.x[: lengths[1], 1], torch.from_numpy(toy.train[0].features))
    assert batch.labels[0, : batch.label_lengths[0]].tolist() == toy.train[3].labels.tolist()
    assert batch.weights.sum(0).tolist() == lengths  # 0 in the padding


def epoch_of(loader, number):
    loader.set_epoch(number)
    return [batch.index.tolist() for batch in loader]


def test_every_utterance_once_an_epoch_with_its_like_in_another_order_each_time(toy):
    batches = shuffled(toy.train, 8, seed=1)
    epochs = [epoch_of(batches, number) for number in (0, 1)]
    assert epochs[0] != epochs[1] and epoch_of(batches, 0) == epochs[0]
    for epoch in epochs:
        assert sorted(sum(epoch, [])) == list(range(len(toy.train)))
        assert {len(one) for one in epoch} == {7, 8}
        spread = [np.ptp([toy.train[i].frames for i in one]) for one in epoch]
        assert np.mean(spread) < np.std([one.frames for one in toy.train])


def test_two_processes_share_each_batch(toy):
    whole = list(shuffled(toy.train, 8, seed=1))
    shares = zip(*(shuffled(toy.train, 8, seed=1, rank=rank, world=2) for rank in (0, 1)), strict=True)
    for batch, (one, two) in zip(whole, shares, strict=True):
        assert sorted(one.index.tolist() + two.index.tolist()) == sorted(batch.index.tolist())
        assert one.total == two.total == batch.total == len(batch.index)
    with pytest.raises(UserError, match="cannot be shared by 8 processes"):
        shuffled(toy.train, 8, seed=1, world=8)


def test_without_learning_the_shortest_come_first(toy):
    (batch,) = shortest_first(toy.test)
    assert batch.lengths.tolist() == sorted(one.frames for one in toy.test)


def test_weighted_errors_count_each_phone_the_same():
    alignment = np.array([1, 1, 1, 1, 2, 3, 3, 3])
    weights = frame_weights(alignment, weighted=True)
    assert weights.sum() == pytest.approx(len(alignment))
    assert [weights[alignment == k].sum() for k in (1, 2, 3)] == pytest.approx([8 / 3] * 3)
    assert frame_weights(alignment, weighted=False).tolist() == [1] * 8
