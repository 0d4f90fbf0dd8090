import pytest
import torch
from torch import nn

from common.cells.blstm import BLSTM, Scan, lstm_scan, reverse_each
from common.cells.blstm_kernel import CompiledScan

both = pytest.mark.parametrize("scan", [Scan.apply, CompiledScan.apply])


def plain_scan(gates, recurrent, peepholes):
    """The equations of the module, word by word, differentiated by torch."""
    width = recurrent.shape[1]
    y = s = gates.new_zeros(*gates.shape[1:3], width)
    outputs = []
    w_ci, w_cf, w_co = (peepholes[:, g].unsqueeze(1) for g in range(3))
    for net in gates:
        net_i, net_f, net_o, net_c = (net + y @ recurrent).chunk(4, dim=2)
        i, f = torch.sigmoid(net_i + w_ci * s), torch.sigmoid(net_f + w_cf * s)
        s = f * s + i * torch.tanh(net_c)
        y = torch.sigmoid(net_o + w_co * s) * torch.tanh(s)
        outputs.append(y)
    return torch.stack(outputs)


def tensors(steps=5, directions=2, batch=3, hidden=4):
    torch.manual_seed(1)
    shapes = (steps, directions, batch, 4 * hidden), (directions, hidden, 4 * hidden), (directions, 3, hidden)
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@both
def test_scan_is_the_equations_and_its_gradient_theirs(scan):
    inputs = tensors()
    ours, theirs = scan(*inputs), plain_scan(*inputs)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    error = torch.randn_like(ours)
    for a, b in zip(torch.autograd.grad(ours, inputs, error), torch.autograd.grad(theirs, inputs, error), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@both
def test_gradient_by_finite_differences(scan):
    assert torch.autograd.gradcheck(scan, tensors(steps=3, batch=2, hidden=2))


@both
def test_one_step_and_one_sequence(scan):
    inputs = tensors(steps=1, directions=1, batch=1, hidden=1)
    torch.testing.assert_close(scan(*inputs), plain_scan(*inputs))


def test_single_precision_is_close_to_double():
    inputs = tensors(steps=60, batch=5, hidden=20)
    inputs[1].data *= 0.1  # or errors would explode on the way back
    singles = [part.detach().float().requires_grad_() for part in inputs]
    expected, found = lstm_scan(*inputs), lstm_scan(*singles)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-5)
    error = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad(found, singles, error.float()), torch.autograd.grad(expected, inputs, error), strict=True
    ):
        torch.testing.assert_close(a.double(), b, rtol=0, atol=1e-5 * float(b.abs().max()))


def as_torch(ours: BLSTM) -> nn.LSTM:
    """The library's bidirectional LSTM with our weights; its gates are in the order i, f, cell, o."""
    hidden = ours.recurrent.shape[1]
    theirs = nn.LSTM(ours.input.shape[1], hidden, bidirectional=True).double()
    order = torch.cat([torch.arange(hidden) + g * hidden for g in (0, 1, 3, 2)])
    with torch.no_grad():
        for d, end in enumerate(("", "_reverse")):
            getattr(theirs, f"weight_ih_l0{end}").copy_(ours.input[d].t()[order])
            getattr(theirs, f"weight_hh_l0{end}").copy_(ours.recurrent[d].t()[order])
            getattr(theirs, f"bias_ih_l0{end}").copy_(ours.bias[d, 0][order])
            getattr(theirs, f"bias_hh_l0{end}").zero_()
    return theirs


def test_without_peepholes_it_is_torchs():
    torch.manual_seed(2)
    ours = BLSTM(3, 5, init_range=0.5).double()
    nn.init.zeros_(ours.peepholes)
    theirs, lengths = as_torch(ours), torch.tensor([7, 4, 1])
    x = torch.randn(7, 3, 3, dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
    expected, _ = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0])
    found = ours(x, lengths)
    for b, length in enumerate(lengths):
        torch.testing.assert_close(found[:length, b], expected[:length, b], rtol=0, atol=1e-10)


def test_peepholes_change_the_output():
    torch.manual_seed(2)
    layer, x, lengths = BLSTM(3, 5), torch.randn(6, 2, 3), torch.tensor([6, 6])
    with_them = layer(x, lengths)
    nn.init.zeros_(layer.peepholes)
    assert not torch.allclose(with_them, layer(x, lengths), atol=1e-4)


def test_padding_changes_nothing():
    torch.manual_seed(3)
    layer, x = BLSTM(3, 4).double(), torch.randn(9, 2, 3, dtype=torch.float64)
    lengths = torch.tensor([9, 5])
    alone = layer(x[:5, 1:], torch.tensor([5]))
    x[5:, 1] = 100.0
    found = layer(x, lengths)
    torch.testing.assert_close(found[:5, 1], alone[:, 0])
    found[:5, 1].sum().backward()
    gradient = layer.recurrent.grad.clone()
    layer.zero_grad()
    layer(x[:5, 1:], torch.tensor([5])).sum().backward()
    torch.testing.assert_close(gradient, layer.recurrent.grad)


def test_reverse_each_within_its_length():
    x = torch.arange(4.0).reshape(4, 1, 1).expand(4, 2, 1)
    assert reverse_each(x, torch.tensor([4, 2]))[..., 0].t().tolist() == [[3, 2, 1, 0], [1, 0, 2, 3]]


@pytest.mark.parametrize(("inputs", "hidden", "weights"), [(26, 100, 102_200), (1, 1, 2 * (4 * 3 + 3))])
def test_number_of_weights(inputs, hidden, weights):
    with torch.device("meta"):
        assert sum(w.numel() for w in BLSTM(inputs, hidden).parameters()) == weights


def test_one_direction_is_the_forward_half():
    torch.manual_seed(1)
    two, one = BLSTM(3, 4).double(), BLSTM(3, 4, directions=1).double()
    one.load_state_dict({name: weight[:1] for name, weight in two.state_dict().items()})
    x, lengths = torch.randn(5, 2, 3, dtype=torch.float64), torch.tensor([5, 3])
    torch.testing.assert_close(one(x, lengths), two(x, lengths)[..., :4], rtol=0, atol=1e-12)
