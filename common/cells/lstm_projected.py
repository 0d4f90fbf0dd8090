"""The LSTM with a recurrent projection layer (LSTMP): Sak, Senior and Beaufays (2014), section 2.

N cells are read out through P < N or P = N projection units, which alone feed back and up, so that the number of cells
grows at 4 N (E + P) weights instead of 4 N (E + N). torch's ``nn.LSTM(proj_size=P)`` has the same equations, but
refuses P = N, has two biases that only ever act as their sum, and a slow backward on CPUs.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

State = tuple[Tensor, Tensor]  # projection r [B, P], cells c [B, N]


class _Scan(torch.autograd.Function):
    """The loop over time. What the input adds to the gates is computed before it, gradients of weights after it."""

    @staticmethod
    def forward(ctx, gates, r, c, recurrent, projection):
        cells = projection.shape[1]
        gates = gates.clone()  # [T, B, 4N]: input gate, forget gate, cell input, output gate, as in torch
        recurrent_t, projection_t = recurrent.t(), projection.t()
        cs, tanhs, hs, rs = [c], [], [], [r]
        both, *parts = (part.unbind() for part in (gates[..., : 2 * cells], *gates.chunk(4, 2)))
        for a, i_and_f, i, f, g, o in zip(gates.unbind(), both, *parts, strict=True):
            a.addmm_(rs[-1], recurrent_t)
            i_and_f.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            cs.append(torch.addcmul(f * cs[-1], i, g))
            tanhs.append(cs[-1].tanh())
            hs.append(o * tanhs[-1])
            rs.append(hs[-1] @ projection_t)
        cs, rs = torch.stack(cs), torch.stack(rs)
        ctx.save_for_backward(gates, cs, torch.stack(tanhs), torch.stack(hs), rs, recurrent, projection)
        return rs[1:], rs[-1].clone(), cs[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_rs, grad_r, grad_c):
        gates, cs, tanhs, hs, rs, recurrent, projection = ctx.saved_tensors
        i, f, g, o = gates.chunk(4, 2)
        # the derivative of c(t), and of h(t), by what enters each gate
        by_i, by_f, by_g = g * i * (1 - i), cs[:-1] * f * (1 - f), i * (1 - g * g)
        by_o, by_c = tanhs * o * (1 - o), o * (1 - tanhs * tanhs)
        grad_gates, grad_rs = torch.empty_like(gates), grad_rs.clone()
        every = (grad_rs, grad_gates, *grad_gates.chunk(4, 2), by_i, by_f, by_g, by_o, by_c, f)
        steps = zip(*(part.unbind() for part in every), strict=True)
        for into_r, into, into_i, into_f, into_g, into_o, to_i, to_f, to_g, to_o, to_c, forget in reversed(list(steps)):
            into_r += grad_r
            grad_h = into_r @ projection
            grad_c = torch.addcmul(grad_c, grad_h, to_c)
            torch.mul(grad_c, to_i, out=into_i)
            torch.mul(grad_c, to_f, out=into_f)
            torch.mul(grad_c, to_g, out=into_g)
            torch.mul(grad_h, to_o, out=into_o)
            grad_r = into @ recurrent
            grad_c = grad_c * forget
        grad_recurrent = grad_gates.flatten(0, 1).t() @ rs[:-1].flatten(0, 1)
        grad_projection = grad_rs.flatten(0, 1).t() @ hs.flatten(0, 1)
        return grad_gates, grad_r, grad_c, grad_recurrent, grad_projection


class ProjectedLSTM(nn.Module):
    """One layer of LSTM-N-P: ``input`` [E] to ``projection`` [P] by way of ``cells`` [N].

    i, f, o = sigmoid(W x + R r + b), g = tanh(W x + R r + b), c <- f c + i g, h = o tanh(c), r <- P h. The forget gates
    start open, with bias 1 (Jozefowicz, Zaremba and Sutskever 2015).
    """

    def __init__(self, input: int, cells: int, projection: int):
        super().__init__()
        self.cells, self.width = cells, projection
        self.input = nn.Parameter(torch.empty(4 * cells, input))
        self.recurrent = nn.Parameter(torch.empty(4 * cells, projection))
        self.bias = nn.Parameter(torch.zeros(4 * cells))
        self.projection = nn.Parameter(torch.empty(projection, cells))
        for weight in (self.input, self.recurrent, self.projection):
            nn.init.xavier_uniform_(weight)
        with torch.no_grad():
            self.bias[cells : 2 * cells] = 1.0

    def initial(self, batch: int) -> State:
        """Zeros ``[B, P]``, ``[B, N]``."""
        return self.bias.new_zeros(batch, self.width), self.bias.new_zeros(batch, self.cells)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Inputs ``[T, B, E]`` to projections ``[T, B, P]``, and the state after them."""
        gates = (
            F.linear(x, self.input).float() + self.bias
            if x.dtype != self.bias.dtype
            else F.linear(x, self.input, self.bias)
        )
        with torch.autocast(x.device.type, enabled=False):
            rs, r, c = _Scan.apply(gates.to(self.bias.dtype), *state, self.recurrent, self.projection)
        return rs, (r, c)
