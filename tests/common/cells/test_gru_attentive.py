"""The attending decoder's scan against its equations, a step and a sentence at a time, in float64."""

import pytest
import torch

from common.cells.gru import gru_step
from common.cells.gru_attentive import attentive_gru_scan
from common.layers.attention import AdditiveAttention

STEPS, SENTENCES, SOURCE, HIDDEN, ANNOTATION, ALIGNMENT = 5, 3, 4, 6, 7, 2
LENGTHS = [4, 2, 1]  # of the sources


@pytest.fixture
def attention():
    torch.manual_seed(1)
    layer = AdditiveAttention(HIDDEN, ANNOTATION, ALIGNMENT).double()
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    return layer


def arrays(words=STEPS):
    """x [T - 1, B, 3H], s_0 [B, H], a [S, B, A], C [3H, A], U [3H, H]."""
    draw = torch.Generator().manual_seed(2)
    shapes = ((words - 1, SENTENCES, 3 * HIDDEN), (SENTENCES, HIDDEN), (SOURCE, SENTENCES, ANNOTATION),
              (3 * HIDDEN, ANNOTATION), (3 * HIDDEN, HIDDEN))
    return [torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_() for shape in shapes]


def memory(attention, annotations):
    return attention.memory(annotations, torch.arange(SOURCE).unsqueeze(1) < torch.tensor(LENGTHS))


def one_sentence(attention, x, s, annotations, c, u):
    """Sections 3.1 and A.2.2 for a source without padding: states, contexts and weights of each step."""
    states, contexts, weights = [s], [], []
    for i in range(len(x) + 1):
        e = torch.stack([attention.energy @ torch.tanh(attention.query(states[i]) + attention.key(a))
                         for a in annotations])
        weights.append(e.exp() / e.exp().sum())
        contexts.append(weights[i] @ annotations)
        if i < len(x):
            net = x[i] + c @ contexts[i]
            states.append(gru_step(net.unsqueeze(0), states[i].unsqueeze(0), u, "new", "before")[0])
    return torch.stack(states), torch.stack(contexts), torch.stack(weights)


def loss(states, contexts):
    draw = torch.Generator().manual_seed(3)
    return sum((torch.randn(part.shape, generator=draw, dtype=part.dtype) * part.sin()).sum()
               for part in (states, contexts))


@pytest.mark.parametrize("words", [STEPS, 2, 1])
def test_equals_the_equations(attention, words):
    x, initial, annotations, c, u = given = arrays(words)
    found = attentive_gru_scan(x, initial, memory(attention, annotations), attention, c, u)
    one_by_one = [one_sentence(attention, x[:, b], initial[b], annotations[:length, b], c, u)
                  for b, length in enumerate(LENGTHS)]
    states, contexts = (torch.stack(part, 1) for part in list(zip(*one_by_one, strict=True))[:2])
    torch.testing.assert_close((found.states, found.contexts), (states, contexts), rtol=1e-10, atol=1e-12)
    for b, length in enumerate(LENGTHS):
        torch.testing.assert_close(found.weights[:, b, :length], one_by_one[b][2], rtol=1e-10, atol=1e-12)
        assert not found.weights[:, b, length:].any()
    weights = [*given, *attention.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(loss(found.states, found.contexts), weights, materialize_grads=True),
        torch.autograd.grad(loss(states, contexts), weights, materialize_grads=True),
        rtol=1e-8, atol=1e-12)


def test_weights_carry_no_gradient(attention):
    x, initial, annotations, c, u = arrays()
    assert not attentive_gru_scan(x, initial, memory(attention, annotations), attention, c, u).weights.requires_grad


def test_the_past_does_not_depend_on_the_future(attention):
    x, initial, annotations, c, u = arrays()
    keys = memory(attention, annotations)
    whole = attentive_gru_scan(x, initial, keys, attention, c, u)
    begun = attentive_gru_scan(x[:2], initial, keys, attention, c, u)
    torch.testing.assert_close([part[:3] for part in whole], list(begun))
