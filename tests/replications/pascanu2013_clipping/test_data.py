"""Music and text as minibatches; corpora that are not there."""

import numpy as np
import pytest
import scipy.io
import torch

from common import config
from common.errors import UserError
from replications.pascanu2013_clipping import data
from replications.pascanu2013_clipping.data import Characters, Music, cut

PAPER = "pascanu2013_clipping"


def settings(experiment="nottingham_c", **changes):
    return config.validate(PAPER, config.resolve(PAPER, experiment, "paper") | changes, "test")


def pieces(*lengths):
    rng = np.random.default_rng(1)
    return [(rng.random((length, 88)) < 0.1).astype(np.float32) for length in lengths]


@pytest.mark.parametrize(
    "length, window, parts", [(10, 20, 1), (21, 20, 1), (22, 20, 2), (61, 20, 3), (62, 20, 4), (2, 20, 1)]
)
def test_even_parts_predict_every_step_once(length, window, parts):
    piece = np.arange(length)
    found = cut(piece, window)
    assert len(found) == parts and max(map(len, found)) - min(map(len, found)) <= 1
    assert np.concatenate([part[1:] for part in found]).tolist() == list(range(1, length))
    assert all(part[0] == before[-1] for before, part in zip(found, found[1:], strict=False))
    assert max(map(len, found)) <= window + 1


def test_an_epoch_of_music_goes_over_every_step_once_for_each_replica():
    music = Music({"train": pieces(30, 7, 55, 18, 41)}, "")
    steps, order = np.zeros(2), []
    for batch in music.epoch(settings(window=20, batch=3), [1, 2], 1):
        assert batch.inputs.shape == batch.target.shape and batch.counts.shape == batch.inputs.shape[:3]
        assert torch.equal(batch.inputs[1:], batch.target[:-1]) and not batch.carried
        padding = batch.counts == 0
        assert batch.target[padding].abs().sum() == 0
        steps += batch.counts.sum((0, 2)).numpy()
        order.append(batch.counts.shape[0])
    assert steps.tolist() == [30 + 7 + 55 + 18 + 41 - 5] * 2


def test_whole_pieces_are_evaluated():
    music = Music({"valid": pieces(30, 7)}, "")
    (batch,) = music.split("valid", 2)
    assert batch.inputs.shape == (29, 2, 2, 88) and batch.counts[:, 1].sum(0).tolist() == [6, 29]
    assert torch.equal(batch.inputs[:, 0], batch.inputs[:, 1])


@pytest.mark.parametrize("ahead", [1, 5])
def test_characters_ahead(ahead):
    text = np.random.default_rng(2).integers(0, 6, 403)
    characters = Characters({"train": text, "valid": text}, 6, ahead, "")
    batches = list(characters.epoch(settings("characters_c", window=20, batch=4), [3], 1))
    inputs = torch.cat([batch.inputs for batch in batches])[:, 0]
    target = torch.cat([batch.target for batch in batches])[:, 0]
    assert [batch.carried for batch in batches] == [False] + [True] * (len(batches) - 1)
    assert torch.equal(inputs[ahead:], target[:-ahead]) and len(inputs) == 403 // 4 - ahead
    start = int(np.random.default_rng([3, 1]).integers(403))
    assert inputs[:, 0].tolist() == [int(text[(start + k) % 403]) for k in range(len(inputs))]


def test_losses_are_those_of_coins_and_of_classes():
    outputs, notes = torch.randn(2, 1, 3, 88, dtype=torch.float64), torch.rand(2, 1, 3, 88, dtype=torch.float64).round()
    p = torch.sigmoid(outputs)
    expected = -(notes * p.log() + (1 - notes) * (1 - p).log()).sum(-1)
    torch.testing.assert_close(Music({}, "").losses(outputs, notes), expected)
    letters = torch.randint(88, (2, 1, 3))
    expected = -outputs.log_softmax(-1).gather(-1, letters[..., None])[..., 0]
    torch.testing.assert_close(Characters({}, 88, 1, "").losses(outputs, letters), expected)


def test_rolls_come_from_matlab_files(tmp_path, monkeypatch):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = np.eye(4, 88, dtype=np.uint8), np.ones((3, 88), np.uint8)
    scipy.io.savemat(tmp_path / "Nottingham.mat", {f"{split}data": cells for split in data.SPLITS})
    monkeypatch.setattr(data.fetch, "fetch", lambda corpus: tmp_path)
    music = data.load(settings())
    assert [piece.shape for piece in music.pieces["test"]] == [(4, 88), (3, 88)]
    assert music.pieces["train"][0][2].nonzero()[0].tolist() == [2] and len(music.fingerprint) == 64


def test_music_that_nobody_has():
    with pytest.raises(UserError, match="music is one of nottingham, piano_midi, musedata"):
        data.load(settings(corpus="polka"))
