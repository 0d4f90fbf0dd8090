"""The LSTM with projection against torch's own and against finite differences, in float64."""

import pytest
import torch
from torch import nn

from common.cells.lstm_projected import ProjectedLSTM


def pair(input=3, cells=7, projection=4):
    torch.manual_seed(1)
    ours = ProjectedLSTM(input, cells, projection).double()
    nn.init.normal_(ours.bias)
    theirs = nn.LSTM(input, cells, proj_size=projection).double()
    with torch.no_grad():
        for mine, its in (
            ("input", "weight_ih_l0"),
            ("recurrent", "weight_hh_l0"),
            ("bias", "bias_ih_l0"),
            ("projection", "weight_hr_l0"),
        ):
            getattr(theirs, its).copy_(getattr(ours, mine))
        theirs.bias_hh_l0.zero_()
    return ours, theirs


def test_equals_torch_forwards_and_backwards():
    ours, theirs = pair()
    x = torch.randn(6, 5, 3, dtype=torch.float64, requires_grad=True)
    r, c = torch.randn(5, 4, dtype=torch.float64), torch.randn(5, 7, dtype=torch.float64)
    found, (last_r, last_c) = ours(x, (r, c))
    expected, (their_r, their_c) = theirs(x, (r[None], c[None]))
    torch.testing.assert_close((found, last_r, last_c), (expected, their_r[0], their_c[0]), rtol=1e-10, atol=1e-12)
    direction = torch.randn_like(found)
    mine = torch.autograd.grad((found * direction).sum() + last_c.sum(), [x, *ours.parameters()])
    order = theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0, theirs.weight_hr_l0
    its = torch.autograd.grad((expected * direction).sum() + their_c.sum(), [x, *order])
    torch.testing.assert_close(mine, its, rtol=1e-10, atol=1e-12)


def test_projection_as_wide_as_the_cells():
    """LSTM-512-512, which torch refuses; every gradient by finite differences."""
    torch.manual_seed(2)
    layer = ProjectedLSTM(2, 3, 3).double()
    x, r, c = (torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((4, 2, 2), (2, 3), (2, 3)))

    def run(x, r, c):
        return layer(x, (r, c))[0]

    assert torch.autograd.gradcheck(run, (x, r, c))
    loss = run(x, r, c).square().sum()
    for weight, gradient in zip(layer.parameters(), torch.autograd.grad(loss, list(layer.parameters())), strict=True):
        place = tuple(0 for _ in weight.shape)
        with torch.no_grad():
            before = weight[place].item()
            sides = []
            for step in (1e-6, -1e-6):
                weight[place] = before + step
                sides.append(run(x, r, c).square().sum().item())
            weight[place] = before
        assert gradient[place].item() == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_state_is_carried_over_windows_and_forget_gates_start_open():
    layer = ProjectedLSTM(3, 7, 4).double()
    assert layer.bias.tolist() == 7 * [0] + 7 * [1] + 14 * [0]
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    whole, _ = layer(x, layer.initial(2))
    first, state = layer(x[:2], layer.initial(2))
    second, _ = layer(x[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
