"""Every case of the benchmark does its work."""

import pytest

from replications.bahdanau2015_attention import bench


def test_the_reference_is_one_of_the_cases():
    assert bench.REFERENCE in bench.CASES


@pytest.mark.parametrize("case", bench.CASES)
def test_a_case_counts_its_words(case, monkeypatch):
    monkeypatch.setattr(bench, "BATCH", 3)
    monkeypatch.setattr(bench, "VOCABULARY", 30)
    monkeypatch.setattr(bench.batch, "__defaults__", (3, 30))
    assert bench.CASES[case]()() == 3 * 3 * bench.TARGET


@pytest.mark.parametrize("task", bench.TASKS)
def test_a_task_can_be_done(task, monkeypatch):
    monkeypatch.setattr(bench, "BATCH", 2)
    monkeypatch.setattr(bench, "SENTENCES", {"quick": (600, 2), "scaled": (30, 2)})
    bench.TASKS[task]()()
