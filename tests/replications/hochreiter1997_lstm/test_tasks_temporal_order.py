import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm.tasks.temporal_order import SYMBOLS, TemporalOrder

CLASSES = {2: "XX XY YX YY".split(), 3: "XXX XXY XYX XYY YXX YXY YYX YYY".split()}  # Q R S U; Q R S U V A B C


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.sampled_from([2, 3]), st.integers(20, 200), st.integers(0, 1000))
def test_classes_recomputed_from_what_is_read(relevant, length, seed):
    task = TemporalOrder(relevant, length)
    batch = task.sample(np.random.default_rng(seed), 30)
    assert (task.inputs, task.outputs) == (8, 2**relevant)
    for index, steps, target in zip(batch.index[:, :, 0], batch.length, batch.target, strict=True):
        text = "".join(SYMBOLS[symbol] for symbol in index[:steps])
        assert re.fullmatch("E[abcdXY]*B", text) and length <= steps <= length + length // 10
        order = re.sub("[^XY]", "", text)
        assert target.tolist() == [float(order == name) for name in CLASSES[relevant]]


@pytest.mark.parametrize(
    ("relevant", "windows", "lag"), [(2, [(10, 20), (50, 60)], 40), (3, [(10, 20), (33, 43), (66, 76)], 24)]
)
def test_positions_as_in_the_paper(relevant, windows, lag):
    batch = TemporalOrder(relevant).sample(np.random.default_rng(1), 6000)
    symbols = batch.index[:, :, 0]
    found = 1 + np.nonzero(np.isin(symbols, (4, 5)))[1].reshape(batch.size, relevant)  # counted from 1
    for column, (low, high) in zip(found.T, windows, strict=True):
        counts = np.bincount(column, minlength=high + 1)
        assert counts[:low].sum() == 0 and len(counts) == high + 1
        assert counts[low:] / batch.size == pytest.approx(np.full(11, 1 / 11), abs=0.02)
    assert (batch.length - found[:, -1]).min() == lag  # Table 10
    assert (batch.length - found[:, 0]).min() == 80  # what Gers et al. count
    assert np.bincount(batch.length)[100:] / batch.size == pytest.approx(np.full(11, 1 / 11), abs=0.02)


@pytest.mark.parametrize("relevant", [2, 3])
def test_classes_and_distractors_are_balanced(relevant):
    batch = TemporalOrder(relevant).sample(np.random.default_rng(1), 8000)
    assert batch.target.mean(axis=0) == pytest.approx(np.full(2**relevant, 2.0**-relevant), abs=0.02)
    between = batch.index[:, 21:30, 0]  # where only distractors stand
    assert np.bincount(between.ravel()) / between.size == pytest.approx(np.full(4, 0.25), abs=0.01)
    assert np.corrcoef(between.T) == pytest.approx(np.eye(9), abs=0.05)


def test_shorter_sequences_keep_the_proportions():
    assert TemporalOrder(2, 50).windows == [(5, 10), (25, 30)]
    assert TemporalOrder(3, 50).windows == [(5, 10), (16, 21), (33, 38)]
