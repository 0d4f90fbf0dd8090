"""The loss of CTC for training: :mod:`.ctc` for a batch as machine code, without a logarithm in the inner loop.

Graves, Fernández, Gomez and Schmidhuber (2006), section 4.1, rescale the forward and backward variables of a frame by
their sums. Those of a long labelling lie further apart than double precision reaches, and the variables that count may
be the small ones. So each forward variable has a scale of its own here. Backward variables are not needed: the forward
variables give the probabilities that a path in symbol s came from s, s - 1 or s - 2, and with these the share of each
symbol in the probability of the labelling is carried back from the last frame to the first.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from common.compiled import compiled
from common.output.ctc import BLANK, require_alignable

# A number is value * SCALE ** power, with the value between the roots of 1 / SCALE and SCALE.
SCALE = 2.0**256
LEAST = -1e12  # the logarithm of a probability of nothing


@compiled
def _at(value, power, common):
    """A number as a multiple of ``SCALE ** common``, where ``common`` is not below its own power."""
    if power == common:
        return value
    return value / SCALE if power == common - 1 else 0.0


@compiled
def _forward_backward(values, powers, lengths, labels, label_lengths, error):
    """ln p(l | x) of each sequence ``[B]``, -inf where the frames are too few.

    ``values`` and ``powers`` are y ``[T, B, K]``. So is ``error`` at first; the share of each symbol is taken from it.
    """
    log_p = np.empty(len(lengths))
    for b in range(len(lengths)):
        steps, size = lengths[b], 2 * label_lengths[b] + 3
        symbols = np.full(size, BLANK)  # after two that no path is ever in
        symbols[3::2] = labels[b, : label_lengths[b]]
        alpha, power = np.ones(size), np.full(size, -np.inf)
        power[2] = 0.0  # before the first frame
        came = np.empty((steps, size, 2))  # probabilities of having come from s - 1 and s - 2
        for t in range(steps):
            # Only what can have been reached, and from where the end can be.
            for s in range(min(size, 2 * t + 4) - 1, max(2, size - 2 * (steps - t)) - 1, -1):
                skips = symbols[s] != BLANK and symbols[s] != symbols[s - 2]
                most = max(power[s], power[s - 1], power[s - 2] if skips else -np.inf)
                step = _at(alpha[s - 1], power[s - 1], most)
                skip = _at(alpha[s - 2], power[s - 2], most) if skips else 0.0
                total = _at(alpha[s], power[s], most) + step + skip
                came[t, s, 0], came[t, s, 1] = step / total, skip / total
                alpha[s], power[s] = total * values[t, b, symbols[s]], most + powers[t, b, symbols[s]]
                if alpha[s] < SCALE**-0.5:
                    alpha[s], power[s] = alpha[s] * SCALE, power[s] - 1
                elif alpha[s] >= SCALE**0.5:
                    alpha[s], power[s] = alpha[s] / SCALE, power[s] + 1
        most = max(power[size - 2], power[size - 1])
        share = np.zeros(size)
        for s in range(size - 2, size):
            share[s] = _at(alpha[s], power[s], most)
        total = share.sum()
        log_p[b] = np.log(total) + most * np.log(SCALE)
        share /= total
        for t in range(steps - 1, -1, -1):
            for s in range(max(2, size - 2 * (steps - t)), min(size, 2 * t + 4)):
                error[t, b, symbols[s]] -= share[s]
                step, skip = share[s] * came[t, s, 0], share[s] * came[t, s, 1]
                share[s] -= step + skip
                share[s - 1] += step
                share[s - 2] += skip
        error[steps:, b] = 0.0  # padding
    return log_p


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, activations: Tensor, labels: Tensor, lengths: Tensor, label_lengths: Tensor) -> Tensor:
        log_y = activations.detach().double().log_softmax(2).clamp(min=LEAST)
        powers = (log_y / math.log(SCALE)).round().nan_to_num()  # the values stay NaN
        values, error = (log_y - powers * math.log(SCALE)).exp(), log_y.exp()
        arrays = (one.numpy() for one in (values, powers, lengths, labels, label_lengths, error))
        log_p = _forward_backward(*arrays)
        ctx.save_for_backward(error.to(activations.dtype))
        return -torch.from_numpy(log_p).sum().to(activations.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        return gradient * ctx.saved_tensors[0], None, None, None


def ctc_loss(activations: Tensor, labels: Tensor, lengths: Tensor, label_lengths: Tensor) -> Tensor:
    """-ln p(l | x) summed over a batch, a scalar; its gradient is equation 16.

    On a GPU this is torch's own loss, in double precision too: in single precision its gradient is wrong by 4e-3 after
    3000 frames.

    Args:
        activations: before the softmax ``[T, B, K]``.
        labels: ``[B, U]``, padded; none of them blank.
        lengths: frames ``[B]``.
        label_lengths: ``[B]``.

    Raises:
        UserError: an input is too short for its labelling.
    """
    if activations.is_cuda:
        log_y = activations.double().log_softmax(2)
        loss = F.ctc_loss(log_y, labels, lengths, label_lengths, BLANK, "sum").to(activations.dtype)
    else:
        loss = _Loss.apply(activations, labels, lengths, label_lengths)
    if loss.isinf():
        for b, (frames, count) in enumerate(zip(lengths.tolist(), label_lengths.tolist(), strict=True)):
            require_alignable(frames, labels[b, :count], f"sequence {b} of the batch")
    return loss
