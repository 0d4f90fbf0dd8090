"""Connectionist temporal classification: the probability of a labelling, summed over all its alignments.

Graves, Fernández, Gomez and Schmidhuber (2006), section 4. Notation of the paper: y the outputs, l a labelling, l' the
same with blanks before, between and after its labels (length U' = 2 U + 1), alpha and beta the forward and backward
variables. Everything here is in logarithms, one sequence at a time: the definition to read and to test against.
"""

import torch
from torch import Tensor

from common.errors import UserError

BLANK = 0


def required_frames(labels: Tensor) -> int:
    """The shortest input that ``labels`` ``[U]`` can be aligned with: a frame each, a blank between two equal ones."""
    return len(labels) + int((labels[1:] == labels[:-1]).sum())


def with_blanks(labels: Tensor) -> Tensor:
    """l' ``[2 U + 1]`` of a labelling ``[U]``."""
    extended = labels.new_full((2 * len(labels) + 1,), BLANK)
    extended[1::2] = labels
    return extended


def forward_variables(log_y: Tensor, labels: Tensor) -> Tensor:
    """log alpha ``[T, U']``: paths whose first t frames give the first s symbols of l' (section 4.1, equations 5-7).

    Args:
        log_y: log-probabilities of the outputs ``[T, K]``.
        labels: ``[U]``, none of them blank.
    """
    extended = with_blanks(labels)
    emitted = log_y[:, extended]
    skips = _may_skip(extended)
    alpha = torch.full_like(emitted, -torch.inf)
    alpha[0, :2] = emitted[0, :2]  # a path begins with a blank or with the first label
    for t in range(1, len(log_y)):
        before = alpha[t - 1]
        alpha[t] = emitted[t] + _sum_of_three(before, _shifted(before, 1), _shifted(before, 2).where(skips, -torch.inf))
    return alpha


def backward_variables(log_y: Tensor, labels: Tensor) -> Tensor:
    """log beta ``[T, U']``: paths whose frames t..T give the symbols s..U' of l' (equations 9-11).

    The mirror image of :func:`forward_variables`, which computes it; both include frame t.
    """
    return forward_variables(log_y.flip(0), labels.flip(0)).flip(0, 1)


def log_probability(log_y: Tensor, labels: Tensor) -> Tensor:
    """ln p(l | x), a scalar: the path ends in the last label or in the blank after it (equation 8)."""
    return torch.logsumexp(forward_variables(log_y, labels)[-1, -2:], 0)


def error_signal(log_y: Tensor, labels: Tensor) -> Tensor:
    """d(-ln p(l | x)) / d u ``[T, K]`` with respect to the activations u before the softmax (equation 16).

    It is y - (share of label k at time t in the probability of l), so every row sums to zero.

    Raises:
        UserError: the input is too short for the labelling.
    """
    require_alignable(len(log_y), labels)
    extended = with_blanks(labels)
    # Both variables include frame t, so it is taken out once.
    through = forward_variables(log_y, labels) + backward_variables(log_y, labels) - log_y[:, extended]
    share = torch.exp(through - torch.logsumexp(through, 1, keepdim=True))
    return log_y.exp().index_add(1, extended, share, alpha=-1)


def require_alignable(frames: int, labels: Tensor, where: str = "CTC") -> None:
    """Raises UserError when ``frames`` cannot hold ``labels`` ``[U]``."""
    if frames < required_frames(labels):
        raise UserError(
            f"{where}: {frames} frames are too few for {len(labels)} labels, which need at least "
            f"{required_frames(labels)}; check the transcript, or use a smaller frame shift"
        )


def _may_skip(extended: Tensor) -> Tensor:
    """Whether symbol s may follow s - 2: it is a label, and not the label before it ``[U']``."""
    skips = torch.zeros_like(extended, dtype=torch.bool)
    skips[2:] = (extended[2:] != BLANK) & (extended[2:] != extended[:-2])
    return skips


def _shifted(variables: Tensor, by: int) -> Tensor:
    """Entry s is that of s - by ``[U']``; nothing (-inf) comes before the first."""
    return torch.cat([variables.new_full((by,), -torch.inf), variables])[: len(variables)]


def _sum_of_three(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.logaddexp(torch.logaddexp(a, b), c)
