"""The one-unit network's derivatives, its cliff, and the bound on signals."""

import numpy as np
import pytest

from replications.pascanu2013_clipping import geometry


def test_derivatives_are_those_of_small_differences():
    weight, bias, small = np.array([3.0, 4.3, 5.5]), np.array([-1.0, -2.0, -1.7]), 1e-6
    point = geometry.one_unit(weight, bias)
    by_weight = (geometry.one_unit(weight + small, bias).loss - geometry.one_unit(weight - small, bias).loss) / (
        2 * small
    )
    by_bias = (geometry.one_unit(weight, bias + small).loss - geometry.one_unit(weight, bias - small).loss) / (
        2 * small
    )
    np.testing.assert_allclose(point.by_weight, by_weight, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(point.by_bias, by_bias, rtol=1e-5, atol=1e-9)


def test_the_loss_of_one_step_by_hand(monkeypatch):
    monkeypatch.setattr(geometry, "STEPS", 1)
    x = 2 / (1 + np.exp(-0.5)) + 0.1
    assert geometry.one_unit(2.0, 0.1).loss == pytest.approx((1 / (1 + np.exp(-x)) - 0.7) ** 2)


def test_bounded_steps_are_bounded_and_otherwise_the_same():
    starts = np.array([[5.1, -1.7], [4.6, -1.9]])
    plain, clipped = geometry.descents(starts, clipped=False), geometry.descents(starts, clipped=True)
    lengths = np.linalg.norm(np.diff(clipped, axis=0), axis=-1)
    assert lengths.max() <= geometry.RATE * geometry.THRESHOLD * (1 + 1e-12)
    np.testing.assert_allclose(plain[1], clipped[1])  # far from the wall both step alike
    assert np.linalg.norm(np.diff(plain, axis=0), axis=-1).max() > 5 * lengths.max()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("scale", [0.5, 0.9])
def test_below_the_bound_every_step_shrinks_the_signal(activation, scale):
    for seed in range(5):
        norms = geometry.signal_norms(scale, activation, np.random.default_rng(seed))
        assert len(norms) == geometry.LAGS + 1 and norms[0] == 1 and (norms[1:] / norms[:-1]).max() <= scale


def test_the_spread_of_norms():
    found = geometry.spread(np.array([[1.0, 0.5], [1.0, 0.4]]))
    assert found == {"mean": [1.0, 0.4472], "low": [1.0, 0.4], "high": [1.0, 0.5]}
