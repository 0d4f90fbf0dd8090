"""Additive attention against its equations, word by word."""

import pytest
import torch

from common.layers.attention import AdditiveAttention

SENTENCES, SOURCE, QUERY, ANNOTATION, HIDDEN = 3, 5, 4, 6, 7


@pytest.fixture
def attention():
    torch.manual_seed(1)
    layer = AdditiveAttention(QUERY, ANNOTATION, HIDDEN).double()
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    return layer


@pytest.fixture
def mask():
    return torch.arange(SOURCE).unsqueeze(1) < torch.tensor([5, 2, 1])


def draw(*shape):
    return torch.randn(shape, dtype=torch.float64)


def test_equals_the_equations(attention, mask):
    annotations, states = draw(SOURCE, SENTENCES, ANNOTATION), draw(SENTENCES, QUERY)
    contexts, weights = attention(states, attention.memory(annotations, mask))
    for b, length in enumerate([5, 2, 1]):
        energies = torch.stack(
            [
                attention.energy
                @ torch.tanh(
                    attention.query.weight @ states[b] + attention.key.weight @ annotations[j, b] + attention.key.bias
                )
                for j in range(length)
            ]
        )
        alpha = energies.exp() / energies.exp().sum()
        torch.testing.assert_close(weights[b], torch.cat([alpha, alpha.new_zeros(SOURCE - length)]))
        torch.testing.assert_close(contexts[b], sum(alpha[j] * annotations[j, b] for j in range(length)))


def test_padding_has_neither_weight_nor_gradient(attention, mask):
    annotations = draw(SOURCE, SENTENCES, ANNOTATION).requires_grad_()
    contexts, weights = attention(draw(SENTENCES, QUERY), attention.memory(annotations, mask))
    assert (weights.t()[~mask] == 0).all()
    (gradient,) = torch.autograd.grad(contexts.square().sum(), annotations)
    assert (gradient[~mask] == 0).all() and (gradient[mask] != 0).any()


def test_many_hypotheses_share_a_memory(attention, mask):
    """N = B * K rows of states, sentence by sentence: the same as attending with a copy of the memory for each."""
    annotations, states = draw(SOURCE, SENTENCES, ANNOTATION), draw(SENTENCES * 2, QUERY)
    found = attention(states, attention.memory(annotations, mask))
    copies = attention.memory(annotations.repeat_interleave(2, 1), mask.repeat_interleave(2, 1))
    torch.testing.assert_close(found, attention(states, copies))


def test_starts_with_equal_weights(mask):
    """v_a = 0 (appendix B.1)."""
    layer = AdditiveAttention(QUERY, ANNOTATION, HIDDEN)
    _, weights = layer(torch.randn(SENTENCES, QUERY), layer.memory(torch.randn(SOURCE, SENTENCES, ANNOTATION), mask))
    torch.testing.assert_close(weights.t(), mask / mask.sum(0))


def test_a_source_without_words_is_refused(attention):
    with pytest.raises(ValueError, match="a source without words"):
        attention.memory(draw(SOURCE, 1, ANNOTATION), torch.zeros(SOURCE, 1, dtype=torch.bool))
