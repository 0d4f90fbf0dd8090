"""The scan and its way back against autograd through a plain loop; the regulariser against a slow, literal one."""

import numpy as np
import pytest
import torch

from common import config
from replications.pascanu2013_clipping import model, model_kernel
from replications.pascanu2013_clipping.model import Network

T, B, INPUTS, H, OUTPUTS = 7, 4, 5, 6, 2


def network(activation="tanh", initialisation="tanh"):
    net = Network(INPUTS, H, OUTPUTS, activation, initialisation, 1).double()
    torch.nn.init.normal_(net.bias, std=0.1, generator=torch.Generator().manual_seed(3))  # shows more than 0
    return net


def inputs():
    return torch.from_numpy(np.random.default_rng(5).normal(size=(T, B, INPUTS)))


def plain_states(net, sequence, start=None):
    """What the equation says, one step after another: a list of ``[B, H]``."""
    squash = torch.tanh if net.activation == "tanh" else torch.sigmoid
    states = [torch.zeros(B, H, dtype=torch.float64) if start is None else start]
    for u in sequence:
        states.append(squash(states[-1] @ net.recurrent + u @ net.input + net.bias))
    return states[1:]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_states_and_gradients_are_those_of_a_plain_loop(activation):
    net, start = network(activation), torch.randn(B, H, dtype=torch.float64, requires_grad=True)
    weight = torch.from_numpy(np.random.default_rng(6).normal(size=(T, B, OUTPUTS)))
    states = net.states(inputs(), start)
    loss = (net.outputs(states) * weight).sum()
    ours = torch.autograd.grad(loss, [*net.parameters(), start])
    expected = torch.stack(plain_states(net, inputs(), start))
    outputs = expected @ net.output + net.output_bias
    theirs = torch.autograd.grad((outputs * weight).sum(), [*net.parameters(), start])
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def literal_regulariser(net, sequence, weight):
    """Equations 9 and 10 word by word: Jacobians as matrices, states and signals held constant."""
    states = plain_states(net, sequence)
    loss = (states[-1] * weight).sum() + (states[2] ** 2).sum()
    signals = torch.autograd.grad(loss, states)
    terms = []
    for k in range(T - 1):
        for b in range(B):
            h = states[k + 1][b].detach()
            slope = 1 - h**2 if net.activation == "tanh" else h * (1 - h)
            jacobian = torch.diag(slope) @ net.recurrent.T  # d h_{k+1} / d h_k
            d = signals[k + 1][b].detach()
            terms.append(((d @ jacobian).square().sum() / d.square().sum() - 1) ** 2)
    return torch.stack(terms).mean()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_the_regulariser_changes_the_recurrent_weights_alone_and_by_its_immediate_derivative(activation):
    net, weight = network(activation), torch.randn(B, H, dtype=torch.float64)

    def gradients(alpha):
        states = net.states(inputs(), alpha=alpha)
        return torch.autograd.grad(
            (states[-1] * weight).sum() + (states[2] ** 2).sum(), list(net.parameters()), allow_unused=True
        )

    names = [name for name, _ in net.named_parameters()]
    for name, off, on in zip(names, gradients(0.0), gradients(4.0), strict=True):
        if name != "recurrent":
            assert off is on is None or torch.equal(off, on)
            continue
        (expected,) = torch.autograd.grad(literal_regulariser(net, inputs(), weight), net.recurrent)
        torch.testing.assert_close(on - off, 4 * expected, rtol=1e-9, atol=1e-12)
        assert (on - off).abs().max() > 1e-6


@pytest.mark.parametrize("alpha", [0.0, 2.0])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_the_compiled_loops_do_what_those_of_the_library_do(activation, alpha, monkeypatch):
    net = network(activation).float()
    start = torch.rand(B, H, generator=torch.Generator().manual_seed(2)).requires_grad_()
    assert model.suits(inputs().float())

    def found(compiled):  # not by another FEW: what is compiled would keep it
        monkeypatch.setattr(model, "suits", lambda drive: compiled)
        states = net.states(inputs().float(), start, alpha)
        weights = [net.recurrent, net.input, net.bias, start]
        return [states, *torch.autograd.grad((states**2).sum() + states[-1].sum(), weights)]

    torch.testing.assert_close(found(True), found(False), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 4, 7, 8, 9])
@pytest.mark.parametrize(("hidden", "outputs"), [(1, 1), (5, 6), (8, 8), (33, 15)])
def test_the_compiled_product_is_that_of_matrices(batch, hidden, outputs):
    rng = np.random.default_rng(7)
    rows, left = (rng.normal(size=(n, hidden)).astype(np.float32) for n in (outputs, batch))
    out = np.full((batch, outputs), np.nan, np.float32)
    model_kernel.multiply(left, rows if batch <= model_kernel.FEW else rows.T.copy(), out)
    np.testing.assert_allclose(out, left.astype(float) @ rows.T.astype(float), rtol=1e-5, atol=1e-5)


def test_signals_that_keep_their_length_are_left_alone_and_dead_ones_do_not_count():
    signals = torch.randn(T, B, H, dtype=torch.float64)
    turned = signals.flip(-1)  # as long as before
    torch.testing.assert_close(model.regulariser_left(signals, turned), torch.zeros_like(signals))
    halved = model.regulariser_left(signals, 0.5 * turned)
    signals[:4] *= 1e-12
    left = model.regulariser_left(signals, 0.5 * turned)
    assert not left[:4].any()
    torch.testing.assert_close(left[4:], halved[4:] * T / (T - 4))  # the mean is over those that count


def test_an_input_may_be_the_number_of_the_one_that_is_1():
    net, number = network(), torch.randint(INPUTS, (T, B), generator=torch.Generator().manual_seed(4))
    found = []
    for inputs in (number, torch.nn.functional.one_hot(number, INPUTS).double()):
        states = net.states(inputs)
        found.append([states, *torch.autograd.grad(states.square().sum(), [net.input, net.bias])])
    torch.testing.assert_close(*found)


def test_initialisations():
    """Standard deviations, not variances; the smart one is sparse by rows, with spectral radius 0.95."""
    for name, deviation in (("sigmoid", 0.01), ("tanh", 0.1)):
        for weight in model.initial(80, 90, 70, name, 1):
            assert abs(weight.std() / deviation - 1) < 0.05 and abs(weight.mean()) < 3 * deviation / 70
    w_in, w_rec, w_out = model.initial(80, 90, 70, "smart", 1)
    assert abs(w_in.std() / 0.01 - 1) < 0.05 and abs(w_out.std() / 0.01 - 1) < 0.05
    assert ((w_rec != 0).sum(1) == 15).all() and len(set((w_rec != 0).sum(0))) > 3
    assert abs(np.abs(np.linalg.eigvals(w_rec)).max() - 0.95) < 1e-9
    net = Network(INPUTS, H, OUTPUTS, "tanh", "tanh", 1)
    assert not net.bias.any() and not net.output_bias.any()


@pytest.mark.parametrize(
    "name, size, count",
    [
        ("tanh_cr", (6, 4), 6 * 50 + 50 * 50 + 50 + 50 * 4 + 4),
        ("nottingham_c", (88, 88), 88 * 300 * 2 + 300 * 300 + 300 + 88),
        ("characters_cr", (50, 50), 50 * 500 * 2 + 500 * 500),  # no biases
    ],
)
def test_weights_at_the_papers_scale(name, size, count):
    paper = "pascanu2013_clipping"
    settings = config.validate(paper, config.resolve(paper, name, "paper"), name)
    net = Network(size[0], settings.hidden, size[1], settings.activation, settings.initialisation, 1, settings.biases)
    assert sum(weight.numel() for weight in net.parameters() if weight.requires_grad) == count
