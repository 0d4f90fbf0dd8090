import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm.tasks.long_lag import LongLag, VeryLongLag


def test_2a_has_two_sequences():
    batch = LongLag(p=4).sample(np.random.default_rng(1), 200)  # a1 a2 a3 x y = 0 1 2 3 4
    read, predicted = batch.index[:, :, 0].tolist(), batch.next.tolist()
    assert {(*r, *p) for r, p in zip(read, predicted, strict=True)} == {
        (3, 0, 1, 2, 0, 1, 2, 3),
        (4, 0, 1, 2, 0, 1, 2, 4),
    }
    assert (batch.length == 4).all()
    assert 70 < sum(row[0] == 3 for row in read) < 130


def test_2a_is_the_same_whole_or_in_parts():
    rng = np.random.default_rng(1)
    parts = [LongLag(p=4).sample(rng, n).next for n in (3, 1, 4)]
    assert np.array_equal(np.concatenate(parts), LongLag(p=4).sample(np.random.default_rng(1), 8).next)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(2, 30), st.booleans(), st.integers(0, 1000))
def test_2a_and_2b_end_as_they_began(p, regular, seed):
    task = LongLag(p, regular)
    batch = task.sample(np.random.default_rng(seed), 30)
    assert task.inputs == task.outputs == p + 1
    symbols = np.hstack([batch.index[:, :, 0], batch.next[:, -1:]])
    assert symbols.shape == (30, p + 1) and (batch.length == p).all()  # p time steps from the first to the last
    assert np.array_equal(batch.next, symbols[:, 1:])
    assert np.array_equal(symbols[:, 0], symbols[:, -1]) and (symbols[:, 0] >= p - 1).all()
    assert (symbols[:, 1:-1] < p - 1).all()
    if regular:
        assert (symbols[:, 1:-1] == np.arange(p - 1)).all()


def test_2b_draws_every_other_symbol_everywhere():
    batch = LongLag(p=6, regular=False).sample(np.random.default_rng(1), 5000)
    middle = batch.index[:, 1:, 0]
    share = np.stack([(middle == symbol).mean(axis=0) for symbol in range(5)])  # [symbol, position]
    assert share == pytest.approx(np.full((5, 5), 0.2), abs=0.03)
    assert (batch.index[:, 0, 0] == 5).mean() == pytest.approx(0.5, abs=0.03)
    assert np.corrcoef(middle.T) == pytest.approx(np.eye(5), abs=0.06)  # nothing predicts the next one


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 1000))
def test_2c_by_its_definition(q, p, seed):
    task = VeryLongLag(q, p)
    batch = task.sample(np.random.default_rng(seed), 20)
    assert (task.inputs, task.outputs) == (p + 4, 2)
    names = ["a"] * p + ["e", "b", "x", "y"]
    for index, length, target in zip(batch.index[:, :, 0], batch.length, batch.target, strict=True):
        text = "".join(names[symbol] for symbol in index[:length])
        assert re.fullmatch(rf"b[xy]a{{{q},}}e", text)
        assert target.tolist() == ([1.0, 0.0] if text[1] == "x" else [0.0, 1.0])
        assert (length - 1) - 1 >= q + 1  # steps from x|y to the trigger: the paper's minimal time lag


def test_2c_in_numbers():
    batch = VeryLongLag(q=5, p=4).sample(np.random.default_rng(3), 20_000)
    extra = batch.length - (5 + 3)
    assert extra.min() == 0 and extra.mean() == pytest.approx(9, abs=0.3)  # sum over k of k (1/10) (9/10)^k
    for k in range(4):
        assert (extra == k).mean() == pytest.approx(0.1 * 0.9**k, abs=0.01)
    assert batch.target.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)
    distractors = np.concatenate([row[2 : n - 1] for row, n in zip(batch.index[:, :, 0], batch.length, strict=True)])
    assert np.bincount(distractors) / len(distractors) == pytest.approx(np.full(4, 0.25), abs=0.01)  # a_p too


def test_2c_may_have_more_distractors_than_kinds_and_fewer():
    for q, p in ((1000, 50), (50, 1000)):  # indices run to p, whatever q
        batch = VeryLongLag(q, p).sample(np.random.default_rng(1), 50)
        assert batch.index[:, 2 : q + 2].max() in range(int(0.9 * p), p)
