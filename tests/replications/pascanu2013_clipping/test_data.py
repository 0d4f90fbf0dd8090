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


def test_an_epoch_of_music_goes_over_every_step_once():
    music = Music({"train": pieces(30, 7, 55, 18, 41)}, "")
    loader, orders = music.train(settings(window=20, batch=3), 1), []
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
    music = Music({"train": pieces(30, 7, 55, 18, 41)}, "")
    whole, *shares = (music.train(settings(window=20, batch=4), 1, *of) for of in ((0, 1), (0, 2), (1, 2)))
    for batch, *parts in zip(whole, *shares, strict=True):
        assert {part.total for part in parts} == {batch.total} and batch.counts.sum() == sum(
            part.counts.sum() for part in parts
        )
    with pytest.raises(UserError, match="cannot be shared by 2 processes"):
        music.train(settings(batch=1), 1, 0, 2)


def test_whole_pieces_are_evaluated():
    (batch,) = Music({"valid": pieces(30, 7)}, "").split("valid")
    assert batch.inputs.shape == (29, 2, 88) and batch.counts.sum(0).tolist() == [6, 29]


@pytest.mark.parametrize("ahead", [1, 5])
def test_characters_ahead(ahead):
    text = np.random.default_rng(2).integers(0, 6, 403)
    characters = Characters({"train": text, "valid": text}, 6, ahead, "")
    chosen = settings("characters_c", window=20, batch=4)
    batches = list(characters.train(chosen, 3))
    inputs, target = (torch.cat([batch[part] for batch in batches]) for part in (0, 1))
    assert torch.equal(inputs[ahead:], target[:-ahead]) and len(inputs) == 403 // 4 - ahead
    start = int(np.random.default_rng([3, 1]).integers(403))
    assert inputs[:, 0].tolist() == [int(text[(start + k) % 403]) for k in range(len(inputs))]
    assert {batch.total for batch in batches} == {4}  # the loss is summed over the steps
    second = torch.cat([batch.inputs for batch in characters.train(chosen, 3, 1, 2)])
    assert torch.equal(second, inputs[:, 1::2])
    (whole,) = characters.split("valid")
    assert whole.inputs.T.flatten().tolist() == [c for k in range(16) for c in text[k * 25 : (k + 1) * 25 - ahead]]


def test_a_text_that_is_too_short_is_refused():
    with pytest.raises(UserError, match="10 characters are too few for 16 parts"):
        Characters({"valid": np.zeros(10, int)}, 1, 1, "").split("valid")


def test_losses_are_those_of_coins_and_of_classes():
    outputs, notes = torch.randn(2, 3, 88, dtype=torch.float64), torch.rand(2, 3, 88, dtype=torch.float64).round()
    p = torch.sigmoid(outputs)
    expected = -(notes * p.log() + (1 - notes) * (1 - p).log()).sum(-1)
    torch.testing.assert_close(Music({}, "").losses(outputs, notes), expected)
    letters = torch.randint(88, (2, 3))
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
