"""What holds for the sequences of every task."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import UserError
from replications.hochreiter1997_lstm.tasks.adding import Adding, Multiplication
from replications.hochreiter1997_lstm.tasks.long_lag import LongLag, VeryLongLag
from replications.hochreiter1997_lstm.tasks.reber import Reber
from replications.hochreiter1997_lstm.tasks.sequences import of_symbols, of_values
from replications.hochreiter1997_lstm.tasks.temporal_order import TemporalOrder
from replications.hochreiter1997_lstm.tasks.two_sequence import TwoSequences

TASKS = [
    Reber(), LongLag(12), LongLag(12, regular=False), VeryLongLag(15, 7), Adding(30), Multiplication(30),
    TwoSequences("3a", 30), TwoSequences("3b", 30), TwoSequences("3c", 30), TemporalOrder(2), TemporalOrder(3),
]  # fmt: skip
FIELDS = {"index": np.int32, "value": np.float64, "length": np.int32, "next": np.int32, "target": np.float64,
          "legal": bool}  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.sampled_from(TASKS), st.integers(0, 1000), st.integers(1, 40))
def test_shapes_types_and_padding(task, seed, n):
    batch = task.sample(np.random.default_rng(seed), n)
    t, a = batch.index.shape[1:]
    assert batch.size == len(batch.index) == n and batch.length.min() > 0 and batch.length.max() == t
    for name, kind in FIELDS.items():  # as a compiled loop needs them
        assert getattr(batch, name).dtype == kind and getattr(batch, name).flags.c_contiguous
    padding = np.arange(t) >= batch.length[:, None]
    assert batch.value.shape == (n, t, a)
    assert not batch.index[padding].any() and not batch.value[padding].any()
    assert (batch.index >= 0).all() and (batch.index < task.inputs).all()
    if batch.next.size:  # a target at every step
        assert batch.next.shape == (n, t) and batch.target.shape == (n, 0)
        assert (batch.next[padding] == -1).all()
        assert (batch.next[~padding] >= 0).all() and (batch.next < task.outputs).all()
    else:  # one at the end
        assert batch.next.shape == (n, 0) and batch.target.shape == (n, task.outputs)
    if batch.legal.size:
        assert batch.legal.shape == (n, t, task.outputs) and not batch.legal[padding].any()
    else:
        assert batch.legal.shape == (n, 0, 0)


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_a_seed_is_a_batch(task):
    one, again, other = (task.sample(np.random.default_rng(seed), 20) for seed in (1, 1, 2))
    assert all(np.array_equal(getattr(one, name), getattr(again, name)) for name in FIELDS)
    assert any(not np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_later_batches_differ(task):
    rng = np.random.default_rng(1)
    one, other = task.sample(rng, 20), task.sample(rng, 20)
    assert any(not np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


def test_symbols_by_hand():
    batch = of_symbols(np.array([[3, 1], [2, 9]]), np.array([2, 1]), following=np.array([[1, 4], [5, -1]]))
    assert batch.index.tolist() == [[[3], [1]], [[2], [0]]]
    assert batch.value.tolist() == [[[1.0], [1.0]], [[1.0], [0.0]]]
    assert batch.next.tolist() == [[1, 4], [5, -1]]


def test_values_by_hand():
    value = np.array([[[0.5, -1.0], [0.25, 1.0]], [[0.75, 2.0], [9.0, 9.0]]])
    batch = of_values(np.array([0, 1]), value, np.array([2, 1]), np.array([[0.1], [0.2]]))
    assert batch.index.tolist() == [[[0, 1], [0, 1]], [[0, 1], [0, 0]]]
    assert batch.value.tolist() == [[[0.5, -1.0], [0.25, 1.0]], [[0.75, 2.0], [0.0, 0.0]]]
    assert batch.target.tolist() == [[0.1], [0.2]]


@pytest.mark.parametrize(
    ("task", "what"),
    [
        (lambda: LongLag(p=1), "2a and 2b: p = 1"),
        (lambda: VeryLongLag(q=0), "2c: q = 0"),
        (lambda: VeryLongLag(p=0), "2c: p = 0"),
        (lambda: TwoSequences("3d"), "'3d'.*did you mean"),
        (lambda: TwoSequences(informative=0), "N = 0"),
        (lambda: TwoSequences(length=2, informative=3), "T = 2 .* at least 3"),
        (lambda: Adding(19), "adding.* T = 19 .* at least 20"),
        (lambda: Multiplication(19), "multiplication.* T = 19 .* at least 20"),
        (lambda: TemporalOrder(relevant=4), "4 relevant symbols; choose 2 .*or 3"),
        (lambda: TemporalOrder(length=19), "length = 19 .* at least 20"),
    ],
)
def test_parameters_out_of_range_are_refused(task, what):
    with pytest.raises(UserError, match=what):
        task()


@pytest.mark.parametrize(
    "task",
    [LongLag(2), VeryLongLag(1, 1), TwoSequences(length=1, informative=1), Adding(20), Multiplication(20),
     TemporalOrder(2, 20), TemporalOrder(3, 20)], ids=repr,
)  # fmt: skip
def test_the_smallest_that_is_allowed_works(task):
    assert task.sample(np.random.default_rng(1), 50).size == 50
