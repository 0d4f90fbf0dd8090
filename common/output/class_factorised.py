"""Class-factorised output: P(w | s) = P(c(w) | s) P(w | c(w), s). Mikolov et al. (2011), section 4; Goodman (2001).

The vocabulary is sorted by frequency and cut into classes of equal unigram mass, so the words of a class are
neighbouring rows of one matrix. A token then costs H (C + |class|) products instead of H V.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from common.output import within_class


def frequency_classes(counts: np.ndarray, classes: int) -> np.ndarray:
    """First word of each class, and V at the end ``[C+1]``: frequency binning of the RNNLM toolkit.

    ``counts [V]`` must not rise. Walking down the vocabulary, the next class is opened once the mass read so far
    exceeds (class + 1) / C; a very frequent word therefore opens one class only, never skips any.

    Raises:
        ValueError: counts rise, or ``classes`` is not in 1..V.
    """
    if np.any(np.diff(counts) > 0):
        raise ValueError("words must be sorted by falling frequency")
    if not 1 <= classes <= len(counts):
        raise ValueError(f"{classes} classes for {len(counts)} words: choose 1..{len(counts)}")
    if classes == len(counts):
        return np.arange(classes + 1)
    mass = np.cumsum(counts, dtype=np.float64) / max(counts.sum(), 1)
    starts, current = [0], 0
    for word, read in enumerate(mass[:-1]):
        if read > (current + 1) / classes and current < classes - 1:
            current += 1
            starts.append(word + 1)
    return np.array([*starts, len(counts)])


class _WordGivenClass(torch.autograd.Function):
    """-log P(w | c(w), s) for tokens sorted by class, a small matrix product per class that occurs (on the CPU).

    The gradient of the word matrix is filled in place, class by class, which autograd's slices could not do: they
    would add up one V x H matrix per class.
    """

    @staticmethod
    def forward(ctx, hidden, weight, targets, tokens, starts):
        sizes = np.diff(starts)
        loss = hidden.new_zeros(len(hidden))
        errors = hidden.new_empty(int((tokens * sizes)[sizes > 1].sum()))
        by_hidden = torch.zeros_like(hidden if ctx.needs_input_grad[0] else hidden[:0])
        within_class.losses(
            *map(_array, (hidden, weight, targets)), tokens, starts, *map(_array, (loss, errors, by_hidden))
        )
        ctx.save_for_backward(hidden, by_hidden, errors)
        ctx.tokens, ctx.starts = tokens, starts
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        hidden, by_hidden, errors = ctx.saved_tensors
        scale, by_weight = gradient[:, None], hidden.new_empty(ctx.starts[-1], hidden.shape[1])
        within_class.gradients(_array(hidden * scale), ctx.tokens, ctx.starts, *map(_array, (errors, by_weight)))
        return by_hidden * scale if ctx.needs_input_grad[0] else None, by_weight, None, None, None


def word_given_class(hidden: Tensor, weight: Tensor, targets: Tensor, classes: Tensor, class_of: Tensor) -> Tensor:
    """The same as one product with all words, of which those of other classes do not count.

    H V products instead of H |class|, but a GPU is sooner done with them than with a call for each class.
    """
    logits = hidden @ weight.t()
    return F.cross_entropy(logits.masked_fill(class_of != classes[:, None], -torch.inf), targets, reduction="none")


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


class ClassFactorised(nn.Module):
    """Two softmaxes on the same hidden layer: over classes, and over the words of the target's class."""

    def __init__(self, hidden: int, counts: np.ndarray, classes: int):
        super().__init__()
        self.starts = frequency_classes(np.asarray(counts), classes)
        self.class_weight = nn.Parameter(torch.empty(len(self.starts) - 1, hidden))
        self.word_weight = nn.Parameter(torch.empty(len(counts), hidden))
        class_of = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        self.register_buffer("class_of", torch.as_tensor(class_of), persistent=False)

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Negative log-probability (nats) of targets ``[N]`` given hidden ``[N, H]``: ``[N]``."""
        classes, order = self.class_of[targets].sort()
        ordered, targets = hidden.index_select(0, order).to(self.word_weight.dtype), targets[order]
        with torch.autocast(hidden.device.type, enabled=False):
            if hidden.device.type == "cpu":
                tokens = classes.bincount(minlength=len(self.starts) - 1).numpy()
                words = _WordGivenClass.apply(ordered, self.word_weight, targets, tokens, self.starts)
            else:
                words = word_given_class(ordered, self.word_weight, targets, classes, self.class_of)
        loss = F.cross_entropy(ordered @ self.class_weight.t(), classes, reduction="none") + words
        return torch.empty_like(loss).index_copy(0, order, loss)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Log-probabilities of all words, ``[N, H]`` -> ``[N, V]``."""
        classes = F.log_softmax(hidden @ self.class_weight.t(), dim=-1)
        words = (hidden @ self.word_weight.t()).split(self.class_of.bincount().tolist(), dim=-1)
        return torch.cat([F.log_softmax(w, dim=-1) + classes[..., c, None] for c, w in enumerate(words)], dim=-1)
