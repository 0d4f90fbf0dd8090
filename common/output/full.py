"""The full softmax over the vocabulary."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class _SoftmaxLoss(torch.autograd.Function):
    """-log softmax(W s + b)[target], keeping softmax - one-hot instead of the logits.

    The same numbers as ``F.cross_entropy(F.linear(...))``; what the backward needs is ready before it begins.
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, targets):
        logits = F.linear(hidden, weight, bias)
        probabilities = logits.softmax(dim=1, dtype=torch.promote_types(logits.dtype, torch.float32))
        index = targets.unsqueeze(1)
        loss = -probabilities.gather(1, index).squeeze(1).clamp_min(torch.finfo(probabilities.dtype).tiny).log()
        error = probabilities.scatter_add_(1, index, probabilities.new_full((1, 1), -1.0).expand_as(index))
        ctx.save_for_backward(hidden, weight, error.to(logits.dtype))
        ctx.has_bias = bias is not None
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        hidden, weight, error = ctx.saved_tensors
        scale = gradient.to(error.dtype).unsqueeze(1)
        grad_bias = error.t() @ scale.squeeze(1) if ctx.has_bias else None
        return (error @ weight) * scale, error.t() @ (hidden * scale), grad_bias, None


class FullSoftmax(nn.Module):
    """y = softmax(V s): Mikolov et al. (2010), equation 3. Without bias, as in the RNNLM toolkit, unless asked."""

    def __init__(self, hidden: int, symbols: int, bias: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(symbols, hidden))
        self.bias = nn.Parameter(torch.zeros(symbols)) if bias else None

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Negative log-probability (nats) of targets ``[N]`` given hidden ``[N, H]``: ``[N]``."""
        weight, bias, kind = self.weight, self.bias, hidden.device.type
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            hidden, weight, bias = hidden.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
        with torch.autocast(kind, enabled=False):
            return _SoftmaxLoss.apply(hidden, weight, bias, targets)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Log-probabilities of all symbols, ``[N, H]`` -> ``[N, V]``."""
        return F.log_softmax(F.linear(hidden, self.weight, self.bias), dim=-1)
