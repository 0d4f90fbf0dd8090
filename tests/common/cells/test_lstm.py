"""The memory cells against the built-in network, a loop by hand, and derivatives carried by hand, in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from common.cells.lstm import LSTM, State
from common.errors import UserError

STEPS, BATCH, INPUTS = 6, 2, 3

FORGETS = {"forget_gate": True, "gates_see_gates": False}
LAG_2A = {"output_gate": False, "recurrent": False, "gate_bias": False, "g": "logistic", "h": "identity"}
NETWORKS = {
    "1997": {},
    "1997, all biases": {"cell_bias": True},
    "1997, no biases": {"gate_bias": False},
    "1997, 2a": LAG_2A,
    "2000": FORGETS,
    "2000, gates see gates": {"forget_gate": True, "h": "logistic"},
    "2000, decay": {"state_decay": 0.9, "g": "identity", "gates_see_gates": False},
}
every_network = pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)


def network(seed=1, inputs=INPUTS, blocks=2, size=2, **options) -> LSTM:
    """Float64, with weights large enough to leave the linear part of every squashing function."""
    torch.manual_seed(seed)
    return LSTM(inputs, blocks, size, init_range=1.5, **options).double()


def draw(*shape, seed=2) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random_state(lstm: LSTM, batch=BATCH) -> State:
    return State(*(draw(*part.shape, seed=seed) for seed, part in enumerate(lstm.initial(batch))))


def assert_close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [1, 2])
def test_equals_the_builtin_network(size):
    """g(x) = 2 tanh(x/2) and h(x) = tanh(x/2): with half the weights into its cells, ``nn.LSTM`` holds s/2.

    Cells of one block share their gates: the built-in network repeats these.
    """
    ours = network(size=size, cell_bias=True, **FORGETS)
    cells = 2 * size
    w = ours.weight * ours.mask
    rows = [w[ours.units[kind]].repeat_interleave(size, dim=0) for kind in ("in", "phi", "out")]
    rows.insert(2, w[ours.units["c"]] / 2)  # the order of the built-in network: input, forget, cell, output
    rows = torch.cat(rows)
    builtin = nn.LSTM(INPUTS, cells, dtype=torch.float64)
    weights = {
        "weight_ih_l0": rows[:, :INPUTS],
        "weight_hh_l0": rows[:, INPUTS : INPUTS + cells],
        "bias_ih_l0": rows[:, -1],
        "bias_hh_l0": torch.zeros(4 * cells, dtype=torch.float64),
    }
    x, start = draw(STEPS, BATCH, INPUTS), random_state(ours)
    initial = start.y[:, :cells].unsqueeze(0), start.s.unsqueeze(0) / 2
    expected, (last, last_half) = torch.func.functional_call(builtin, weights, (x, initial))
    trace, state = ours(x, start)
    assert_close(trace.y_c, expected)
    assert_close((state.y[:, :cells], state.s / 2), (last[0], last_half[0]))
    r = draw(*expected.shape)
    (found,) = torch.autograd.grad((r * trace.y_c).sum(), ours.weight)
    assert_close(found, torch.autograd.grad((r * expected).sum(), ours.weight)[0])


def logistic(a):
    return 1 / (1 + np.exp(-a))


# name -> (function, derivative)
LOGISTIC = (logistic, lambda a: logistic(a) * (1 - logistic(a)))
IDENTITY = (lambda a: a, lambda a: 1.0)
BY_HAND_G = {
    "centred": (lambda a: 2 * np.tanh(a / 2), lambda a: 1 / np.cosh(a / 2) ** 2),
    "logistic": LOGISTIC,
    "identity": IDENTITY,
}
BY_HAND_H = {
    "centred": (lambda a: np.tanh(a / 2), lambda a: 0.5 / np.cosh(a / 2) ** 2),
    "logistic": LOGISTIC,
    "identity": IDENTITY,
}


def by_hand(lstm: LSTM, w, x, error):
    """One sequence, one unit at a time, the partial derivatives ds/dw carried forward (1997 and 2000, appendices).

    Args: weights [U, M], inputs [T, I], error [T, J*S] = dL/dy_c. Returns y_c, s, {gate: [T, J]}, truncated dL/dw.
    """
    (f, df), (g, dg), (h, dh) = LOGISTIC, BY_HAND_G[lstm.g], BY_HAND_H[lstm.h]
    where, size = lstm.units, lstm.size
    first = {kind: each.start for kind, each in where.items()}
    cells = where["c"].stop
    s, y = np.zeros(cells), np.zeros(len(w))
    ds = {kind: np.zeros((cells, w.shape[1])) for kind in ("c", "in", "phi")}  # of each cell, for its own three units
    dw, outputs, states, gates = np.zeros_like(w), [], [], {kind: [] for kind in where if kind != "c"}
    for t, x_t in enumerate(x):
        source = np.concatenate([x_t, y, [1.0]])
        net = [sum(weight * u for weight, u in zip(row, source, strict=True)) for row in w]
        y_new = np.array([f(a) for a in net])
        s_new = np.zeros(cells)
        for c in range(cells):
            unit = {kind: start + c // size for kind, start in first.items() if kind != "c"}
            y_in, net_in = y_new[unit["in"]], net[unit["in"]]
            y_out = y_new[unit["out"]] if "out" in unit else 1.0
            y_phi = y_new[unit["phi"]] if "phi" in unit else 1.0
            keep = lstm.state_decay * y_phi
            s_new[c] = keep * s[c] + y_in * g(net[c])
            y_new[c] = y_out * h(s_new[c])
            ds["c"][c] = keep * ds["c"][c] + y_in * dg(net[c]) * source
            ds["in"][c] = keep * ds["in"][c] + g(net[c]) * df(net_in) * source
            e_s = error[t, c] * y_out * dh(s_new[c])
            dw[c] += e_s * ds["c"][c]
            dw[unit["in"]] += e_s * ds["in"][c]
            if "out" in unit:
                dw[unit["out"]] += error[t, c] * h(s_new[c]) * df(net[unit["out"]]) * source
            if "phi" in unit:
                ds["phi"][c] = keep * ds["phi"][c] + lstm.state_decay * s[c] * df(net[unit["phi"]]) * source
                dw[unit["phi"]] += e_s * ds["phi"][c]
        s, y = s_new, y_new
        outputs.append(y[:cells])
        states.append(s)
        for kind in gates:
            gates[kind].append(y[where[kind]])
    return np.array(outputs), np.array(states), {k: np.array(v) for k, v in gates.items()}, dw * lstm.mask.numpy()


@every_network
def test_equals_the_loop_and_the_derivatives_carried_by_hand(options):
    lstm = network(truncated=True, **options)
    x, error = draw(STEPS, BATCH, INPUTS), draw(STEPS, BATCH, 4, seed=3)
    trace, _ = lstm(x)
    (error * trace.y_c).sum().backward()
    weight = (lstm.weight * lstm.mask).detach().numpy()
    gradient = torch.zeros_like(lstm.weight)
    for b in range(BATCH):
        outputs, states, gates, dw = by_hand(lstm, weight, x[:, b].numpy(), error[:, b].numpy())
        assert_close(trace.y_c[:, b].detach(), torch.from_numpy(outputs))
        assert_close(trace.s[:, b].detach(), torch.from_numpy(states))
        for kind in ("in", "out", "phi"):
            found = getattr(trace, f"y_{kind}")
            assert (found is None) == (kind not in gates)
            if kind in gates:
                assert_close(found[:, b].detach(), torch.from_numpy(gates[kind]))
        gradient += torch.from_numpy(dw)
    assert_close(lstm.weight.grad, gradient)


@every_network
def test_gradcheck_of_the_full_gradient(options):
    lstm = network(blocks=1, **options)

    def run(weight, x, s, y):
        trace, state = torch.func.functional_call(lstm, {"weight": weight}, (x, State(s, y)))
        return torch.cat([part.flatten() for part in (*trace, *state) if part is not None])

    arrays = lstm.weight.detach(), draw(3, 1, INPUTS), *random_state(lstm, batch=1)
    assert torch.autograd.gradcheck(run, [a.requires_grad_() for a in arrays])


def both_gradients(steps=STEPS, recurrent_weights=1.0, **options):
    """dL/dw, truncated and full, of the same outputs; the weights from units of t-1 are scaled."""
    x, found = draw(steps, BATCH, INPUTS), []
    for truncated in True, False:
        lstm = network(truncated=truncated, **options)
        with torch.no_grad():
            lstm.weight[:, INPUTS:-1] *= recurrent_weights
        outputs = lstm(x)[0].y_c
        found.append((outputs, *torch.autograd.grad((draw(*outputs.shape, seed=3) * outputs).sum(), lstm.weight)))
    (one, truncated), (other, full) = found
    assert torch.equal(one, other)  # what is cut is the error, never the activation
    return truncated, full


@pytest.mark.parametrize("options", [{}, FORGETS], ids=["1997", "2000"])
def test_truncation_changes_the_gradient_of_every_kind_of_unit(options):
    truncated, full = both_gradients(**options)
    for unit in range(len(full)):
        assert not torch.allclose(truncated[unit], full[unit], rtol=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 1},
        {"steps": 1} | FORGETS,  # nothing came before
        LAG_2A,  # nothing of t-1 enters a unit
        {"recurrent_weights": 0.0},
        {"recurrent_weights": 0.0} | FORGETS,  # no error comes back through a zero
    ],
)
def test_truncation_changes_nothing_without_a_way_back_through_the_nets(options):
    truncated, full = both_gradients(**options)
    assert_close(truncated, full)


@every_network
def test_the_full_gradient_adds_the_paths_through_the_activations_before_and_nothing_else(options):
    """Cut every y(t-1) where it enters the nets and make it an input z(t-1): this is the truncated network.

    The error at each z(t), carried by hand to the y(t) of which it is a copy, makes up the whole difference.
    """
    truncated, full = both_gradients(**options)
    lstm = network(**options)
    w = lstm.weight * lstm.mask
    nets = draw(STEPS, BATCH, INPUTS) @ w[:, :INPUTS].t() + w[:, -1]
    state, copies, activations = lstm.initial(BATCH), [], []
    for net_x in nets:
        copies.append(state.y.detach().requires_grad_())
        state = lstm.step(net_x, State(state.s, copies[-1]), w[:, INPUTS:-1])
        activations.append(state.y)
    outputs = torch.stack(activations)[..., lstm.units["c"]]
    gradient, *errors = torch.autograd.grad(
        (draw(*outputs.shape, seed=3) * outputs).sum(), [lstm.weight, *copies], retain_graph=True
    )
    assert_close(gradient, truncated)
    for t in reversed(range(1, STEPS)):
        more, *earlier = torch.autograd.grad(
            (activations[t - 1] * errors[t]).sum(), [lstm.weight, *copies[:t]], retain_graph=True
        )
        gradient = gradient + more
        errors[:t] = [error + extra for error, extra in zip(errors[:t], earlier, strict=True)]
    assert_close(gradient, full)


def flow(steps=100, **options):
    """ds(T)/ds(0) of the first sequence, [cells, cells], and the trace."""
    lstm = network(inputs=1, blocks=2, size=1, **options)
    start = random_state(lstm, batch=1)
    x = draw(steps, 1, 1)
    jacobian = torch.autograd.functional.jacobian(lambda s: lstm(x, State(s, start.y))[1].s[0], start.s)
    return jacobian[:, 0], lstm(x, start)[0]


def test_error_carousel():
    """Truncated and without forget gate, the error of a cell state comes back over 100 steps as it was."""
    eye = torch.eye(2, dtype=torch.float64)
    assert torch.equal(flow(truncated=True)[0], eye)
    assert not torch.allclose(flow(truncated=False)[0], eye, atol=0.01)  # the way through the gates is open
    assert_close(flow(truncated=True, state_decay=0.9)[0], 0.9**100 * eye)
    kept, trace = flow(truncated=True, steps=5, **FORGETS)
    assert_close(kept, trace.y_phi.prod(0)[0].detach().diag())


def memory(forget_gate: bool) -> list[float]:
    """The lecture's memory: x2 = 1 adds x1, x2 = -1 clears it, x3 = 1 reads it out; gates pushed wide open or shut."""
    lstm = LSTM(3, 1, 1, forget_gate=forget_gate, g="identity", h="identity").double()
    with torch.no_grad():
        lstm.weight.zero_()
        for unit, source, weight, bias in [
            ("c", 0, 1, 0),
            ("in", 1, 100, -10),
            ("out", 2, 100, -10),
            *forget_gate * [("phi", 1, 100, 10)],
        ]:
            lstm.weight[lstm.units[unit], source] = weight
            lstm.weight[lstm.units[unit], -1] = bias
    x = torch.tensor([[1, 3, 2, 4, 2, 1, 3, 6, 1], [0, 1, 0, 1, 0, 0, -1, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0, 1]])
    return lstm(x.t().unsqueeze(1).double())[0].y_c.flatten().tolist()


def test_memory_worked_by_hand():
    assert memory(forget_gate=True) == pytest.approx([0, 0, 0, 0, 0, 7, 0, 0, 6], abs=0.002)
    assert memory(forget_gate=False) == pytest.approx([0, 0, 0, 0, 0, 7, 0, 0, 13], abs=0.002)  # nothing clears it


@every_network
def test_a_sequence_in_two_parts(options):
    lstm, x = network(**options), draw(STEPS, BATCH, INPUTS)
    whole, last = lstm(x)
    first, state = lstm(x[:2])
    second, end = lstm(x[2:], state)
    assert_close(torch.cat([first.y_c, second.y_c]), whole.y_c)
    assert_close(tuple(end), tuple(last))
    assert_close(lstm(x[:2])[0].s, first.s)  # the module itself remembers nothing


@pytest.mark.parametrize("wrong", ["g", "h"])
def test_unknown_squashing(wrong):
    with pytest.raises(UserError, match="unknown squashing function 'centered'; did you mean 'centred'"):
        LSTM(1, 1, 1, **{wrong: "centered"})


def test_absent_weights():
    """They are zero from the start, nothing reads them, and no error reaches them."""
    lstm, x = network(**FORGETS), draw(STEPS, BATCH, INPUTS)
    absent = ~lstm.mask
    assert absent.any() and (lstm.weight[absent] == 0).all()
    before = lstm(x)[0].y_c
    before.sum().backward()
    assert (lstm.weight.grad[absent] == 0).all() and (lstm.weight.grad[lstm.mask] != 0).any()
    with torch.no_grad():
        lstm.weight[absent] = 7
    assert torch.equal(lstm(x)[0].y_c, before)


def test_initial_weights():
    torch.manual_seed(1)
    lstm = LSTM(50, 20, 2, init_range=0.1)
    drawn = lstm.weight[lstm.mask]
    assert 0.099 < drawn.abs().max().item() <= 0.1
    assert drawn.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.02)
    assert all((part == 0).all() for part in lstm.initial(3))


def test_outputs_and_steps_are_bounded():
    """|y_c| < 1; without forget gate a state moves by at most 2 y_in(t) a step, however large the inputs."""
    trace, state = network()(10 * draw(50, 20, INPUTS))
    moves = trace.s.diff(dim=0).abs()
    assert (trace.y_c.abs() < 1).all() and state.s.abs().max() > 2
    assert (moves <= 2 * trace.y_in[1:].repeat_interleave(2, dim=2) + 1e-12).all()
