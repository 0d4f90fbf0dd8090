"""How well clusters agree with known classes, of which a thing may have several."""

from collections.abc import Collection, Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster


def purity(groups: np.ndarray, belongs: np.ndarray) -> float:
    """The share of things that belong to the commonest class of their group.

    Args:
        groups: of each thing ``[N]``.
        belongs: whether each thing belongs to each class ``[C, N]``.
    """
    return float(sum(belongs[:, groups == group].sum(1).max() for group in set(groups)) / len(groups))


def shuffled_purity(groups: np.ndarray, belongs: np.ndarray, times: int = 100) -> float:
    """What :func:`purity` is on average when the things change places at random."""
    draw = np.random.default_rng(0)
    return float(np.mean([purity(groups, belongs[:, draw.permutation(len(groups))]) for _ in range(times)]))


def misplaced(tree: np.ndarray, names: Sequence[str], one_side: Collection[str]) -> int:
    """How many things are on the wrong side of the topmost branching of a tree (SciPy's ``linkage``)."""
    wrong = int(((fcluster(tree, 2, "maxclust") == 1) != np.isin(list(names), list(one_side))).sum())
    return min(wrong, len(names) - wrong)
