import pytest
import torch
from torch.nn import functional as F

from common.output.full import FullSoftmax


def layer(hidden=4, symbols=7, bias=False):
    torch.manual_seed(1)
    output = FullSoftmax(hidden, symbols, bias).double()
    for weight in output.parameters():
        torch.nn.init.normal_(weight)
    return output


@pytest.fixture
def tokens():
    """Hidden states [N, H] and targets [N]."""
    draw = torch.Generator().manual_seed(2)
    return torch.randn(9, 4, generator=draw, dtype=torch.float64), torch.randint(7, (9,), generator=draw)


@pytest.mark.parametrize("bias", [False, True])
def test_equals_cross_entropy(tokens, bias):
    hidden, targets = tokens
    output, hidden = layer(bias=bias), hidden.requires_grad_()
    found = output(hidden, targets)
    expected = F.cross_entropy(F.linear(hidden, output.weight, output.bias), targets, reduction="none")
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    scale = torch.linspace(-1, 2, 9, dtype=torch.float64)  # every token's gradient has its own factor
    wanted = [hidden, *output.parameters()]
    gradients = [torch.autograd.grad(scale @ loss, wanted) for loss in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-10)


def test_gradcheck(tokens):
    hidden, targets = tokens
    output = layer(bias=True)

    def loss(hidden, weight, bias):
        return torch.func.functional_call(output, {"weight": weight, "bias": bias}, (hidden, targets))

    assert torch.autograd.gradcheck(loss, [hidden.requires_grad_(), *output.parameters()])


@pytest.mark.parametrize("bias", [False, True])
def test_log_probabilities(tokens, bias):
    hidden, targets = tokens
    output = layer(bias=bias)
    log_p = output.log_probabilities(hidden)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(9, dtype=torch.float64))
    torch.testing.assert_close(-log_p.gather(1, targets.unsqueeze(1)).squeeze(1), output(hidden, targets))


def test_a_probability_too_small_to_hold_gives_a_finite_loss_and_the_right_gradient():
    output = FullSoftmax(1, 2)
    torch.nn.init.constant_(output.weight, 0)
    with torch.no_grad():
        output.weight[0] = 1000
    hidden, target = torch.ones(1, 1, requires_grad=True), torch.tensor([1])
    loss = output(hidden, target)
    assert 80 < loss.item() < float("inf")
    loss.sum().backward()
    assert hidden.grad.item() == pytest.approx(1000) and output.weight.grad.flatten().tolist() == [1, -1]


def test_autocast_is_near(tokens):
    hidden, targets = tokens
    output = layer().float()
    with torch.autocast("cpu", torch.bfloat16):
        found = output(hidden.float(), targets)
    assert found.dtype == torch.float32
    exact = output(hidden.float(), targets)
    assert 0 < (found - exact).abs().max() < 0.1
    found.sum().backward()
    assert output.weight.grad.dtype == torch.float32
