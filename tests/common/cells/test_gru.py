"""The scan against a literal loop over the papers' equations and against torch's GRU, in float64."""

import pytest
import torch
from torch import nn

from common.cells.gru import GRU, RESETS, UPDATES, gru_scan
from common.errors import UserError

STEPS, BATCH, HIDDEN, INPUTS = 6, 3, 4, 5
VARIANTS = [(update, reset) for update in UPDATES for reset in RESETS]


@pytest.fixture
def arrays():
    """x [T, B, 3H], h(0) [B, H], U [3H, H], inner [B, H]."""
    draw = torch.Generator().manual_seed(1)
    shapes = (STEPS, BATCH, 3 * HIDDEN), (BATCH, HIDDEN), (3 * HIDDEN, HIDDEN), (BATCH, HIDDEN)
    return [torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_() for shape in shapes]


@pytest.fixture
def mask():
    """Sentences of 6, 4 and 1 words."""
    return torch.arange(STEPS).unsqueeze(1) < torch.tensor([6, 4, 1])


def loop(x, h, recurrent, inner, update, reset, mask=None):
    """The equations of Cho et al. (5-8, appendix) and Bahdanau et al. (A.1.1), one matrix and one unit at a time."""
    u_r, u_z, u = recurrent.split(HIDDEN)
    states = []
    for t in range(len(x)):
        x_r, x_z, x_g = x[t].split(HIDDEN, 1)
        r = torch.sigmoid(x_r + h @ u_r.t())
        z = torch.sigmoid(x_z + h @ u_z.t())
        g = torch.tanh(x_g + ((r * h) @ u.t() if reset == "before" else r * (h @ u.t() + inner)))
        following = (1 - z) * h + z * g if update == "new" else z * h + (1 - z) * g
        h = following if mask is None else torch.where(mask[t].unsqueeze(1), following, h)
        states.append(h)
    return torch.stack(states)


def gradients(states, arrays):
    weights = torch.randn(states.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return torch.autograd.grad((weights * states.square()).sum(), arrays)


def assert_close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("update, reset", VARIANTS)
def test_equals_the_equations(arrays, mask, update, reset, masked):
    x, initial, recurrent, inner = arrays
    mask = mask if masked else None
    used = arrays if reset == "after" else arrays[:3]
    options = {"update": update, "reset": reset, "mask": mask}
    found = gru_scan(x, initial, recurrent, inner=inner if reset == "after" else None, **options)
    expected = loop(*arrays, **options)
    assert_close(found, expected)
    assert_close(gradients(found, used), gradients(expected, used))


@pytest.mark.parametrize("update, reset", VARIANTS)
def test_a_step_is_a_scan_of_one(arrays, update, reset):
    x, initial, _, inner = arrays
    layer = GRU(INPUTS, HIDDEN, update=update, reset=reset).double()
    inner = inner if reset == "after" else None
    expected = gru_scan(x[:1], initial, layer.recurrent, update=update, reset=reset, inner=inner)[0]
    assert_close(layer.step(x[0], initial, 0.0 if inner is None else inner), expected)


def test_equals_torch(arrays):
    """``nn.GRU`` keeps the old state and resets after the product; its bias b_hn is reset with it."""
    torch.manual_seed(3)
    theirs = nn.GRU(INPUTS, HIDDEN, dtype=torch.float64)
    ours = GRU(INPUTS, HIDDEN, update="old", reset="after").double()
    b_gates, b_new = theirs.bias_hh_l0.split([2 * HIDDEN, HIDDEN])
    with torch.no_grad():
        ours.input.weight.copy_(theirs.weight_ih_l0)
        ours.input.bias.copy_(theirs.bias_ih_l0 + torch.cat([b_gates, torch.zeros(HIDDEN)]))
        ours.recurrent.copy_(theirs.weight_hh_l0)
    inputs = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64, requires_grad=True)
    initial = arrays[1]
    found = ours(inputs, initial, inner=b_new.expand(BATCH, -1))
    expected = theirs(inputs, initial.unsqueeze(0))[0]
    assert_close(found, expected)
    assert_close(
        gradients(found, [inputs, initial, ours.recurrent, ours.input.weight]),
        gradients(expected, [inputs, initial, theirs.weight_hh_l0, theirs.weight_ih_l0]),
    )


def test_the_update_conventions_mirror_each_other(arrays):
    """sigmoid(-a) = 1 - sigmoid(a): the other convention is the same network with the update gate negated."""
    x, initial, recurrent, _ = arrays
    sign = torch.ones(3 * HIDDEN, dtype=torch.float64)
    sign[HIDDEN : 2 * HIDDEN] = -1
    found = gru_scan(x * sign, initial, recurrent * sign.unsqueeze(1), update="old", reset="before")
    assert_close(found, gru_scan(x, initial, recurrent, update="new", reset="before"))
    assert not torch.allclose(found, gru_scan(x, initial, recurrent, update="old", reset="before"))


def test_the_place_of_the_reset_matters(arrays):
    x, initial, recurrent, _ = arrays
    before, after = (gru_scan(x, initial, recurrent, update="new", reset=reset) for reset in RESETS)
    assert not torch.allclose(before, after)


@pytest.mark.parametrize("backward", [False, True])
def test_padding_changes_nothing(mask, backward):
    """Each sentence of a padded batch has the states it has alone, read in either direction."""
    layer = GRU(INPUTS, HIDDEN, update="new").double()
    inputs = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    together = layer(inputs, mask=mask, backward=backward)
    for b, length in enumerate(mask.sum(0).tolist()):
        alone = layer(inputs[:length, b : b + 1], backward=backward)[:, 0]
        assert_close(together[:length, b], alone)


def test_backward_is_forward_on_the_reversed_sentence():
    layer = GRU(INPUTS, HIDDEN, update="new").double()
    inputs = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    assert_close(layer(inputs, backward=True), layer(inputs.flip(0)).flip(0))


def test_initialisation():
    layer = GRU(INPUTS, 64, update="new")
    for matrix in layer.recurrent.split(64):
        torch.testing.assert_close(matrix @ matrix.t(), torch.eye(64), atol=1e-5, rtol=0)
    assert layer.input.weight.std().item() == pytest.approx(0.01, rel=0.15)
    assert not layer.input.bias.any()


def test_mixed_precision_keeps_the_state_exact():
    layer = GRU(INPUTS, HIDDEN, update="new")
    inputs = torch.randn(STEPS, BATCH, INPUTS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = layer(inputs)
    assert states.dtype == torch.float32
    torch.testing.assert_close(states, layer(inputs), atol=0.02, rtol=0)


def test_bad_settings():
    with pytest.raises(UserError, match="unknown update convention 'newer'; did you mean 'new'"):
        GRU(INPUTS, HIDDEN, update="newer")
    with pytest.raises(UserError, match="unknown place of the reset"):
        GRU(INPUTS, HIDDEN, update="new", reset="during")
    with pytest.raises(ValueError, match="inner"):
        gru_scan(
            torch.zeros(1, 1, 3),
            torch.zeros(1, 1),
            torch.zeros(3, 1),
            update="new",
            reset="before",
            inner=torch.zeros(1, 1),
        )
