import pytest
import torch

from common.cells.elman import Elman
from common.cells.scrn import SCRN, context_scan, hidden_scan

T, B, H, C, V = 7, 2, 4, 3, 9
SYMBOLS = torch.randint(V, (T, B), generator=torch.Generator().manual_seed(1))


def cell(hidden=H, context=C, **options) -> SCRN:
    torch.manual_seed(1)
    return SCRN(V, hidden, context, **options).double()


def by_the_equations(cell: SCRN, symbols, h, s):
    """One stream, unit by unit."""
    hidden, contexts = [], []
    alpha = torch.full((C,), cell.alpha, dtype=torch.float64) if cell.beta is None else torch.sigmoid(cell.beta)
    for x in symbols:
        before = s
        s = torch.stack([(1 - alpha[j]) * cell.of_context.weight[x, j] + alpha[j] * s[j] for j in range(C)])
        seen = s if cell.sees == "current" else before
        net = [
            sum(cell.between[i, j] * seen[j] for j in range(C))
            + cell.of_hidden.weight[x, i]
            + sum(cell.recurrent[i, k] * h[k] for k in range(H))
            for i in range(H)
        ]
        h = 1 / (1 + torch.exp(-torch.stack(net)))
        hidden.append(h)
        contexts.append(s)
    return torch.stack(hidden), torch.stack(contexts)


@pytest.mark.parametrize("sees", ["current", "previous"])
@pytest.mark.parametrize("learned", [False, True])
def test_states_and_gradients_are_those_of_a_plain_loop(sees, learned):
    ours = cell(sees=sees, learned=learned)
    found = ours(SYMBOLS, ours.initial(B))
    for b in range(B):
        for mine, theirs in zip(
            found, by_the_equations(ours, SYMBOLS[:, b], *(p[b] for p in ours.initial(B))), strict=True
        ):
            torch.testing.assert_close(mine[:, b], theirs, rtol=0, atol=1e-12)
    torch.cat(found, 2).square().sum().backward()
    gradients = {name: weight.grad.clone().to_dense() for name, weight in ours.named_parameters()}
    ours.zero_grad(set_to_none=True)
    sum(
        part.square().sum()
        for b in range(B)
        for part in by_the_equations(ours, SYMBOLS[:, b], *(p[b] for p in ours.initial(B)))
    ).backward()
    assert gradients.keys() >= {"recurrent", "between", "of_context.weight"} and ("beta" in gradients) == learned
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(gradients[name], weight.grad.to_dense(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("steps", [1, 2, 8, 13])
def test_the_scan_of_the_context_decays_its_inputs_by_their_age(steps):
    draw = torch.Generator().manual_seed(steps)
    inputs, initial = torch.randn(steps, B, C, generator=draw).double(), torch.randn(B, C, generator=draw).double()
    decay = torch.rand(C, generator=draw).double()
    expected = decay**steps * initial + sum(decay ** (steps - 1 - t) * inputs[t] for t in range(steps))
    torch.testing.assert_close(context_scan(inputs, initial, decay)[-1], expected, rtol=0, atol=1e-12)


def test_without_context_units_it_is_elmans_network_and_without_hidden_ones_the_context_is_left():
    ours, elman = cell(context=0), Elman(V, H, clip=float("inf")).double()
    elman.load_state_dict({"input.weight": ours.of_hidden.weight, "recurrent": ours.recurrent})
    h, s = ours(SYMBOLS, ours.initial(B))
    assert s.shape == (T, B, 0)
    torch.testing.assert_close(h, elman(SYMBOLS, elman.initial(B)), rtol=0, atol=1e-12)
    alone = cell(hidden=0)
    h, s = alone(SYMBOLS, alone.initial(B))
    assert (
        h.shape == (T, B, 0) and s.shape == (T, B, C) and dict(alone.named_parameters()).keys() == {"of_context.weight"}
    )


def test_the_error_of_the_hidden_units_is_rescaled_at_every_step_back():
    draw = torch.Generator().manual_seed(1)
    inputs = torch.randn(3, B, H, generator=draw).double().requires_grad_()
    recurrent = (4 * torch.randn(H, H, generator=draw)).double()
    h = hidden_scan(inputs, torch.zeros(B, H).double(), recurrent, most=0.5)
    h[-1].sum().backward()
    error = torch.ones(B, H).double()
    for t in (2, 1, 0):
        norm = error.square().sum().sqrt()
        error = error * min(1, 0.5 / norm)
        net = error * (h * (1 - h))[t]
        torch.testing.assert_close(inputs.grad[t], net, rtol=0, atol=1e-12)
        error = net @ recurrent
    inputs.grad = None
    hidden_scan(inputs, torch.zeros(B, H).double(), recurrent)[-1].sum().backward()
    assert not torch.allclose(inputs.grad[2], net)
