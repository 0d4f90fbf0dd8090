"""Piano rolls as minibatches; sets that are not there."""

import numpy as np
import pytest
import scipy.io
import torch

from common.data.music import rolls
from common.data.music.rolls import Rolls, cut
from common.errors import UserError


def pieces(*lengths):
    rng = np.random.default_rng(1)
    return [(rng.random((length, 88)) < 0.1).astype(np.float32) for length in lengths]


@pytest.mark.parametrize(
    "length, window, parts",
    [(10, None, 1), (10, 20, 1), (21, 20, 1), (22, 20, 2), (61, 20, 3), (62, 20, 4), (2, 20, 1)],
)
def test_even_parts_predict_every_step_once(length, window, parts):
    piece = np.arange(length)
    found = cut(piece, window)
    assert len(found) == parts and max(map(len, found)) - min(map(len, found)) <= 1
    assert np.concatenate([part[1:] for part in found]).tolist() == list(range(1, length))
    assert all(part[0] == before[-1] for before, part in zip(found, found[1:], strict=False))
    assert max(map(len, found)) <= (window or length) + 1


def test_an_epoch_of_music_goes_over_every_step_once():
    music = Rolls({"train": pieces(30, 7, 55, 18, 41)}, "")
    loader, orders = music.parts(20, 3, 1), []
    for epoch in range(2):
        loader.set_epoch(epoch)
        steps, order = 0, []
        for batch in loader:
            assert batch.inputs.shape == batch.target.shape and batch.counts.shape == batch.inputs.shape[:2]
            assert torch.equal(batch.inputs[1:], batch.target[:-1]) and batch.inputs.shape[1] <= 3
            assert not batch.target[batch.counts == 0].any() and batch.total == batch.counts.sum()
            steps += batch.total
            order.append(batch.inputs.sum().item())
        assert steps == 30 + 7 + 55 + 18 + 41 - 5
        orders.append(order)
    assert orders[0] != orders[1]


def test_processes_share_a_minibatch_of_music():
    music = Rolls({"train": pieces(30, 7, 55, 18, 41)}, "")
    whole, *shares = (music.parts(20, 4, 1, *of) for of in ((0, 1), (0, 2), (1, 2)))
    for batch, *parts in zip(whole, *shares, strict=True):
        assert {part.total for part in parts} == {batch.total} and batch.counts.sum() == sum(
            part.counts.sum() for part in parts
        )
    with pytest.raises(UserError, match="cannot be shared by 2 processes"):
        music.parts(20, 1, 1, 0, 2)


def test_whole_pieces_are_evaluated():
    (batch,) = Rolls({"valid": pieces(30, 7)}, "").split("valid")
    assert batch.inputs.shape == (29, 2, 88) and batch.counts.sum(0).tolist() == [6, 29]


def test_nats_are_those_of_coins():
    outputs, notes = torch.randn(2, 3, 88, dtype=torch.float64), torch.rand(2, 3, 88, dtype=torch.float64).round()
    p = torch.sigmoid(outputs)
    expected = -(notes * p.log() + (1 - notes) * (1 - p).log()).sum(-1)
    torch.testing.assert_close(rolls.nats(outputs, notes), expected)


def test_rolls_come_from_matlab_files(tmp_path, monkeypatch):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = np.eye(4, 88, dtype=np.uint8), np.ones((3, 88), np.uint8)
    scipy.io.savemat(tmp_path / "Nottingham.mat", {f"{split}data": cells for split in rolls.SPLITS})
    monkeypatch.setattr(rolls.fetch, "fetch", lambda corpus: tmp_path)
    music = rolls.load("nottingham")
    assert [piece.shape for piece in music.pieces["test"]] == [(4, 88), (3, 88)]
    assert music.pieces["train"][0][2].nonzero()[0].tolist() == [2] and len(music.fingerprint) == 64


def test_music_that_nobody_has():
    with pytest.raises(UserError, match="music is one of nottingham, piano_midi, musedata, jsb_chorales"):
        rolls.load("polka")
