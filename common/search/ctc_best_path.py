"""Best path decoding: the most probable output of every frame (Graves et al. 2006, section 3.2)."""

from collections.abc import Iterable

from torch import Tensor

from common.output.ctc import BLANK


def collapse(path: Iterable[int]) -> list[int]:
    """B(path): repeated symbols are one, then the blanks go."""
    labels, before = [], BLANK
    for symbol in path:
        if symbol not in (before, BLANK):
            labels.append(int(symbol))
        before = symbol
    return labels


def best_path(log_y: Tensor, lengths: Tensor) -> list[list[int]]:
    """B(argmax) of every sequence, from log-probabilities or activations ``[T, B, K]`` and lengths ``[B]``.

    The labelling of the most probable path need not be the most probable labelling.
    """
    paths = log_y.argmax(2)
    return [collapse(paths[:length, b].tolist()) for b, length in enumerate(lengths.tolist())]
