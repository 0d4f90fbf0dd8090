import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm.tasks.two_sequence import TwoSequences


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(1, 5), st.integers(5, 60), st.integers(0, 1000))
def test_3a_begins_with_its_class(n, t, seed):
    task = TwoSequences("3a", length=t, informative=n)
    batch = task.sample(np.random.default_rng(seed), 30)
    assert task.inputs == task.outputs == 1 and not batch.index.any()
    assert (batch.length >= t).all() and (batch.length <= t + t // 10).all()
    for value, target in zip(batch.value[:, :, 0], batch.target[:, 0], strict=True):
        assert set(value[:n]) == ({1.0} if target == 1.0 else {-1.0}) and target in (0.0, 1.0)
        assert not np.isin(value[n:], (1.0, -1.0)).any()


def test_lengths_are_uniform():
    length = TwoSequences("3a", length=40).sample(np.random.default_rng(1), 10_000).length
    assert np.bincount(length)[40:] / 10_000 == pytest.approx(np.full(5, 0.2), abs=0.02)


@pytest.mark.parametrize("variant", ["3a", "3b", "3c"])
def test_noise_has_a_variance_of_one_fifth(variant):
    batch = TwoSequences(variant, length=20).sample(np.random.default_rng(1), 10_000)
    noise = batch.value[:, 3:20, 0]
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.var() == pytest.approx(0.2, abs=0.005)
    assert np.corrcoef(noise.T) == pytest.approx(np.eye(17), abs=0.05)


def test_3b_adds_noise_to_the_signal():
    batch = TwoSequences("3b", length=10).sample(np.random.default_rng(1), 20_000)
    is_first = batch.target[:, 0] == 1.0
    assert is_first.mean() == pytest.approx(0.5, abs=0.02)
    for rows, mean in ((is_first, 1.0), (~is_first, -1.0)):
        signal = batch.value[rows, :3, 0]
        assert signal.mean(axis=0) == pytest.approx(np.full(3, mean), abs=0.02)
        assert np.cov(signal.T) == pytest.approx(0.2 * np.eye(3), abs=0.02)  # each element with noise of its own


def test_3c_adds_noise_to_the_target():
    batch = TwoSequences("3c", length=10).sample(np.random.default_rng(1), 20_000)
    first = batch.value[:, 0, 0]
    assert set(first) == {1.0, -1.0}
    for sign, mean in ((1.0, 0.2), (-1.0, 0.8)):
        target = batch.target[first == sign, 0]
        assert target.mean() == pytest.approx(mean, abs=0.015)
        assert target.var() == pytest.approx(0.1, abs=0.005)  # standard deviation 0.32


def test_3c_without_noise_is_tested_on_what_it_should_learn():
    batch = TwoSequences("3c", length=10, noise_free=True).sample(np.random.default_rng(1), 200)
    assert np.array_equal(batch.target[:, 0], np.where(batch.value[:, 0, 0] == 1.0, 0.2, 0.8))
