"""One step of gradient descent: algorithm 1 of the paper."""

import torch

from replications.pascanu2013_clipping.model import Network

HUGE = 1e10  # a gradient norm beyond which a gradient says nothing
SHRINK = 0.02  # then W_rec loses this fraction times the rate


class ClippedDescent(torch.optim.Optimizer):
    """w <- w - lr g, with g <- g threshold / |g| where |g| > threshold, over all weights as one vector (algorithm 1).

    Where |g| is not a number, infinite or beyond 1e10, the gradient of W_rec is 0.02 W_rec and all others are 0, as in
    the authors' code. A threshold of infinity is plain descent, without that rule.
    """

    def __init__(self, network: Network, lr: float, threshold: float):
        super().__init__(network.parameters(), {"lr": lr})
        self.recurrent, self.threshold = network.recurrent, threshold

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        (group,) = self.param_groups
        weights = [weight for weight in group["params"] if weight.grad is not None]
        rate, norm = group["lr"], torch.nn.utils.get_total_norm([weight.grad for weight in weights]).item()
        if self.threshold < float("inf") and not norm <= HUGE:
            self.recurrent.mul_(1 - rate * SHRINK)
            return loss
        scale = rate * self.threshold / norm if norm > self.threshold else rate
        torch._foreach_add_(weights, [weight.grad for weight in weights], alpha=-scale)
        return loss
