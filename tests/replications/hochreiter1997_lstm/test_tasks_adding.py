import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm.tasks.adding import Adding, Multiplication

TASKS = st.sampled_from([Adding, Multiplication])


@settings(deadline=None, derandomize=True, max_examples=30)
@given(TASKS, st.integers(20, 150), st.integers(0, 1000))
def test_targets_recomputed_from_what_is_read(kind, t, seed):
    task = kind(t)
    batch = task.sample(np.random.default_rng(seed), 40)
    assert (task.inputs, task.outputs) == (2, 1)
    for pairs, length, target in zip(batch.value, batch.length, batch.target[:, 0], strict=True):
        value, marker = pairs[:length].T
        assert t <= length <= t + t // 10
        assert marker[0] == marker[-1] == -1.0 and set(marker[1:-1]) <= {0.0, 1.0}
        marked = np.flatnonzero(marker == 1.0)
        assert len(marked) == 1 or len(marked) == 2 and marked[0] < 10
        assert marked[-1] < t // 2 and length - 1 - marked[-1] >= t / 2  # the minimal lag
        x = list(value[marked])
        if len(x) == 1:  # the first pair was chosen
            assert value[0] == (0.0 if kind is Adding else 1.0)
            x.append(value[0])
        assert target == pytest.approx(0.5 + (x[0] + x[1]) / 4 if kind is Adding else x[0] * x[1], abs=1e-12)
        assert 0.0 <= target <= 1.0
        assert (np.abs(value) <= 1.0).all() and (kind is Adding or (value >= 0.0).all())


@pytest.mark.parametrize(("kind", "low"), [(Adding, -1), (Multiplication, 0)])
def test_in_numbers(kind, low):
    """t = 40: X1 among the pairs 0 ... 9, X2 among the 19 others of 0 ... 19."""
    n = 20_000
    batch = kind(40).sample(np.random.default_rng(1), n)
    assert np.bincount(batch.length)[40:] / n == pytest.approx(np.full(5, 0.2), abs=0.01)
    share = (batch.value[:, :20, 1] == 1.0).mean(axis=0)
    first = 1 / 10 + 9 / 10 / 19  # as X1, or as X2 if X1 is another of the ten
    assert share == pytest.approx([0, *[first] * 9, *[1 / 19] * 10], abs=0.01)
    neutral = 0.0 if kind is Adding else 1.0
    assert (batch.value[:, 0, 0] == neutral).mean() == pytest.approx(first, abs=0.01)
    plain = batch.value[:, 20:40, 0]
    quarters = np.array([0.25, 0.5, 0.75])
    assert np.quantile(plain, quarters) == pytest.approx(low + (1 - low) * quarters, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "mean", "variance"),
    [(Adding, 0.5, 1 / 24), (Multiplication, 1 / 4, 7 / 144)],  # of 0.5 + (X1 + X2) / 4, and of X1 X2
)
def test_what_predicting_the_mean_would_cost(kind, mean, variance):
    batch = kind(40).sample(np.random.default_rng(2), 10_000)
    target = batch.target[batch.value[:, :, 1].clip(0).sum(axis=1) == 2]  # without those that chose the first pair
    assert target.mean() == pytest.approx(mean, abs=0.01)
    assert target.var() == pytest.approx(variance, abs=0.002)
