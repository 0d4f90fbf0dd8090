"""Masks, the maxout output layer and the loss against hand-worked examples."""

import pytest
import torch
from torch.nn import functional as F

from common.layers.encoder_decoder import DeepOutput, maxout, nats_per_sentence, reversed_words, sequence_mask, shifted

LENGTHS = torch.tensor([3, 1])


def test_masks_and_shifts():
    assert sequence_mask(LENGTHS, 3).tolist() == [[True, True], [True, False], [True, False]]
    target = torch.tensor([[5, 9], [6, 0], [9, 0]])
    assert shifted(target, 9).tolist() == [[9, 9], [5, 9], [6, 0]]


def test_only_words_are_reversed():
    source = torch.tensor([[1, 4], [2, 0], [3, 0]])
    assert reversed_words(source, LENGTHS).tolist() == [[3, 4], [2, 0], [1, 0]]
    assert torch.equal(reversed_words(reversed_words(source, LENGTHS), LENGTHS), source)


def test_maxout_pools_neighbours():
    assert maxout(torch.tensor([[1.0, 3.0, -2.0, -5.0]])).tolist() == [[3.0, -2.0]]


@pytest.mark.parametrize("rank", [None, 2])
def test_deep_output_is_the_equation(rank):
    torch.manual_seed(1)
    layer = DeepOutput(3, 4, 5, 6, 7, rank=rank).double()
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    state, word, context = (torch.randn(size, dtype=torch.float64) for size in (3, 4, 5))
    t = layer.state.weight @ state + layer.state.bias + layer.word.weight @ word + layer.context.weight @ context
    t = torch.stack([max(t[2 * i], t[2 * i + 1]) for i in range(6)])
    matrix = layer.words.weight if rank is None else layer.words.weight @ layer.right.weight
    torch.testing.assert_close(layer(state, word, context), matrix @ t + layer.words.bias)


def test_a_low_rank_has_fewer_weights():
    full, low = (
        sum(weight.numel() for weight in DeepOutput(1, 1, 1, 50, 1000, rank=rank).parameters()) for rank in (None, 10)
    )
    assert full - low == 50 * 1000 - (50 * 10 + 10 * 1000)


def test_dropout_acts_in_training_only():
    layer = DeepOutput(3, 4, 5, 6, 7, dropout=0.5)
    inputs = torch.randn(2, 3), torch.randn(2, 4), torch.randn(2, 5)
    assert not torch.equal(layer(*inputs), layer(*inputs))
    layer.eval()
    assert torch.equal(layer(*inputs), layer(*inputs))


def test_loss_adds_up_words_and_leaves_out_padding():
    logits = torch.randn(3, 2, 7)
    target = torch.tensor([[5, 6], [1, 0], [6, 0]])
    mask = sequence_mask(LENGTHS, 3)
    nats = nats_per_sentence(logits[mask], target, mask)
    expected = [
        sum(F.cross_entropy(logits[t, b], target[t, b]) for t in range(length))
        for b, length in enumerate(LENGTHS.tolist())
    ]
    torch.testing.assert_close(nats, torch.stack(expected))
