"""Long short-term memory: blocks of memory cells behind gates, as a plain loop over time.

Hochreiter and Schmidhuber (1997), section 4 and appendix A.1: input and output gates around a cell whose state only
adds up. Gers, Schmidhuber and Cummins (2000), section 3: a forget gate multiplies the state. The names are the papers':
``net_in`` is what enters an input gate, ``y_in`` its activation, ``s`` the state of a cell, ``y_c`` its output.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from common.errors import UserError, unknown

# f of the gates is the logistic function; g squashes what enters a cell, h what leaves it (1997, appendix A.1).
G = {
    "centred": lambda net: 4 * torch.sigmoid(net) - 2,  # in [-2, 2]
    "exchanged": lambda net: 2 * torch.sigmoid(net) - 1,  # the ranges of g and h as table 10 of 1997 has them
    "logistic": torch.sigmoid,
    "identity": lambda net: net,
}
H = {
    "centred": lambda s: 2 * torch.sigmoid(s) - 1,  # in [-1, 1]
    "exchanged": lambda s: 4 * torch.sigmoid(s) - 2,
    "logistic": torch.sigmoid,
    "identity": lambda s: s,
}


class State(NamedTuple):
    """What one step leaves to the next."""

    s: Tensor  # cell states, [B, J*S]
    y: Tensor  # activations of all U units: cell outputs and gates, [B, U]


class Trace(NamedTuple):
    """What the cells and gates did at each step."""

    y_c: Tensor  # cell outputs, [T, B, J*S]
    s: Tensor  # cell states, [T, B, J*S]
    y_in: Tensor  # input gates, [T, B, J]
    y_out: Tensor | None  # output gates, [T, B, J], where the network has them
    y_phi: Tensor | None  # forget gates, [T, B, J], where the network has them


def units(blocks: int, size: int, *, forget_gate: bool = False, output_gate: bool = True) -> dict[str, slice]:
    """Where each kind of hidden unit stands among all U of them: ``c``, ``in``, and, where present, ``out``, ``phi``.

    Cells come first, block by block, then all input gates, all output gates, all forget gates.

    Raises:
        UserError: a network without cells.
    """
    if blocks < 1 or size < 1:
        raise UserError(f"LSTM: {blocks} memory blocks of {size} cells; both must be at least 1")
    counts = {"c": blocks * size, "in": blocks}
    if output_gate:
        counts["out"] = blocks
    if forget_gate:
        counts["phi"] = blocks
    ends = np.cumsum(list(counts.values())).tolist()
    return {kind: slice(end - count, end) for (kind, count), end in zip(counts.items(), ends, strict=True)}


def connections(
    inputs: int,
    blocks: int,
    size: int,
    *,
    forget_gate: bool = False,
    output_gate: bool = True,
    gates_see_gates: bool = True,
    recurrent: bool = True,
    cell_bias: bool = False,
    gate_bias: bool = True,
) -> np.ndarray:
    """Which weights into the hidden units exist, bool ``[U, M]``; their sum is the number of hidden weights.

    Rows: the U hidden units, ordered as in :func:`units`. Columns: the M = I + U + 1 sources, namely the I inputs,
    the same U units one step before, and the constant 1 of the biases.

    Args:
        inputs, blocks, size: I inputs, J memory blocks of S cells.
        forget_gate: one per block (2000); without it nothing but the cell's own sum keeps the state (1997).
        output_gate: one per block; experiments 2a and 2b of 1997 do without.
        gates_see_gates: all gate activations of t-1 enter all hidden units (1997), or only cell outputs do (2000).
        recurrent: if false, nothing of t-1 enters a hidden unit (2a, 2b): the cell's self-loop is the only recurrence.
        cell_bias, gate_bias: which units have a bias weight.

    Raises:
        UserError: no inputs, or no cells.
    """
    if inputs < 1:
        raise UserError(f"LSTM: {inputs} inputs; there must be at least 1")
    where = units(blocks, size, forget_gate=forget_gate, output_gate=output_gate)
    cells, total = where["c"].stop, max(kind.stop for kind in where.values())
    mask = np.zeros((total, inputs + total + 1), dtype=bool)
    mask[:, :inputs] = True
    mask[:, inputs : inputs + cells] = recurrent
    mask[:, inputs + cells : -1] = recurrent and gates_see_gates
    mask[:cells, -1] = cell_bias
    mask[cells:, -1] = gate_bias
    return mask


class LSTM(nn.Module):
    """J memory blocks of S cells that share their block's gates.

    Args:
        inputs, blocks, size, forget_gate, output_gate, gates_see_gates, recurrent, cell_bias, gate_bias:
            see :func:`connections`; the defaults are the network of 1997, experiment 1.
        g: squashing of the cell input, ``centred`` (as printed: 4 logistic - 2), ``exchanged`` (that of h),
            ``logistic`` or ``identity``.
        h: squashing of the cell output, ``centred`` (as printed: 2 logistic - 1) or as g.
        truncated: the papers' gradient. No error leaves a unit through its net input to the step before; it flows
            back in time only from s(t) to s(t-1). Otherwise the full gradient (backpropagation through time).
        state_decay: s(t-1) is multiplied by this constant (a baseline of 2000 without forget gate); 1 keeps it.
        init_range: every weight and bias is drawn from U[-init_range, init_range].

    ``weight`` ``[U, M]`` holds every weight into a hidden unit, biases in the last column; absent ones are zero.

    Raises:
        UserError: an unknown g or h, no inputs, no cells.
    """

    mask: Tensor

    def __init__(
        self,
        inputs: int,
        blocks: int,
        size: int,
        *,
        forget_gate: bool = False,
        output_gate: bool = True,
        gates_see_gates: bool = True,
        recurrent: bool = True,
        cell_bias: bool = False,
        gate_bias: bool = True,
        g: str = "centred",
        h: str = "centred",
        truncated: bool = False,
        state_decay: float = 1.0,
        init_range: float = 0.2,
    ):
        super().__init__()
        for name, table in (g, G), (h, H):
            if name not in table:
                raise unknown("squashing function", name, table, "LSTM")
        self.inputs, self.size = inputs, size
        self.g, self.h, self.truncated, self.state_decay = g, h, truncated, state_decay
        self.units = units(blocks, size, forget_gate=forget_gate, output_gate=output_gate)
        self.register_buffer(
            "mask",
            torch.tensor(
                connections(
                    inputs,
                    blocks,
                    size,
                    forget_gate=forget_gate,
                    output_gate=output_gate,
                    gates_see_gates=gates_see_gates,
                    recurrent=recurrent,
                    cell_bias=cell_bias,
                    gate_bias=gate_bias,
                )
            ),
            persistent=False,
        )
        self.weight = nn.Parameter(torch.empty(self.mask.shape).uniform_(-init_range, init_range) * self.mask)

    def initial(self, batch: int) -> State:
        """s(0) = 0, and every activation 0."""
        return State(self.weight.new_zeros(batch, self.units["c"].stop), self.weight.new_zeros(batch, len(self.weight)))

    def step(self, net_x: Tensor, state: State, w_y: Tensor) -> State:
        """One step; ``net_x`` ``[B, U]`` is what inputs and biases add to the net inputs, ``w_y`` ``[U, U]`` the rest.

        1997, section 4 (2000, section 2, and for y_phi section 3), v a unit, u its sources (inputs: those of step t)::

            net_v(t) = sum_u w_vu y_u(t-1)
            y_in(t)  = f(net_in(t))     y_out(t) = f(net_out(t))     y_phi(t) = f(net_phi(t))
            s_c(t)   = y_phi(t) s_c(t-1) + y_in(t) g(net_c(t))      (1997: y_phi = 1; the decay baseline: state_decay)
            y_c(t)   = y_out(t) h(s_c(t))
        """
        y_before = state.y.detach() if self.truncated else state.y  # s(t-1) stays attached: the error carousel
        net = net_x + y_before @ w_y.t()
        y_gates = torch.sigmoid(net[:, self.units["c"].stop :])
        y_in, y_out, y_phi = (self._of_cells(y_gates, kind) for kind in ("in", "out", "phi"))
        s = self.state_decay * y_phi * state.s + y_in * G[self.g](net[:, self.units["c"]])
        y_c = y_out * H[self.h](s)
        return State(s, torch.cat([y_c, y_gates], dim=1))

    def _of_cells(self, y_gates: Tensor, kind: str) -> Tensor | float:
        """The gate of each cell ``[B, J*S]``, cells of a block sharing one; 1 (always open) where there is none."""
        if kind not in self.units:
            return 1.0
        cells, where = self.units["c"].stop, self.units[kind]
        return y_gates[:, where.start - cells : where.stop - cells].repeat_interleave(self.size, dim=1)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Trace, State]:
        """Inputs ``[T, B, I]`` and the state before them (None: :meth:`initial`) to the trace and the last state."""
        state = self.initial(x.shape[1]) if state is None else state
        w = self.weight * self.mask
        w_x, w_y, bias = w[:, : self.inputs], w[:, self.inputs : -1], w[:, -1]
        states = []
        for net_x in x @ w_x.t() + bias:
            state = self.step(net_x, state, w_y)
            states.append(state)
        s, y = torch.stack([each.s for each in states]), torch.stack([each.y for each in states])
        gates = (y[..., self.units[kind]] if kind in self.units else None for kind in ("in", "out", "phi"))
        return Trace(y[..., self.units["c"]], s, *gates), state
