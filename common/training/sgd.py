"""Plain stochastic gradient descent for gradients that may be sparse."""

from collections.abc import Iterable

import torch
from torch import Tensor


class SGD(torch.optim.Optimizer):
    """w <- w - lr (gradient + weight_decay w), as ``torch.optim.SGD``, which has no decay for sparse gradients.

    A sparse gradient moves and shrinks only the rows it touches, as in the RNNLM toolkit, where a word's weights decay
    only when the word is used.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, decay = group["lr"], group["lr"] * group["weight_decay"]
            for weight in group["params"]:
                gradient = weight.grad
                if gradient is None:
                    continue
                if decay and gradient.is_sparse:
                    rows = gradient._indices()[0].unique()
                    weight.index_copy_(0, rows, weight[rows] * (1 - decay))
                elif decay:
                    weight.mul_(1 - decay)
                weight.add_(gradient, alpha=-lr)
        return loss
