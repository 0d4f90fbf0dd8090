"""The scan of :mod:`.blstm` on a processor: products of matrices by torch, all else of a step in one compiled loop.

Between two products stand some ten operations on a few thousand numbers each; one after another, they take longer than
the products.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from common.cells.tanh import ONE, logistic, tanh
from common.compiled import compiled

# Short loops over few arrays each: longer ones, in which any array might overlap any other, run a number at a time.


@compiled
def _step(t, gates, peepholes, states, outputs):
    """From the activations of the gates at step t to the gates themselves, the state and the output after it."""
    hidden = peepholes.shape[2]
    f, o, c = hidden, 2 * hidden, 3 * hidden  # where they begin, after the input gates
    for d in range(len(gates)):
        peep = peepholes[d]
        for b in range(gates.shape[2]):
            gate, before, state, y = gates[d, t, b], states[d, t, b], states[d, t + 1, b], outputs[d, t + 1, b]
            for h in range(hidden):
                gate[h] = logistic(gate[h] + peep[0, h] * before[h])
            for h in range(hidden):
                gate[f + h] = logistic(gate[f + h] + peep[1, h] * before[h])
            for h in range(hidden):
                gate[c + h] = tanh(gate[c + h])
            for h in range(hidden):
                state[h] = gate[f + h] * before[h] + gate[h] * gate[c + h]
            for h in range(hidden):
                gate[o + h] = logistic(gate[o + h] + peep[2, h] * state[h])
            for h in range(hidden):
                y[h] = gate[o + h] * tanh(state[h])


@compiled
def _step_back(t, gates, peepholes, states, error_y, error_s, deltas):
    """From dE / d(output) and dE / d(state) after step t to those of the gates' activations and the state before it."""
    hidden = peepholes.shape[2]
    f, o, c = hidden, 2 * hidden, 3 * hidden
    for d in range(len(gates)):
        peep = peepholes[d]
        for b in range(gates.shape[2]):
            gate, before, state, delta = gates[d, t, b], states[d, t, b], states[d, t + 1, b], deltas[d, t, b]
            ahead, error = error_y[d, b], error_s[d, b]
            for h in range(hidden):
                delta[o + h] = ahead[h] * tanh(state[h]) * gate[o + h] * (ONE - gate[o + h])
            for h in range(hidden):
                error[h] += ahead[h] * gate[o + h] * (ONE - tanh(state[h]) * tanh(state[h])) + delta[o + h] * peep[2, h]
            for h in range(hidden):
                delta[h] = error[h] * gate[c + h] * gate[h] * (ONE - gate[h])
            for h in range(hidden):
                delta[f + h] = error[h] * before[h] * gate[f + h] * (ONE - gate[f + h])
            for h in range(hidden):
                delta[c + h] = error[h] * gate[h] * (ONE - gate[c + h] * gate[c + h])
            for h in range(hidden):
                error[h] = error[h] * gate[f + h] + delta[h] * peep[0, h] + delta[f + h] * peep[1, h]


class CompiledScan(torch.autograd.Function):
    """:class:`.blstm.Scan`, the same in every argument and result; inside, a direction's steps stand together."""

    @staticmethod
    def forward(ctx, gates: Tensor, recurrent: Tensor, peepholes: Tensor) -> Tensor:
        gates = gates.transpose(0, 1).clone(memory_format=torch.contiguous_format)  # [D, T, B, 4 H]
        directions, steps, batch, width = gates.shape
        states = gates.new_zeros(directions, steps + 1, batch, width // 4)
        outputs = torch.zeros_like(states)
        arrays = [part.detach().numpy() for part in (gates, peepholes.contiguous(), states, outputs)]
        for t, (gate, before) in enumerate(zip(gates.unbind(1), outputs[:, :-1].unbind(1), strict=True)):
            gate.baddbmm_(before, recurrent)
            _step(t, *arrays)
        ctx.save_for_backward(gates, states, outputs, recurrent, peepholes)
        return outputs[:, 1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        gates, states, outputs, recurrent, peepholes = ctx.saved_tensors
        deltas, error_s = torch.empty_like(gates), torch.zeros_like(states[:, 0])
        transposed = recurrent.transpose(1, 2).contiguous()
        error_y = gradient[-1].clone(memory_format=torch.contiguous_format)
        arrays = [part.detach().numpy() for part in (gates, peepholes.contiguous(), states, error_y, error_s, deltas)]
        for t, delta in reversed([*enumerate(deltas.unbind(1))]):
            _step_back(t, *arrays)
            if t > 0:
                torch.baddbmm(gradient[t - 1], delta, transposed, out=error_y)
        of_recurrent = outputs[:, :-1].flatten(1, 2).transpose(1, 2) @ deltas.flatten(1, 2)
        to_i, to_f, to_o, _ = deltas.unflatten(3, (4, -1)).unbind(3)
        before, after = states[:, :-1], states[:, 1:]
        of_peepholes = torch.stack(
            [(to * state).sum((1, 2)) for to, state in ((to_i, before), (to_f, before), (to_o, after))], dim=1
        )
        return deltas.transpose(0, 1), of_recurrent, of_peepholes
