"""Simple recurrent networks: the scan over time of Elman's network, with its gradient written out.

Elman (1990); Mikolov et al. (2010), equations 1-5; truncated backpropagation through time as in Mikolov et al. (2011).
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# name -> (in-place activation, its derivative as a function of its own output)
ACTIVATIONS = {
    "logistic": (torch.sigmoid_, lambda s: s * (1 - s)),
    "tanh": (torch.tanh_, lambda s: 1 - s * s),
    "linear": (lambda a: a, torch.ones_like),
}


class _ElmanScan(torch.autograd.Function):
    """s(t) = f(inputs(t) + W s(t-1)) for t = 1..T, and the error flowing back through it.

    Written out because two things of the papers have no place in automatic differentiation: the error of each hidden
    unit is clipped element by element on its way back, and one-step backpropagation stops it after one step.
    """

    @staticmethod
    def forward(ctx, inputs, initial, recurrent, activation, clip, through_time):
        f, _ = ACTIVATIONS[activation]
        states = inputs.new_empty(len(inputs) + 1, *inputs.shape[1:])
        states[0] = initial
        transposed = recurrent.t()
        before, *after = states.unbind()
        for entering, state in zip(inputs.unbind(), after, strict=True):
            f(torch.addmm(entering, before, transposed, out=state))
            before = state
        ctx.save_for_backward(states, recurrent)
        ctx.settings = activation, clip, through_time
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        states, recurrent = ctx.saved_tensors
        activation, clip, through_time = ctx.settings
        slope = ACTIVATIONS[activation][1](states[1:])
        if through_time:
            delta = slope  # each step's slope becomes its delta
            error = gradient[-1]
            for t, step in reversed([*enumerate(delta.unbind())]):
                step.mul_(error.clamp(-clip, clip))
                error = torch.addmm(gradient[t - 1], step, recurrent) if t else step @ recurrent
        else:
            delta = gradient.clamp(-clip, clip) * slope
            error = None
        return delta, error, delta.flatten(0, 1).t() @ states[:-1].flatten(0, 1), None, None, None


def elman_scan(
    inputs: Tensor,
    initial: Tensor,
    recurrent: Tensor,
    activation: str = "logistic",
    clip: float = float("inf"),
    through_time: bool = True,
) -> Tensor:
    """Hidden states s(1..T) ``[T, B, H]`` of an Elman network.

    Args:
        inputs: what enters each hidden unit besides the recurrence, U w(t), ``[T, B, H]``.
        initial: s(0), ``[B, H]``.
        recurrent: W, ``[H, H]``; s(t) = f(inputs(t) + W s(t-1)).
        activation: ``logistic``, ``tanh`` or ``linear``.
        clip: each hidden unit's error is cut to ``[-clip, clip]`` at every step back (RNNLM toolkit: 15).
        through_time: if false, the error reaches W and the input but not the previous state (one-step "BP").
    """
    with torch.autocast(inputs.device.type, enabled=False):  # rounding errors would accumulate over time
        return _ElmanScan.apply(inputs.float() if inputs.dtype == torch.bfloat16 else inputs,
                                initial, recurrent, activation, clip, through_time)


def toolkit_init_(weight: Tensor) -> Tensor:
    """Each weight is the sum of three draws from U(-0.1, 0.1), standard deviation 0.1 (RNNLM toolkit)."""
    with torch.no_grad():
        return weight.copy_(sum(torch.empty_like(weight).uniform_(-0.1, 0.1) for _ in range(3)))


class Elman(nn.Module):
    """Elman's recurrent layer without biases: s(t) = f(U w(t) + W s(t-1)), w(t) one of V symbols."""

    def __init__(self, symbols: int, hidden: int, *, clip: float = 15.0, through_time: bool = True):
        super().__init__()
        self.input = nn.Embedding(symbols, hidden, sparse=True)  # U, one column per symbol
        self.recurrent = nn.Parameter(torch.empty(hidden, hidden))  # W
        self.clip, self.through_time = clip, through_time
        toolkit_init_(self.input.weight)
        toolkit_init_(self.recurrent)

    def initial(self, batch: int) -> Tensor:
        """s(0) = 0.1 in every unit (RNNLM toolkit), ``[B, H]``."""
        return self.recurrent.new_full((batch, len(self.recurrent)), 0.1)

    def forward(self, symbols: Tensor, state: Tensor) -> Tensor:
        """Symbols ``[T, B]`` and s(0) ``[B, H]`` to s(1..T) ``[T, B, H]``."""
        return elman_scan(self.input(symbols), state, self.recurrent, "logistic", self.clip, self.through_time)
