import numpy as np
import pytest

from common.cells.tanh import logistic, tanh


@pytest.mark.parametrize(("kind", "bound"), [(np.float32, 4e-7), (np.float64, 3e-7)])
def test_tanh_of_a_continued_fraction(kind, bound):
    x = np.linspace(-12, 12, 4001)
    assert np.abs(np.array([tanh(kind(value)) for value in x]) - np.tanh(x)).max() < bound
    assert np.abs(np.array([logistic(kind(value)) for value in 2 * x]) - 1 / (1 + np.exp(-2 * x))).max() < bound


def test_it_is_exact_where_it_is_not_flat():
    assert tanh(np.float64(1.5)) == pytest.approx(np.tanh(1.5), abs=1e-14)
