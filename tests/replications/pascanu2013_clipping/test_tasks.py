"""The generators: where signals stand, what the answer is, that no other regularity gives it away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.pascanu2013_clipping.tasks import TASKS, minibatch_length

lengths = st.integers(20, 130)
seeds = st.integers(0, 1000)


def drawn(task, seed, length, n=40):
    return TASKS[task].draw(np.random.default_rng(seed), length, n)


@given(seeds, lengths, st.sampled_from(["temporal_order", "temporal_order_3bit"]))
@settings(max_examples=25, deadline=None)
def test_temporal_order(seed, length, name):
    task = TASKS[name]
    index, value, target = drawn(name, seed, length)
    assert index.shape == value.shape == (length, 40, 1) and target.shape == (1, 40) and (value == 1).all()
    for n in range(40):
        places = np.flatnonzero(index[:, n, 0] < 2)
        assert len(places) == len(task.starts)
        for place, start in zip(places, task.starts, strict=True):
            assert int(start * length) <= place < int(start * length) + max(int(0.1 * length), 1)
        assert target[0, n] == sum(int(index[place, n, 0]) << k for k, place in enumerate(places))
    assert index.max() < 6


@given(seeds, lengths, st.booleans())
@settings(max_examples=25, deadline=None)
def test_addition_and_multiplication(seed, length, product):
    index, value, target = drawn("multiplication" if product else "addition", seed, length)
    assert (index == [0, 1]).all() and ((value >= 0) & (value <= 1)).all()
    for n in range(40):
        first, second = np.flatnonzero(value[:, n, 0])
        assert first < int(0.1 * length) <= second < length // 2
        a, b = value[[first, second], n, 1]
        assert target[0, n] == pytest.approx(a * b if product else (a + b) / 2, abs=1e-6)


@given(seeds, lengths)
@settings(max_examples=15, deadline=None)
def test_permutation(seed, length):
    index, _, target = drawn("permutation", seed, length)
    assert (
        (index[0, :, 0] == target[0]).all() and (index[0] < 2).all() and (index[1:] >= 2).all() and (index < 100).all()
    )


@given(seeds, lengths, st.sampled_from([("memorisation_5bit", 2, 5), ("memorisation_23bit", 5, 10)]))
@settings(max_examples=15, deadline=None)
def test_memorisation(seed, length, kind):
    name, values, positions = kind
    index, _, target = drawn(name, seed, length)
    symbols = index[..., 0]
    assert len(symbols) == len(target) == length + 2 * positions
    assert (symbols[:positions] < values).all() and (symbols[positions + length - 1] == values + 1).all()
    rest = np.delete(symbols[positions:], length - 1, axis=0)
    assert (rest == values).all()
    assert (target[:-positions] == values).all() and (target[-positions:] == symbols[:positions]).all()
    assert TASKS[name].inputs == values + 2 and TASKS[name].outputs == values + 1


def test_answers_are_balanced():
    for name, classes in (("temporal_order", 4), ("temporal_order_3bit", 8), ("permutation", 2)):
        counts = np.bincount(drawn(name, 1, 50, 8000).target[0].astype(int))
        assert len(counts) == classes and abs(counts / 8000 * classes - 1).max() < 0.15


def test_only_numbers_vary_the_length_of_a_minibatch():
    rng = np.random.default_rng(1)
    found = {minibatch_length("addition", 50, rng) for _ in range(200)}
    assert found == set(range(50, 55))
    assert {minibatch_length("permutation", 50, rng) for _ in range(20)} == {50}
