"""Plain stochastic gradient descent for gradients that may be sparse."""

from collections.abc import Iterable

import torch
from torch import Tensor


class SGD(torch.optim.Optimizer):
    """w <- w - lr (c gradient + weight_decay w), as ``torch.optim.SGD``, which has no decay for sparse gradients.

    A sparse gradient moves and shrinks only the rows it touches, as in the RNNLM toolkit, where a word's weights decay
    only when the word is used. c <= 1 brings the norm of the whole gradient down to ``clip_norm`` (none: c = 1);
    ``torch.nn.utils.clip_grad_norm_`` counts a row that occurs twice in a sparse gradient wrongly.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0, clip_norm: float | None = None):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "clip_norm": clip_norm})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            gradients = [w.grad.coalesce() if w.grad.is_sparse else w.grad for w in weights]
            lr, decay = group["lr"], group["lr"] * group["weight_decay"]
            step = lr * _clipping(gradients, group["clip_norm"])
            for weight, gradient in zip(weights, gradients, strict=True):
                if gradient.is_sparse:
                    rows, change = gradient.indices()[0], gradient.values() * step
                    if decay:
                        change.add_(weight.index_select(0, rows), alpha=decay)
                    weight.index_add_(0, rows, change, alpha=-1)
                    continue
                if decay:
                    weight.mul_(1 - decay)
                weight.add_(gradient, alpha=-step)
        return loss


def _clipping(gradients: list[Tensor], clip_norm: float | None) -> float:
    """The factor that brings the norm over all gradients down to ``clip_norm``: Pascanu et al. (2013), algorithm 1."""
    if clip_norm is None:
        return 1.0
    flat = [(g.values() if g.is_sparse else g).flatten() for g in gradients]
    norm = torch.stack([g.dot(g) for g in flat]).sum().sqrt().item()  # dot shares a large gradient among cores
    return min(1.0, clip_norm / norm) if norm > 0 else 1.0
