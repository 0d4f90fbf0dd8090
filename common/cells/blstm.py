"""Bidirectional LSTM with forget gates and peepholes, its scan over time with the gradient written out.

Graves and Schmidhuber (2005), "Framewise phoneme classification with bidirectional LSTM", appendix A: the cell of
Gers, Schraudolph and Schmidhuber (2002). Per direction, with one cell in each block and x the input, y the output::

    i(t) = f(W_xi x(t) + W_hi y(t-1) + w_ci s(t-1) + b_i)      input gate, its peephole w_ci (one weight per cell)
    f(t) = f(W_xf x(t) + W_hf y(t-1) + w_cf s(t-1) + b_f)      forget gate
    s(t) = f(t) s(t-1) + i(t) tanh(W_xc x(t) + W_hc y(t-1) + b_c)
    o(t) = f(W_xo x(t) + W_ho y(t-1) + w_co s(t) + b_o)        output gate: it sees the present state
    y(t) = o(t) tanh(s(t))

Gates stand in the order i, f, o, then the cell input.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from common.cells.blstm_kernel import CompiledScan


class Scan(torch.autograd.Function):
    """All steps of D independent directions in one loop. What the input adds to the gates is computed before it.

    Written out because the loop is where the time goes: automatic differentiation would record some twenty small
    operations per step, and each would allocate its result. A processor does even these in :mod:`.blstm_kernel`.
    """

    @staticmethod
    def forward(ctx, gates: Tensor, recurrent: Tensor, peepholes: Tensor) -> Tensor:
        steps, directions, batch, width = gates.shape
        hidden = width // 4
        gates = gates.clone()  # becomes i, f, o, tanh(cell input)
        states = gates.new_zeros(steps + 1, directions, batch, hidden)
        outputs = gates.new_zeros(steps + 1, directions, batch, hidden)
        squashed = gates.new_empty(steps, directions, batch, hidden)
        peep_in_forget = peepholes[:, :2].unsqueeze(1)  # [D, 1, 2, H]
        peep_out = peepholes[:, 2].unsqueeze(1)  # [D, 1, H]
        # Views of every step are cut before the loop, where each would cost as much as an operation.
        early = gates[..., : 2 * hidden]  # input and forget gates, which see the state before
        views = zip(
            gates,
            early,
            early.unflatten(3, (2, hidden)),
            gates[..., :hidden],
            gates[..., hidden : 2 * hidden],
            gates[..., 2 * hidden : 3 * hidden],
            gates[..., 3 * hidden :],
            states.unsqueeze(3),
            states,
            states[1:],
            squashed,
            outputs,
            outputs[1:],
            strict=False,
        )
        for gate, both, each, i, f, o, cell, wide, before, state, tanh, y_before, y in views:
            gate.baddbmm_(y_before, recurrent)
            each.addcmul_(wide, peep_in_forget)
            both.sigmoid_()
            cell.tanh_()
            torch.mul(f, before, out=state)
            state.addcmul_(i, cell)
            o.addcmul_(state, peep_out).sigmoid_()
            torch.tanh(state, out=tanh)
            torch.mul(o, tanh, out=y)
        ctx.save_for_backward(gates, states, squashed, outputs, recurrent, peepholes)
        return outputs[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        gates, states, squashed, outputs, recurrent, peepholes = ctx.saved_tensors
        steps, directions, batch, hidden = squashed.shape
        i, f, o, c = gates.unflatten(3, (4, hidden)).unbind(3)
        # Every factor that does not depend on the error is computed for all steps at once.
        by_out = squashed * o * (1 - o)  # d y / d net_o
        by_state = torch.addcmul(o, o * squashed, squashed, value=-1)  # d y / d s, the output gate held
        slopes = gates.new_empty(steps, directions, batch, 3, hidden)  # d s / d (net_i, net_f, net_c)
        torch.mul(c * i, 1 - i, out=slopes[:, :, :, 0])
        torch.mul(states[:-1] * f, 1 - f, out=slopes[:, :, :, 1])
        torch.addcmul(i, i * c, c, value=-1, out=slopes[:, :, :, 2])
        peep_in, peep_forget, peep_out = (peepholes[:, g].unsqueeze(1) for g in range(3))
        transposed = recurrent.transpose(1, 2).contiguous()
        deltas = torch.empty_like(gates)
        by_gate = deltas.unflatten(3, (4, hidden))
        error_y, error_s = gradient[-1], torch.zeros_like(states[0])
        earlier = [None, *gradient[:-1]]  # what comes from above to the step before
        views = zip(
            deltas,
            by_gate[:, :, :, :2],
            *by_gate.unbind(3),
            by_out,
            by_state,
            slopes[:, :, :, :2],
            slopes[:, :, :, 2],
            f,
            earlier,
            strict=True,
        )
        for delta, both, to_i, to_f, to_o, to_c, out, state, slope, cell_slope, forget, above in reversed([*views]):
            torch.mul(error_y, out, out=to_o)
            error_s.addcmul_(error_y, state).addcmul_(to_o, peep_out)
            torch.mul(error_s.unsqueeze(2), slope, out=both)
            torch.mul(error_s, cell_slope, out=to_c)
            error_s.mul_(forget).addcmul_(to_i, peep_in).addcmul_(to_f, peep_forget)
            if above is not None:
                error_y = torch.baddbmm(above, delta, transposed)
        ahead = deltas.transpose(0, 1).flatten(1, 2)  # [D, T B, 4 H]
        of_recurrent = outputs[:-1].transpose(0, 1).flatten(1, 2).transpose(1, 2) @ ahead
        of_peepholes = torch.stack(
            [
                (by_gate[:, :, :, 0] * states[:-1]).sum((0, 2)),
                (by_gate[:, :, :, 1] * states[:-1]).sum((0, 2)),
                (by_gate[:, :, :, 2] * states[1:]).sum((0, 2)),
            ],
            dim=1,
        )
        return deltas, of_recurrent, of_peepholes


def lstm_scan(gates: Tensor, recurrent: Tensor, peepholes: Tensor) -> Tensor:
    """Outputs y(1..T) ``[T, D, B, H]`` of D independent LSTM layers that start with s = y = 0.

    Args:
        gates: what inputs and biases add to the gates, ``[T, D, B, 4H]``, in the order i, f, o, cell input.
        recurrent: weights from y(t-1), ``[D, H, 4H]``.
        peepholes: weights from the cell to its gates i, f, o, ``[D, 3, H]``.
    """
    scan = CompiledScan if gates.device.type == "cpu" else Scan
    return scan.apply(gates, recurrent, peepholes)


def reverse_each(x: Tensor, lengths: Tensor) -> Tensor:
    """Turns each sequence of ``[T, B, ...]`` around within its length ``[B]``; what comes after it stays there."""
    steps = torch.arange(len(x), device=x.device).unsqueeze(1)
    index = torch.where(steps < lengths, lengths - 1 - steps, steps)  # [T, B]
    return x[index, torch.arange(x.shape[1], device=x.device)]


class BLSTM(nn.Module):
    """One layer of H blocks a direction; both directions read the whole sequence, padding after its end apart.

    It has 2 (4 H (I + H + 1) + 3 H) weights, all from U(-init_range, init_range) (Graves et al. 2006, section 5.2).
    With one of two ``directions`` D it is an LSTM that reads forward, with half of them.
    """

    def __init__(self, inputs: int, hidden: int, init_range: float = 0.1, directions: int = 2):
        super().__init__()
        self.input = nn.Parameter(torch.empty(directions, inputs, 4 * hidden))
        self.bias = nn.Parameter(torch.empty(directions, 1, 4 * hidden))
        self.recurrent = nn.Parameter(torch.empty(directions, hidden, 4 * hidden))
        self.peepholes = nn.Parameter(torch.empty(directions, 3, hidden))
        for weight in self.parameters():
            nn.init.uniform_(weight, -init_range, init_range)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Inputs ``[T, B, I]`` with lengths ``[B]`` to outputs ``[T, B, D H]``, forward direction first.

        One direction needs no lengths.
        What stands at and after a sequence's length is meaningless, and so is any gradient that is sent there.
        """
        steps, batch, width = x.shape
        ways = [x] if len(self.input) == 1 else [x, reverse_each(x, lengths)]
        gates = torch.baddbmm(self.bias, torch.stack(ways).flatten(1, 2), self.input)  # [D, T B, 4H]
        gates = gates.view(len(ways), steps, batch, -1).transpose(0, 1)
        forward, *backward = lstm_scan(gates, self.recurrent, self.peepholes).unbind(1)
        return torch.cat([forward, *(reverse_each(one, lengths) for one in backward)], dim=2)
