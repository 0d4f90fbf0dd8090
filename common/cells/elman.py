"""Simple recurrent networks: the scan over time of Elman's network.

Elman (1990); Mikolov et al. (2010), equations 1-5; truncated backpropagation through time as in Mikolov et al. (2011).
"""

import torch
from torch import Tensor, nn

ACTIVATIONS = {"logistic": torch.sigmoid, "tanh": torch.tanh, "linear": lambda a: a}


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
    f, transposed, before, states = ACTIVATIONS[activation], recurrent.t(), initial, []
    with torch.autocast(inputs.device.type, enabled=False):  # rounding errors would accumulate over time
        for entering in (inputs.float() if inputs.dtype == torch.bfloat16 else inputs).unbind():
            before = f(torch.addmm(entering, before if through_time else before.detach(), transposed))
            if before.requires_grad and clip < float("inf"):
                before.register_hook(lambda error: error.clamp(-clip, clip))  # the whole error of these units
            states.append(before)
    return torch.stack(states)


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
