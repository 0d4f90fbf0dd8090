"""The CNN softmax: words spelled alike, and the correction that tells them apart."""

import pytest
import torch

from common.output.cnn import CNNSoftmax
from common.text.characters import CharacterCNN, spell


def output(correction=None, words=("bark", "barks", "cat", "x"), samples=None):
    torch.manual_seed(1)
    cnn = CharacterCNN([(1, 3), (2, 4)], 3, 1, 5)
    return CNNSoftmax(spell(words), cnn, correction, samples).double()


@pytest.mark.parametrize("correction", [None, 2])
def test_logits_are_h_times_cnn_plus_correction(correction):
    layer = output(correction)
    vectors = layer.characters.cnn(layer.characters.spelling)
    if correction:
        torch.nn.init.normal_(layer.correction.weight)
        vectors = vectors + layer.correction.weight @ layer.mix.weight.t()
    h = torch.randn(3, 5, dtype=torch.float64)
    torch.testing.assert_close(layer.log_probabilities(h), torch.log_softmax(h @ vectors.t(), 1))
    targets = torch.tensor([3, 0, 1])
    exact = -torch.log_softmax(h @ vectors.t(), 1)[range(3), targets]
    torch.testing.assert_close(layer(h, targets), exact)
    torch.testing.assert_close(layer(h, targets, layer.matrix()), exact)


def test_only_the_correction_tells_words_of_one_spelling_apart():
    """Two words with the same characters, one always right: without a correction, one bit is lost for ever."""
    losses = {}
    for correction in (None, 2):
        layer = output(correction, ("same", "same", "other"))
        optimiser = torch.optim.Adagrad(layer.parameters(), 0.1)
        h, targets = torch.ones(4, 5, dtype=torch.float64), torch.tensor([0, 0, 0, 0])
        for _ in range(150):
            optimiser.zero_grad()
            loss = layer.training_loss(h, targets, None).mean()
            loss.backward()
            optimiser.step()
        losses[correction] = loss.item()
    assert losses[None] == pytest.approx(torch.log(torch.tensor(2.0)).item(), abs=0.02)
    assert losses[2] < 0.1


def test_the_correction_starts_at_nothing():
    torch.testing.assert_close(output(3).matrix()[0], output().matrix()[0])
