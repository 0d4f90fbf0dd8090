"""Music and text as minibatches."""

import numpy as np
import pytest
import torch

from common import config
from common.errors import UserError
from replications.pascanu2013_clipping import data
from replications.pascanu2013_clipping.data import Characters, Music

PAPER = "pascanu2013_clipping"


def settings(experiment="nottingham_c", **changes):
    return config.validate(PAPER, config.resolve(PAPER, experiment, "paper") | changes, "test")


def pieces(*lengths):
    rng = np.random.default_rng(1)
    return [(rng.random((length, 88)) < 0.1).astype(np.float32) for length in lengths]


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


@pytest.mark.parametrize("total, divided_by", [(False, 19), (True, 1)])
def test_a_minibatch_of_music_is_divided_by_its_steps_or_its_parts(total, divided_by):
    music = Music({"train": pieces(20)}, "")
    (found,) = music.train(settings(window=30, batch=1, total=total), 1)
    assert found.total == divided_by


def test_music_is_one_of_the_four_sets():
    with pytest.raises(UserError, match="music is one of nottingham, piano_midi, musedata"):
        data.load(settings(corpus="polka"))
