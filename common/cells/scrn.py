"""The structurally constrained recurrent network: Mikolov et al. (2015), section 3.

    s_t = (1 - a) B x_t + a s_{t-1}          h_t = f(P s_t + A x_t + R h_{t-1})          f logistic

The context units s are linear and each sees nothing but itself, so that they change slowly. The authors' released code
lets the hidden units see s_{t-1}. Without context units this is Elman's network; without hidden ones s is all there is.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def context_scan(inputs: Tensor, initial: Tensor, decay: Tensor | float) -> Tensor:
    """s_0 ... s_T ``[T + 1, B, C]`` of s_t = inputs_t + decay s_{t-1}, in log2(T + 1) steps for all t at once.

    Args:
        inputs: (1 - a) B x_t, ``[T, B, C]``.
        initial: s_0, ``[B, C]``.
        decay: a, one number or one for each unit ``[C]``.
    """
    states, reach = torch.cat([initial.unsqueeze(0), inputs]), 1
    while reach < len(states):  # so far each is the sum over the last ``reach`` inputs; now over twice as many
        states = torch.cat([states[:reach], states[reach:] + decay**reach * states[:-reach]])
        reach *= 2
    return states


def rescaled(error: Tensor, most: float) -> Tensor:
    """An error ``[B, H]``, its norm over all streams and units brought down to ``most``."""
    return error if most == float("inf") else error * (most / torch.linalg.vector_norm(error)).clamp(max=1)


class _HiddenScan(torch.autograd.Function):
    """All steps of h; on the way back, all that needs no later error is computed for all steps at once."""

    @staticmethod
    def forward(ctx, inputs, initial, recurrent, most):
        states, transposed = inputs.new_empty(len(inputs) + 1, *initial.shape), recurrent.t()
        states[0] = initial
        for entering, before, after in zip(inputs.unbind(), states[:-1].unbind(), states[1:].unbind(), strict=True):
            torch.addmm(entering, before, transposed, out=after).sigmoid_()
        ctx.save_for_backward(states, recurrent)
        ctx.most = most
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        states, recurrent = ctx.saved_tensors
        slope = states[1:] * (1 - states[1:])
        nets, error = torch.empty_like(slope), torch.zeros_like(states[0])
        for of_h, steep, of_net in reversed(list(zip(gradient.unbind(), slope.unbind(), nets.unbind(), strict=True))):
            torch.mul(rescaled(error.add_(of_h), ctx.most), steep, out=of_net)
            error = of_net @ recurrent
        return nets, error, nets.flatten(0, 1).t() @ states[:-1].flatten(0, 1), None


def hidden_scan(inputs: Tensor, initial: Tensor, recurrent: Tensor, most: float = float("inf")) -> Tensor:
    """h_1 ... h_T ``[T, B, H]`` of h_t = f(inputs_t + R h_{t-1}).

    Args:
        inputs: P s_t + A x_t, ``[T, B, H]``.
        initial: h_0, ``[B, H]``.
        recurrent: R, ``[H, H]``.
        most: at every step back the norm of the error of h, over all streams, is at most this (released code: 50).
    """
    return _HiddenScan.apply(inputs, initial, recurrent, most)


class SCRN(nn.Module):
    """H hidden and C context units that read one of V symbols at each step; no biases.

    Args:
        alpha: a, in (0, 1); where it is ``learned``, what each unit begins from: a = f(beta).
        sees: the hidden units see the ``current`` s_t (the equation) or the ``previous`` s_{t-1} (released code).
        most: as of :func:`hidden_scan`.
        init: draws the weights.
    """

    def __init__(
        self,
        symbols: int,
        hidden: int,
        context: int,
        *,
        alpha: float = 0.95,
        learned: bool = False,
        sees: str = "current",
        most: float = float("inf"),
        init: Callable[[Tensor], Tensor] = nn.init.normal_,
    ):
        super().__init__()
        self.sizes, self.alpha, self.sees, self.most = (hidden, context), alpha, sees, most
        self.of_hidden = nn.Embedding(symbols, hidden, sparse=True) if hidden else None  # A
        self.of_context = nn.Embedding(symbols, context, sparse=True) if context else None  # B
        self.recurrent = nn.Parameter(torch.empty(hidden, hidden)) if hidden else None  # R
        self.between = nn.Parameter(torch.empty(hidden, context)) if hidden and context else None  # P
        for weight in self.parameters():
            init(weight)
        self.beta = nn.Parameter(torch.full((context,), alpha).logit()) if learned and context else None

    def initial(self, batch: int) -> tuple[Tensor, Tensor]:
        """h_0 ``[B, H]`` and s_0 ``[B, C]``: 0.1 in every unit (released code)."""
        weight = next(self.parameters())
        return tuple(weight.new_full((batch, size), 0.1) for size in self.sizes)

    def forward(self, symbols: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Symbols ``[T, B]`` and the state before them to h ``[T, B, H]`` and s ``[T, B, C]``."""
        h_0, s_0 = state
        s = s_0.new_empty(len(symbols) + 1, *s_0.shape)  # no units
        if self.of_context is not None:
            alpha = self.alpha if self.beta is None else torch.sigmoid(self.beta)
            s = context_scan((1 - alpha) * self.of_context(symbols), s_0, alpha)
        h = h_0.new_empty(len(symbols), *h_0.shape)
        if self.of_hidden is not None:
            inputs = self.of_hidden(symbols)
            if self.between is not None:
                inputs = inputs + (s[1:] if self.sees == "current" else s[:-1]) @ self.between.t()
            h = hidden_scan(inputs, h_0, self.recurrent, self.most)
        return h, s[1:]
