"""What kind the errors of a model of characters are (Karpathy 2015, section on errors), and what ends cost."""

import numpy as np

from common.data.text.rows import Rows

RARE = 5  # occurrences of a word in the training text


def nats(chances: np.ndarray, text: Rows) -> dict[str, float]:
    """Mean nats of all test characters, and of those that end quotes, brackets and lines, where there are any."""
    cost, found = -np.log(chances), {"test/nll": float(-np.log(chances).mean())}
    for name, (span, mark) in {"quote": ("quote", '"'), "bracket": ("bracket", ")"), "line": ("column", "\n")}.items():
        falls = np.diff(text.spans[span], axis=1, prepend=0) < 0
        where = text.part("test", falls & (text.rows == text.symbols.find(mark.encode())))
        if where.any():
            found[f"ends/{name}"] = float(cost[where].mean())
    return found


def errors(chances: np.ndarray, oracle: np.ndarray, text: Rows) -> dict[str, float]:
    """Share of characters that get less than half the probability, and of these the shares of each kind, in this order.

    ``ngram``: one of the n-gram models (``oracle [orders, B, n]``) gives half or more. ``rare``: in a word that is rare
    in training. ``opening``: after a blank, an end of line or a mark. ``rest``.

    Args:
        chances: P(character) of the test text ``[B, n]``.
    """
    letters = np.array([symbol >= 128 or chr(symbol).isalpha() for symbol in text.symbols])[text.rows]
    left, found = chances < 0.5, {"errors/all": float((chances < 0.5).mean())}
    kinds = {
        "ngram": (oracle >= 0.5).any(0),
        "rare": text.part("test", _rare(text, letters)),
        "opening": text.part("test", ~np.roll(letters, 1, axis=1)),
        "rest": np.ones_like(left),
    }
    total = max(left.sum(), 1)
    for kind, where in kinds.items():
        found[f"errors/{kind}"] = float((left & where).sum() / total)
        left = left & ~where
    return found


def _rare(text: Rows, letters: np.ndarray) -> np.ndarray:
    """Of each character ``[B, N]``: it is in a word, a run of ``letters``, that training has ``RARE`` times or less."""
    edges = np.flatnonzero(np.diff(letters.ravel(), prepend=False, append=False)).reshape(-1, 2)
    flat, marked = text.rows.ravel(), np.zeros(letters.size, bool)
    words = [flat[start:stop].tobytes() for start, stop in edges]
    seen = dict.fromkeys(words, 0)
    for word, (start, _) in zip(words, edges, strict=True):
        seen[word] += int(start % text.rows.shape[1] < text.ends[0])
    for word, (start, stop) in zip(words, edges, strict=True):
        marked[start:stop] = seen[word] <= RARE
    return marked.reshape(letters.shape)
