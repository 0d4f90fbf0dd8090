import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.metrics.label_error import label_error_rate

labels = st.lists(st.integers(0, 5), min_size=1, max_size=12)


def test_errors_over_reference_labels_of_all_utterances():
    # kitten -> sitting: 3 errors of 6 letters; a missing word of two: 1 of 2; together 4 of 8
    assert label_error_rate(["sitting", ["a"]], ["kitten", ["a", "b"]]) == pytest.approx(50)


@given(labels)
def test_zero_only_when_equal(reference):
    assert label_error_rate([reference], [reference]) == 0
    assert label_error_rate([[]], [reference]) == 100
    assert label_error_rate([[*reference, 9]], [reference]) == pytest.approx(100 / len(reference))


@given(labels, labels)
def test_no_more_errors_than_the_longer_has_labels(a, b):
    assert label_error_rate([a], [b]) <= 100 * max(len(a), len(b)) / len(b)


def test_an_empty_reference_counts_insertions():
    assert label_error_rate([[1, 2], [3]], [[], [3]]) == 200


def test_nothing_to_be_wrong_about():
    with pytest.raises(ValueError, match="no reference labels"):
        label_error_rate([[1]], [[]])
    with pytest.raises(ValueError):
        label_error_rate([[1]], [[1], [2]])
