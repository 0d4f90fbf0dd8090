"""The scan against independent references, in float64."""

import pytest
import torch
from torch import nn

from common.cells.elman import Elman, elman_scan, toolkit_init_

STEPS, BATCH, HIDDEN = 6, 3, 4


@pytest.fixture
def arrays():
    """Inputs [T, B, H], initial [B, H] and W [H, H], large enough to leave the linear part of the logistic."""
    draw = torch.Generator().manual_seed(1)
    shapes = (STEPS, BATCH, HIDDEN), (BATCH, HIDDEN), (HIDDEN, HIDDEN)
    return [(1.5 * torch.randn(shape, generator=draw, dtype=torch.float64)).requires_grad_() for shape in shapes]


def loop(inputs, initial, recurrent, activation):
    """The definition, differentiated by autograd."""
    states = [initial]
    for x in inputs:
        states.append(activation(x + states[-1] @ recurrent.t()))
    return torch.stack(states[1:])


def by_hand(states, arrays, direct, clip=float("inf"), through_time=True):
    """Backpropagation through time of logistic units, written out: dE/d(inputs, initial, W) of dE/d(states)."""
    _, initial, recurrent = arrays
    before = torch.cat([initial[None], states[:-1]])
    error, deltas, gradient = torch.zeros_like(initial), torch.zeros_like(states), torch.zeros_like(recurrent)
    for t in reversed(range(STEPS)):
        deltas[t] = (direct[t] + error).clamp(-clip, clip) * states[t] * (1 - states[t])
        gradient += deltas[t].t() @ before[t]
        error = deltas[t] @ recurrent if through_time else 0 * error
    return (deltas, error, gradient) if through_time else (deltas, None, gradient)


def gradients(states, arrays):
    weights = torch.randn(states.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return torch.autograd.grad((weights * states.square()).sum(), arrays, allow_unused=True)


def assert_close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_equals_the_builtin_network(arrays):
    """logistic(a) = (1 + tanh(a / 2)) / 2 turns ``nn.RNN`` into the network of the paper."""
    inputs, initial, recurrent = arrays
    weights = {
        "weight_ih_l0": torch.eye(HIDDEN, dtype=torch.float64) / 2,
        "weight_hh_l0": recurrent / 4,
        "bias_ih_l0": recurrent.sum(1) / 4,
        "bias_hh_l0": torch.zeros(HIDDEN, dtype=torch.float64),
    }
    network = nn.RNN(HIDDEN, HIDDEN, dtype=torch.float64)
    hidden, _ = torch.func.functional_call(network, weights, (inputs, 2 * initial.unsqueeze(0) - 1))
    expected, found = (1 + hidden) / 2, elman_scan(*arrays)
    assert_close(found, expected)
    assert_close(gradients(found, arrays), gradients(expected, arrays))


@pytest.mark.parametrize(
    "activation, function", [("logistic", torch.sigmoid), ("tanh", torch.tanh), ("linear", lambda a: a)]
)
def test_equals_a_loop(arrays, activation, function):
    expected, found = loop(*arrays, function), elman_scan(*arrays, activation)
    assert_close(found, expected)
    assert_close(gradients(found, arrays), gradients(expected, arrays))


@pytest.mark.parametrize("clip", [float("inf"), 0.3])
@pytest.mark.parametrize("through_time", [True, False])
def test_errors_are_clipped_unit_by_unit_and_stopped_after_one_step(arrays, clip, through_time):
    states = elman_scan(*arrays, clip=clip, through_time=through_time)
    assert_close(states, elman_scan(*arrays))
    direct = torch.randn(states.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = torch.autograd.grad(states, arrays, direct, allow_unused=True)
    with torch.no_grad():
        for one, other in zip(found, by_hand(states, arrays, direct, clip, through_time), strict=True):
            assert one is other is None or torch.allclose(one, other, rtol=1e-10, atol=1e-10)
        other = by_hand(states, arrays, direct, 0.3 if clip > 1 else float("inf"), through_time)
    assert not torch.allclose(found[2], other[2])


def outputs_by_hand(symbols):
    """Two inputs, two hidden units, two outputs, every weight 1, all linear, memory 0 at the start."""
    ones = torch.ones(2, 2)
    inputs = torch.tensor(symbols, dtype=torch.float32).unsqueeze(1) @ ones
    return (elman_scan(inputs, torch.zeros(1, 2), ones, "linear") @ ones).squeeze(1).tolist()


def test_network_worked_by_hand():
    assert outputs_by_hand([(1, 1), (1, 1), (2, 2)]) == [[4, 4], [12, 12], [32, 32]]
    assert outputs_by_hand([(2, 2), (1, 1), (1, 1)]) == [[8, 8], [20, 20], [44, 44]]  # the order matters


@pytest.mark.parametrize(
    "weight, state, slope",
    [(1.0, 1, 999), (1.01, 1.01**999, 999 * 1.01**998), (0.99, 0.99**999, 999 * 0.99**998), (0.01, 0, 0)],
)
def test_a_linear_unit_explodes_or_vanishes(weight, state, slope):
    """1000 steps of s <- w s from 1: about 20,000 for w = 1.01, next to nothing for 0.99; the same for its slope."""
    recurrent = torch.tensor([[weight]], dtype=torch.float64, requires_grad=True)
    inputs = torch.zeros(1000, 1, 1, dtype=torch.float64)
    inputs[0] = 1
    last = elman_scan(inputs, torch.zeros(1, 1, dtype=torch.float64), recurrent, "linear")[-1]
    last.sum().backward()
    assert last.item() == pytest.approx(state, rel=1e-9, abs=1e-300)
    assert recurrent.grad.item() == pytest.approx(slope, rel=1e-9, abs=1e-300)


def test_autocast_leaves_the_recurrence_in_full_precision(arrays):
    inputs, initial, recurrent = (a.detach().float() for a in arrays)
    with torch.autocast("cpu", torch.bfloat16):
        found = elman_scan(inputs.bfloat16(), initial, recurrent)
    assert found.dtype == torch.float32
    assert torch.equal(found, elman_scan(inputs.bfloat16().float(), initial, recurrent))


def test_layer_reads_symbols():
    torch.manual_seed(1)
    layer = Elman(5, HIDDEN, clip=0.01)
    symbols = torch.tensor([[0, 3], [3, 3], [1, 0]])
    states = layer(symbols, layer.initial(2))
    assert layer.initial(2).tolist() == [[pytest.approx(0.1)] * HIDDEN] * 2
    expected = elman_scan(layer.input.weight[symbols], layer.initial(2), layer.recurrent, clip=0.01)
    torch.testing.assert_close(states, expected)
    dense, recurrent = torch.autograd.grad(expected.square().sum(), [layer.input.weight, layer.recurrent])
    states.square().sum().backward()
    assert layer.input.weight.grad.is_sparse
    torch.testing.assert_close(layer.input.weight.grad.to_dense(), dense)
    torch.testing.assert_close(layer.recurrent.grad, recurrent)


def test_toolkit_init():
    torch.manual_seed(1)
    weight = toolkit_init_(torch.empty(200, 200))
    assert weight.std().item() == pytest.approx(0.1, rel=0.02)
    assert weight.mean().item() == pytest.approx(0, abs=0.002)
    assert 0.2 < weight.abs().max().item() <= 0.3  # the sum of three draws, not one of the same deviation
