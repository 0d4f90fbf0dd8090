import numpy as np
import pytest
import torch

from common.errors import UserError
from replications.graves2006_ctc.data import Batches, batch_of, frame_weights


def test_batches_are_padded_time_major(toy):
    batch = batch_of(toy.train, [3, 0])
    lengths = batch.lengths.tolist()
    assert lengths == [toy.train[3].frames, toy.train[0].frames]
    assert batch.x.shape == (max(lengths), 2, 6)
    assert torch.equal(batch.x[:lengths[1], 1], torch.from_numpy(toy.train[0].features))
    assert batch.labels[0, :batch.label_lengths[0]].tolist() == toy.train[3].labels.tolist()
    assert batch.weights.sum(0).tolist() == lengths  # 0 in the padding


def test_every_utterance_once_an_epoch_with_its_like_in_another_order_each_time(toy):
    batches = Batches(toy.train, 8, seed=1)
    epochs = [[batch.index.tolist() for batch in batches] for _ in range(2)]
    assert epochs[0] != epochs[1]
    for epoch in epochs:
        assert sorted(sum(epoch, [])) == list(range(len(toy.train)))
        spread = [np.ptp([toy.train[i].frames for i in one]) for one in epoch]
        assert np.mean(spread) < np.std([one.frames for one in toy.train])


def test_position_goes_into_a_checkpoint(toy):
    whole, broken = Batches(toy.train, 8, seed=1), Batches(toy.train, 8, seed=1)
    expected = [batch.index.tolist() for _ in range(2) for batch in whole]
    found = []
    for batch in broken:
        found.append(batch.index.tolist())
        if len(found) == 3:
            break
    resumed = Batches(toy.train, 8, seed=1)
    resumed.load_state_dict(broken.state_dict())
    found += [batch.index.tolist() for _ in range(2) for batch in resumed]
    assert found == expected


def test_two_processes_share_the_batches(toy):
    ranks = [Batches(toy.train, 8, seed=1, rank=rank, world=2) for rank in (0, 1)]
    one, two = ([batch.index.tolist() for batch in each] for each in ranks)
    assert len(one) == len(two) == 4
    assert not {tuple(batch) for batch in one} & {tuple(batch) for batch in two}
    with pytest.raises(UserError, match="too few for 90 processes"):
        Batches(toy.train, 8, world=90)


def test_weighted_errors_count_each_phone_the_same():
    alignment = np.array([1, 1, 1, 1, 2, 3, 3, 3])
    weights = frame_weights(alignment, weighted=True)
    assert weights.sum() == pytest.approx(len(alignment))
    assert [weights[alignment == k].sum() for k in (1, 2, 3)] == pytest.approx([8 / 3] * 3)
    assert frame_weights(alignment, weighted=False).tolist() == [1] * 8
