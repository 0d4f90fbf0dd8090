"""Algorithm 1: clipping by the norm over all weights, and the rule for gradients that are lost."""

import math

import pytest
import torch

from replications.pascanu2013_clipping.model import Network
from replications.pascanu2013_clipping.update import ClippedDescent

RATE = 0.5


@pytest.fixture
def network():
    net = Network(3, 4, 2, "tanh", "tanh", 1).double()
    torch.manual_seed(1)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    return net


@pytest.mark.parametrize("threshold", [0.1, 1.0, 100.0, math.inf])
def test_it_is_torchs_own_descent_with_torchs_own_clipping(network, threshold):
    other = Network(3, 4, 2, "tanh", "tanh", 1).double()
    for one, parameter in zip(other.parameters(), network.parameters(), strict=True):
        one.grad = parameter.grad.clone()
    torch.nn.utils.clip_grad_norm_(other.parameters(), threshold)
    torch.optim.SGD(other.parameters(), RATE).step()
    ClippedDescent(network, RATE, threshold).step()
    for one, parameter in zip(other.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(parameter, one, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e11])
def test_a_lost_gradient_shrinks_the_recurrent_weights_alone(network, value):
    network.output.grad[0, 0] = value
    old = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    ClippedDescent(network, RATE, 1.0).step()
    for name, weight in network.named_parameters():
        torch.testing.assert_close(weight.detach(), old[name] * (1 - 0.02 * RATE if name == "recurrent" else 1))
    ClippedDescent(network, RATE, math.inf).step()  # plain descent has no such rule
    assert not torch.isfinite(network.output[0, 0]) or abs(network.output[0, 0]) > 1e10
