"""Plain stochastic gradient descent for gradients that may be sparse."""

from collections.abc import Iterable

import torch
from torch import Tensor

from common.training import clipping


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
            step = lr if group["clip_norm"] is None else lr * clipping.factor(gradients, group["clip_norm"])
            for weight, gradient in zip(weights, gradients, strict=True):
                if gradient.is_sparse:
                    rows, change = gradient.indices()[0], gradient.values() * step
                    if decay:
                        change.add_(weight.index_select(0, rows), alpha=decay)
                    weight.index_add_(0, rows, change, alpha=-1)
                else:
                    if decay:
                        weight.mul_(1 - decay)
                    weight.add_(gradient, alpha=-step)
        return loss
