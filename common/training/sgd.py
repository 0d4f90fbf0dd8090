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
                if decay and gradient.is_sparse:
                    rows = gradient.indices()[0]
                    weight.index_copy_(0, rows, weight[rows] * (1 - decay))
                elif decay:
                    weight.mul_(1 - decay)
                weight.add_(gradient, alpha=-step)
        return loss


def _clipping(gradients: list[Tensor], clip_norm: float | None) -> float:
    """The factor that brings the norm over all gradients down to ``clip_norm``: Pascanu et al. (2013), algorithm 1."""
    if clip_norm is None:
        return 1.0
    norms = [torch.linalg.vector_norm(g.values() if g.is_sparse else g) for g in gradients]
    norm = torch.linalg.vector_norm(torch.stack(norms)).item()
    return min(1.0, clip_norm / norm) if norm > 0 else 1.0
