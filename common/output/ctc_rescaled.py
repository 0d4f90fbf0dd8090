"""The loss of CTC for training: forward and backward variables rescaled at every step, a batch as machine code.

Graves, Fernández, Gomez and Schmidhuber (2006), section 4.1, where C_t = sum_s alpha_t(s) keeps the forward variables
within the range of floating point, so that neither logarithms nor exponentials stand in the inner loop. :mod:`.ctc` is
the definition.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from common.compiled import compiled
from common.output.ctc import BLANK


@compiled
def _forward_backward(y, lengths, labels, label_lengths, error):
    """ln p(l | x) of each sequence ``[B]``, -inf where every path falls out of the range of double precision.

    ``error`` is y ``[T, B, K]`` at first; the share of each symbol at each frame is taken from it.
    """
    log_p = np.zeros(len(lengths))
    for b in range(len(lengths)):
        steps, size = lengths[b], 2 * label_lengths[b] + 1
        symbols = np.full(size, BLANK)
        symbols[1::2] = labels[b, :label_lengths[b]]
        alpha = np.zeros((steps, size))
        for t in range(steps):
            total = 0.0
            # Only what can have been reached, and from where the end can be.
            for s in range(max(0, size - 2 * (steps - t)), min(size, 2 * (t + 1))):
                before = 1.0 if t == 0 else alpha[t - 1, s]
                if t > 0 and s > 0:
                    before += alpha[t - 1, s - 1]
                if t > 0 and s > 1 and symbols[s] != BLANK and symbols[s] != symbols[s - 2]:
                    before += alpha[t - 1, s - 2]
                alpha[t, s] = before * y[t, b, symbols[s]]
                total += alpha[t, s]
            log_p[b] += np.log(total)
            if total == 0:
                break
            alpha[t] /= total
        if log_p[b] == -np.inf:
            continue
        beta, after = np.zeros(size), np.zeros(size)  # what is to come, this frame not included
        beta[max(0, size - 2):] = 1.0
        for t in range(steps - 1, -1, -1):
            through = 0.0
            for s in range(size):
                through += alpha[t, s] * beta[s]
            for s in range(size):
                error[t, b, symbols[s]] -= alpha[t, s] * beta[s] / through
                after[s] = beta[s] * y[t, b, symbols[s]]
            total = 0.0
            for s in range(size):
                beta[s] = after[s]
                if s + 1 < size:
                    beta[s] += after[s + 1]
                if s + 2 < size and symbols[s + 2] != BLANK and symbols[s + 2] != symbols[s]:
                    beta[s] += after[s + 2]
                total += beta[s]
            beta /= total
    return log_p


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, activations: Tensor, labels: Tensor, lengths: Tensor, label_lengths: Tensor) -> Tensor:
        y = activations.detach().double().softmax(2)
        error = y.clone()
        log_p = _forward_backward(y.numpy(), lengths.numpy(), labels.numpy(), label_lengths.numpy(), error.numpy())
        for b, length in enumerate(lengths.tolist()):
            error[length:, b] = 0  # padding
        ctx.save_for_backward(error.to(activations.dtype))
        return -torch.from_numpy(log_p).sum().to(activations.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        return gradient * ctx.saved_tensors[0], None, None, None


def ctc_loss(activations: Tensor, labels: Tensor, lengths: Tensor, label_lengths: Tensor) -> Tensor:
    """-ln p(l | x) summed over a batch, a scalar; its gradient is equation 16.

    On a GPU, and where a probability is too small for double precision, this is torch's own loss.

    Args:
        activations: before the softmax ``[T, B, K]``.
        labels: ``[B, U]``, padded; none of them blank.
        lengths: frames ``[B]``, enough for the labels.
        label_lengths: ``[B]``.
    """
    if not activations.is_cuda:
        loss = _Loss.apply(activations, labels, lengths, label_lengths)
        if loss.isfinite():
            return loss
    return F.ctc_loss(activations.log_softmax(2), labels, lengths, label_lengths, reduction="sum")
