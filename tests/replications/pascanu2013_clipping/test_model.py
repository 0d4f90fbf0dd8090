"""The scan and its way back against autograd through a plain loop; the regulariser against a slow, literal one."""

import numpy as np
import pytest
import torch
from torch import nn

from common import config
from replications.pascanu2013_clipping import model, scan
from replications.pascanu2013_clipping.model import Replicas

T, R, B, INPUTS, H, OUTPUTS = 7, 3, 4, 5, 6, 2


def network(activation="tanh", initialisation="tanh", seeds=(1, 2, 3)):
    return Replicas(INPUTS, H, OUTPUTS, activation, initialisation, seeds).double()


def inputs(steps=T, replicas=R):
    return torch.from_numpy(np.random.default_rng(5).normal(size=(steps, replicas, B, INPUTS)))


def plain_states(net, sequence, replica, start=None):
    """What the equation says, one step after another, for one replica: a list of ``[B, H]``."""
    squash = torch.tanh if net.activation == "tanh" else torch.sigmoid
    states = [torch.zeros(B, H, dtype=torch.float64) if start is None else start]
    for u in sequence[:, replica]:
        states.append(squash(states[-1] @ net.recurrent[replica] + u @ net.input[replica] + net.bias[replica]))
    return states[1:]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_states_and_gradients_are_those_of_a_plain_loop(activation):
    net, start = network(activation), torch.randn(R, B, H, dtype=torch.float64, requires_grad=True)
    weight = torch.from_numpy(np.random.default_rng(6).normal(size=(T, R, B, OUTPUTS)))
    states = net.states(inputs(), start)
    loss = (net.outputs(states) * weight).sum()
    ours = torch.autograd.grad(loss, [*net.parameters(), start])
    plain = [plain_states(net, inputs(), r, start[r]) for r in range(R)]
    expected = torch.stack([torch.stack(each) for each in plain], 1)
    outputs = torch.stack([expected[:, r] @ net.output[r] + net.output_bias[r] for r in range(R)], 1)
    theirs = torch.autograd.grad((outputs * weight).sum(), [*net.parameters(), start])
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def literal_regulariser(net, sequence, replica, weight):
    """Equations 9 and 10 word by word: Jacobians as matrices, states and signals held constant."""
    states = plain_states(net, sequence, replica)
    loss = (states[-1] * weight).sum() + (states[2] ** 2).sum()
    signals = torch.autograd.grad(loss, states)
    terms = []
    for k in range(T - 1):
        for b in range(B):
            h = states[k + 1][b].detach()
            slope = 1 - h**2 if net.activation == "tanh" else h * (1 - h)
            jacobian = torch.diag(slope) @ net.recurrent[replica].T  # d h_{k+1} / d h_k
            d = signals[k + 1][b].detach()
            terms.append(((d @ jacobian).square().sum() / d.square().sum() - 1) ** 2)
    return torch.stack(terms).mean()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_the_regulariser_changes_the_recurrent_weights_alone_and_by_its_immediate_derivative(activation):
    net, weight = network(activation), torch.randn(B, H, dtype=torch.float64)
    alpha = torch.tensor([0.0, 0.5, 4.0], dtype=torch.float64)

    def gradients(weights_of_omega):
        states = net.states(inputs(), alpha=weights_of_omega)
        return torch.autograd.grad(
            (states[-1] * weight).sum() + (states[2] ** 2).sum(), list(net.parameters()), allow_unused=True
        )

    names = [name for name, _ in net.named_parameters()]
    for name, off, on in zip(names, gradients(None), gradients(alpha), strict=True):
        if name != "recurrent":
            assert off is on is None or torch.equal(off, on)
            continue
        for r in range(R):
            (expected,) = torch.autograd.grad(literal_regulariser(net, inputs(), r, weight), net.recurrent)
            torch.testing.assert_close(on[r] - off[r], alpha[r] * expected[r], rtol=1e-9, atol=1e-12)
        assert (on[2] - off[2]).abs().max() > 1e-6


@pytest.mark.parametrize("alpha", [None, 2.0])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_the_compiled_loops_do_what_those_of_the_library_do(activation, alpha, monkeypatch):
    net = network(activation).float()
    start = torch.rand(R, B, H, generator=torch.Generator().manual_seed(2)).requires_grad_()
    taken = []

    def found(few):
        monkeypatch.setattr(scan, "FEW", few)
        states = net.states(inputs().float(), start, alpha and torch.full((R,), alpha))
        taken.append(scan.suits(states))
        return [states, *torch.autograd.grad((states ** 2).sum() + states[-1].sum(), [net.recurrent, net.input, start])]

    torch.testing.assert_close(found(B), found(B - 1), rtol=1e-4, atol=1e-5)
    assert taken == [True, False]


@pytest.mark.parametrize("batch", [1, 3, 4, 7, 8])
@pytest.mark.parametrize(("hidden", "outputs"), [(1, 1), (5, 6), (8, 8), (33, 15)])
def test_the_compiled_product_is_that_of_matrices(batch, hidden, outputs):
    rng = np.random.default_rng(7)
    rows, left = (rng.normal(size=(n, hidden)).astype(np.float32) for n in (outputs, batch))
    out = np.full((batch, outputs), np.nan, np.float32)
    scan.multiply(rows, left, out)
    np.testing.assert_allclose(out, left.astype(float) @ rows.T.astype(float), rtol=1e-5, atol=1e-5)


def test_omega_of_signals_that_keep_their_length_is_0_and_dead_ones_do_not_count():
    signals = torch.randn(T, R, B, H, dtype=torch.float64)
    turned = signals.flip(-1)  # as long as before
    torch.testing.assert_close(model.regulariser(signals, turned), torch.zeros(R, dtype=torch.float64))
    halved = model.regulariser(signals, 0.5 * turned)
    torch.testing.assert_close(halved, torch.full((R,), (0.25 - 1) ** 2, dtype=torch.float64))
    signals[:4] *= 1e-12
    torch.testing.assert_close(model.regulariser(signals, 0.5 * turned), halved)
    assert not model.regulariser_left(0 * signals, turned).any()


def test_a_replica_is_the_network_of_its_seed_alone():
    net, alone = network(), network(seeds=(2,))
    for a, b in zip(net.select([1]).parameters(), alone.parameters(), strict=True):
        assert torch.equal(a, b)
    torch.testing.assert_close(net.states(inputs())[:, 1:2], alone.states(inputs()[:, 1:2]))


def test_an_input_may_be_the_number_of_the_one_that_is_1():
    net, number = network(), torch.randint(INPUTS, (T, R, B), generator=torch.Generator().manual_seed(4))
    found = []
    for inputs in (number, torch.nn.functional.one_hot(number, INPUTS).double()):
        states = net.states(inputs)
        found.append([states, *torch.autograd.grad(states.square().sum(), [net.input, net.bias])])
    torch.testing.assert_close(*found)


def test_the_last_state_needs_no_memory_of_the_others():
    for activation in ("tanh", "sigmoid"):
        net = network(activation)
        torch.testing.assert_close(net.last_state(inputs()), net.states(inputs())[-1])


def test_initialisations():
    """Standard deviations, not variances; the smart one is sparse by rows, with spectral radius 0.95."""
    for name, deviation in (("sigmoid", 0.01), ("tanh", 0.1)):
        for weight in model.initial(80, 90, 70, name, 1):
            assert abs(weight.std() / deviation - 1) < 0.05 and abs(weight.mean()) < 3 * deviation / 70
    w_in, w_rec, w_out = model.initial(80, 90, 70, "smart", 1)
    assert abs(w_in.std() / 0.01 - 1) < 0.05 and abs(w_out.std() / 0.01 - 1) < 0.05
    assert ((w_rec != 0).sum(1) == 15).all() and len(set((w_rec != 0).sum(0))) > 3
    assert abs(np.abs(np.linalg.eigvals(w_rec)).max() - 0.95) < 1e-9
    assert network(initialisation="smart").bias.abs().max() == 0


@pytest.mark.parametrize(
    "name, size, count",
    [
        ("tanh_cr", (6, 4), 6 * 50 + 50 * 50 + 50 + 50 * 4 + 4),
        ("nottingham_c", (88, 88), 88 * 300 * 2 + 300 * 300 + 300 + 88),
        ("characters_cr", (50, 50), 50 * 500 * 2 + 500 * 500),  # no biases
    ],
)
def test_networks_at_the_papers_scale_on_meta(name, size, count):
    paper = "pascanu2013_clipping"
    settings = config.validate(paper, config.resolve(paper, name, "paper"), name)
    shapes = {
        "input": (size[0], settings.hidden),
        "recurrent": (settings.hidden, settings.hidden),
        "output": (settings.hidden, size[1]),
    }
    with torch.device("meta"):
        weights = [nn.Parameter(torch.empty(shape)) for shape in shapes.values()]
        if settings.biases:
            weights += [nn.Parameter(torch.empty(settings.hidden)), nn.Parameter(torch.empty(size[1]))]
    net = Replicas(
        size[0], settings.hidden, size[1], settings.activation, settings.initialisation, (1,), settings.biases
    )
    ours = sum(p.shape[1:].numel() for p in net.parameters() if p.requires_grad)
    assert ours == count == sum(weight.numel() for weight in weights)
