"""Jordan's network: what is fed back is the output, not the hidden layer.

Jordan (1986); Mesnil et al. (2013), section 2.3, and (2015), section III, for the hybrid that feeds back both.
"""

import torch
from torch import Tensor


def jordan_scan(
    inputs: Tensor,
    output: Tensor,
    fed_back: Tensor,
    first_output: Tensor,
    recurrent: Tensor | None = None,
    initial: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Hidden states h(1..T) ``[T, B, H]`` and scores V h(t) ``[T, B, K]``.

    h(t) = f(inputs(t) + W_s y(t-1) + W_h h(t-1)) with y(t) = softmax(V h(t) + b) and f the logistic function. In
    training too, y is the network's own output, and the gradient goes through it.

    Args:
        inputs: what enters each hidden unit besides the feedback, ``[T, B, H]``.
        output: V and, in the last column, b, ``[K, H + 1]``.
        fed_back: W_s ``[H, K]``.
        first_output: y(0) ``[K]``.
        recurrent, initial: W_h ``[H, H]`` and h(0) ``[H]`` of the hybrid; None: no W_h.
    """
    batch = inputs.shape[1]
    y, weights = first_output.expand(batch, -1), fed_back.t()
    h = None if initial is None else initial.expand(batch, -1)
    hidden, scores = [], []
    for entering in inputs.unbind():
        net = torch.addmm(entering, y, weights)
        h = torch.sigmoid(net if recurrent is None else torch.addmm(net, h, recurrent.t()))
        score = torch.addmm(output[:, -1], h, output[:, :-1].t())
        y = score.softmax(1)
        hidden.append(h)
        scores.append(score)
    return torch.stack(hidden), torch.stack(scores)
