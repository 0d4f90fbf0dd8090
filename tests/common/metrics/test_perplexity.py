import numpy as np
import pytest

from common.metrics.perplexity import perplexity


def test_by_hand():
    assert perplexity(np.log([0.5, 0.125])) == pytest.approx(4)  # the geometric mean of 2 and 8


def test_of_the_uniform_distribution_is_the_size_of_the_vocabulary():
    assert perplexity(np.full(1000, -np.log(7), dtype=np.float32)) == pytest.approx(7, rel=1e-6)


def test_of_certainty_is_one():
    assert perplexity(np.zeros(3)) == 1


def test_a_word_of_probability_zero_makes_it_infinite():
    assert perplexity(np.array([0.0, -np.inf])) == np.inf


def test_sums_in_double_precision():
    assert perplexity(np.full(10_000_000, -0.1, dtype=np.float32)) == pytest.approx(np.exp(0.1), rel=1e-7)
