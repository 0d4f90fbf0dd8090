import numpy as np
from scipy.cluster.hierarchy import linkage

from common.metrics import clusters


def test_purity_counts_the_commonest_class_of_each_group():
    belongs = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 1, 1]], dtype=bool)
    assert clusters.purity(np.array([1, 1, 2, 2, 2]), belongs) == 1
    assert clusters.purity(np.array([1, 2, 1, 2, 2]), belongs) == 3 / 5
    assert 3 / 5 <= clusters.shuffled_purity(np.array([1, 1, 2, 2, 2]), belongs) < 1


def test_misplaced_looks_at_the_topmost_branching():
    tree = linkage(np.array([[0.0], [1.0], [2.0], [10.0], [11.0]]), "ward")
    assert clusters.misplaced(tree, "abcde", "de") == clusters.misplaced(tree, "abcde", "abc") == 0
    assert clusters.misplaced(tree, "abcde", "ae") == 2
