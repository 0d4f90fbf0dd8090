"""Bounding the norm of the whole gradient: Pascanu et al. (2013), algorithm 1."""

from collections.abc import Iterable

import torch
from torch import Tensor


def factor(gradients: Iterable[Tensor], most: float) -> float:
    """c <= 1 that brings the norm over all (coalesced) gradients down to ``most``; 1 where the norm is not a number."""
    flat = [(g.values() if g.is_sparse else g).flatten() for g in gradients]
    if not flat:
        return 1.0
    norm = torch.stack([g.dot(g) for g in flat]).sum().sqrt().item()  # dot shares a large gradient among cores
    return min(most / norm, 1.0) if norm > 0 else 1.0


@torch.no_grad()
def clip_norm(weights: Iterable[Tensor], most: float | None) -> None:
    """Scales the gradients of all ``weights`` so that their norm, as one vector, is at most ``most`` (none: as is)."""
    if most is None:
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    if (c := factor(gradients, most)) != 1.0:
        torch._foreach_mul_(gradients, c)
