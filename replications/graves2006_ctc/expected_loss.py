"""Fine-tuning on the expected transcription loss: Graves and Jaitly (2014), section 5.

L(x) = sum over transcriptions y of P(y | x) loss(y) is estimated with sampled alignments. For a sample a, frame t and
label k let L(a, t, k) be the loss of a with its t-th symbol replaced by k. Then, with y the outputs,

    dL / du_k(t)  =  mean over samples of  y_k(t) (L(a, t, k) - sum_k' y_k'(t) L(a, t, k'))

is an unbiased estimate whose variance is low, because the rest of the alignment is the same on both sides.
"""

import numpy as np
import torch
from torch import Tensor

from common.compiled import compiled
from common.output.ctc import BLANK

LEAST = 1e-3  # replacements less probable than this are taken to change nothing


def loss_gradient(
    log_y: np.ndarray, reference: np.ndarray, separator: int, samples: int, draw: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Gradient with respect to the activations ``[T, K]``, and the mean loss of the samples, in word errors.

    Args:
        log_y: log-probabilities of the outputs ``[T, K]``.
        reference: labels of the transcript ``[U]``.
        separator: the label between words; -1: every label is a word, and the loss counts label errors.
    """
    y = np.exp(log_y.astype(np.float64))
    cumulative = y.cumsum(1)
    points = draw.random((samples, len(y), 1)) * cumulative[:, -1:]
    paths = (points > cumulative).sum(2)
    return _gradient(y, paths, np.asarray(reference, dtype=np.int64), separator)


def surrogate(activations: Tensor, gradients: list[np.ndarray]) -> Tensor:
    """A scalar whose gradient with respect to activations ``[T, B, K]`` is that given, ``[T_b, K]`` each."""
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in gradients]).to(activations)
    return (activations * padded).sum()


@compiled
def _words(labels, separator):
    """A number for each word ``[W]``: equal words have equal numbers."""
    found = np.empty(len(labels), np.int64)
    count, value, inside = 0, 0, False
    for k in labels:
        if k == separator:
            if inside:
                found[count] = value
                count += 1
            value, inside = 0, False
        else:
            value, inside = (value * 1000003 + k) & 0x3FFFFFFFFFFF, True
            if separator < 0:
                found[count] = value
                count += 1
                value = 0
    if inside and separator >= 0:
        found[count] = value
        count += 1
    return found[:count]


@compiled
def _collapse(path):
    labels = np.empty(len(path), np.int64)
    count, before = 0, BLANK
    for k in path:
        if k != before and k != BLANK:
            labels[count] = k
            count += 1
        before = k
    return labels[:count]


@compiled
def _distance(a, b):
    """Edit distance between ``[N]`` and ``[M]``."""
    row = np.arange(len(b) + 1)
    for i in range(len(a)):
        diagonal, row[0] = row[0], i + 1
        for j in range(len(b)):
            cost = diagonal + (a[i] != b[j])
            diagonal = row[j + 1]
            row[j + 1] = min(cost, row[j] + 1, row[j + 1] + 1)
    return row[-1]


@compiled
def _gradient(y, paths, reference, separator):
    steps, symbols = y.shape
    gradient = np.zeros((steps, symbols), np.float32)
    target = _words(reference, separator)
    total = 0.0
    loss = np.empty(symbols)
    for n in range(len(paths)):
        path = paths[n].copy()
        sampled = _distance(_words(_collapse(path), separator), target)
        total += sampled
        for t in range(steps):
            drawn = path[t]
            mean = 0.0
            for k in range(symbols):
                loss[k] = sampled
                if k != drawn and y[t, k] >= LEAST:
                    path[t] = k
                    loss[k] = _distance(_words(_collapse(path), separator), target)
                mean += y[t, k] * loss[k]
            path[t] = drawn
            for k in range(symbols):
                gradient[t, k] += y[t, k] * (loss[k] - mean) / len(paths)
    return gradient, total / len(paths)
