"""Every case of the benchmark does its work."""

import pytest

from replications.cho2014_gru import bench


def test_the_reference_is_one_of_the_cases():
    assert bench.REFERENCE in bench.CASES


@pytest.mark.parametrize("case, pairs", zip(bench.CASES, (64, 40, 20), strict=True))
def test_a_case_counts_its_pairs(case, pairs, monkeypatch):
    monkeypatch.setattr(bench, "PAIRS", 40)
    assert bench.CASES[case]()() == pairs
