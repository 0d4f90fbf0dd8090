"""One step of gradient descent: algorithm 1 of the paper, per replica."""

from typing import Literal

import torch
from torch import Tensor

from replications.pascanu2013_clipping.model import Replicas

HUGE = 1e10  # a gradient norm beyond which a gradient says nothing
SHRINK = 0.02  # then W_rec loses this fraction times the rate

Clipping = Literal["norm", "elements"]


def gradient_norms(network: Replicas) -> Tensor:
    """Norm of the gradient over all parameters as one vector ``[R]``."""
    parts = [torch.linalg.vector_norm(p.grad, dim=(1, 2)) for p in network.parameters() if p.grad is not None]
    return torch.linalg.vector_norm(torch.stack(parts), dim=0)


@torch.no_grad()
def descend(network: Replicas, rate: Tensor, clipping: Clipping | None, threshold: float) -> Tensor:
    """w <- w - rate g with rate ``[R]``; returns the norms of the gradients before clipping ``[R]``.

    The gradients are used up: every ``grad`` is None afterwards.

    Clipping "norm": if |g| >= threshold, g <- g threshold / |g|, over all parameters together (algorithm 1).
    "elements": each entry of g is brought to [-threshold, threshold] by itself. With either, where |g| is not a number,
    infinite or beyond 1e10, the gradient of W_rec is 0.02 W_rec and all others are 0, as in the authors' code.
    """
    norms = gradient_norms(network)
    lost, shape = ~(norms <= HUGE), (-1, 1, 1)
    scale = rate * threshold / norms.clamp(min=threshold) if clipping == "norm" else rate
    if clipping:
        scale = torch.where(lost, rate, scale)
    for parameter in network.parameters():
        if parameter.grad is None:
            continue
        gradient = parameter.grad
        if clipping == "elements":
            gradient.clamp_(-threshold, threshold)
        if clipping and lost.any():
            instead = SHRINK * parameter if parameter is network.recurrent else torch.zeros_like(parameter)
            gradient = torch.where(lost.view(shape), instead, gradient)
        parameter.addcmul_(scale.view(shape), gradient, value=-1)
        parameter.grad = None
    return norms
