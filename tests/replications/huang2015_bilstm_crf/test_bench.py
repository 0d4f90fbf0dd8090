"""Every case of the benchmark does its work, and all have the same loss."""

import pytest
import torch

from replications.huang2015_bilstm_crf import bench


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"SENTENCES": 4, "BATCH": 2, "VOCABULARY": 30, "EMBEDDING": 3, "HIDDEN": 3}.items():
        monkeypatch.setattr(bench, name, value)


@pytest.mark.parametrize("case", bench.CASES)
def test_a_case_counts_its_words(case):
    assert bench.REFERENCE in bench.CASES
    assert bench.CASES[case]()() == sum(int(batch.lengths.sum()) for batch in bench.text())


def test_the_loop_and_the_package_are_the_same_crf(monkeypatch):
    torch.manual_seed(1)
    crf = bench.CRF(bench.TAGS)
    for weight in crf.parameters():
        torch.nn.init.normal_(weight)
    batch = bench.text()[0]
    given = torch.randn(*batch.words.shape, bench.TAGS), batch.tags, batch.lengths
    losses = []
    monkeypatch.setattr(bench, "learner", lambda _, loss: lambda: losses.append(loss))
    bench.packaged()
    for loss in (bench.looped, *losses):
        torch.testing.assert_close(loss(crf, *given), crf(*given), rtol=1e-5, atol=1e-4)
