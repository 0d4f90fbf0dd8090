"""What one translation system gains over another, over all that was drawn by chance: one bootstrap for all of it."""

import numpy as np

from common.metrics.bleu_statistics import bleu_of
from common.reporting.evidence.statistics import CONFIDENCE, Estimate

SAMPLES = 2000


def gain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """BLEU of A less that of B ``[starts, seeds]``, each on all sentences."""
    cells = [np.apply_along_axis(bleu_of, -1, counts.sum(axis=2)) for counts in (a, b)]
    return cells[0] - cells[1]


def hierarchical_bootstrap(a: np.ndarray, b: np.ndarray) -> Estimate:
    """The mean gain in BLEU with a 95 % interval over tuning starts, seeds and sentences.

    The three are crossed: every network translates every sentence with the weights of every start. Each is drawn with
    replacement by itself, the same for both systems (the pigeonhole bootstrap of Owen 2007, Annals of Applied
    Statistics 1:386, which errs on the safe side). ``n`` is the number of starts and seeds together. With fewer than
    two seeds there is no interval: sentences alone say nothing about another network.

    Args:
        a, b: BLEU counts ``[starts, seeds, sentences, 9]``. A side that has no seeds (a baseline without a network) has
            one, which stands beside each of the other's.

    Raises:
        ValueError: the two have other starts or sentences, or numbers of seeds that do not go together.
    """
    seeds = max(a.shape[1], b.shape[1])
    if a.shape[::2] != b.shape[::2] or min(a.shape[1], b.shape[1]) not in (1, seeds):
        raise ValueError(f"{a.shape} and {b.shape} are not of the same starts, seeds and sentences")
    a, b = (np.broadcast_to(counts, (counts.shape[0], seeds, *counts.shape[2:])) for counts in (a, b))
    starts, _, sentences, width = a.shape
    mean, n = float(gain(a, b).mean()), starts * seeds
    if seeds < 2:
        return Estimate(mean, None, None, n)
    draw, found = np.random.default_rng(0), np.empty(SAMPLES)
    both = np.stack([a, b]).transpose(0, 1, 2, 4, 3).reshape(-1, sentences).astype(float)
    for i in range(SAMPLES):
        weights = np.bincount(draw.integers(0, sentences, sentences), minlength=sentences)
        counts = (both @ weights).reshape(2, starts, seeds, 1, width)
        cells = gain(counts[0], counts[1])
        found[i] = cells[np.ix_(draw.integers(0, starts, starts), draw.integers(0, seeds, seeds))].mean()
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(mean, float(low), float(high), n)
