"""Algorithm 1: clipping by the norm over all parameters of a replica, and the rule for gradients that are lost."""

import pytest
import torch

from replications.pascanu2013_clipping.model import Replicas
from replications.pascanu2013_clipping.update import descend

RATE = torch.tensor([0.5, 0.25], dtype=torch.float64)


@pytest.fixture
def network():
    net = Replicas(3, 4, 2, "tanh", "tanh", (1, 2)).double()
    torch.manual_seed(1)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    return net


def before(net):
    return {name: (p.detach().clone(), p.grad.clone()) for name, p in net.named_parameters()}


def test_without_clipping_it_is_plain_descent(network):
    old = before(network)
    norms = descend(network, RATE, None, 1.0)
    for name, parameter in network.named_parameters():
        weight, gradient = old[name]
        torch.testing.assert_close(parameter.detach(), weight - RATE.view(-1, 1, 1) * gradient)
        assert parameter.grad is None
    expected = [torch.cat([g[r].flatten() for _, g in old.values()]).norm() for r in range(2)]
    torch.testing.assert_close(norms, torch.stack(expected))


@pytest.mark.parametrize("threshold", [0.1, 1.0, 100.0])
def test_by_norm_it_is_torchs_own_clipping_of_each_replica(network, threshold):
    old = before(network)
    descend(network, RATE, "norm", threshold)
    for r in range(2):
        alone = [torch.nn.Parameter(weight[r].clone()) for weight, _ in old.values()]
        for parameter, (_, gradient) in zip(alone, old.values(), strict=True):
            parameter.grad = gradient[r].clone()
        torch.nn.utils.clip_grad_norm_(alone, threshold)
        for parameter, ours in zip(alone, network.parameters(), strict=True):
            torch.testing.assert_close(
                ours[r].detach(), (parameter - RATE[r] * parameter.grad).detach(), rtol=1e-5, atol=1e-6
            )


def test_by_elements_each_entry_stays_within_bounds(network):
    old = before(network)
    descend(network, RATE, "elements", 0.3)
    for name, parameter in network.named_parameters():
        weight, gradient = old[name]
        torch.testing.assert_close(parameter.detach(), weight - RATE.view(-1, 1, 1) * gradient.clamp(-0.3, 0.3))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e11])
@pytest.mark.parametrize("clipping", ["norm", "elements"])
def test_a_lost_gradient_shrinks_the_recurrent_weights_of_its_replica_alone(network, value, clipping):
    network.output.grad[0, 0, 0] = value
    old = before(network)
    descend(network, RATE, clipping, 1.0)
    for name, parameter in network.named_parameters():
        weight = old[name][0]
        shrunk = weight[0] * (1 - 0.5 * 0.02) if name == "recurrent" else weight[0]
        torch.testing.assert_close(parameter[0].detach(), shrunk)
        assert not torch.equal(parameter[1].detach(), weight[1])
