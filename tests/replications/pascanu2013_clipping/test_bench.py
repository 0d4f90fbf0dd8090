"""The plain network that the compiled learner is timed against learns the same."""

import numpy as np
import pytest
import torch

from common import benchmark
from replications.pascanu2013_clipping import bench


def test_the_plain_network_makes_the_same_update():
    trial, plain = bench.trial(1), bench.Plain(1)
    settings = trial.config
    drawn = trial.draw(bench.TRAIN, 0, bench.LENGTH, settings.batch)
    trial.learn(bench.LENGTH, 1)
    inputs = torch.nn.functional.one_hot(torch.from_numpy(drawn.index[..., 0]).long(), 6).float()
    plain.update(inputs, torch.from_numpy(drawn.target[0]).long(), settings.alpha, settings.lr, settings.threshold)
    for name, weight in trial.weights._asdict().items():
        np.testing.assert_allclose(weight, getattr(plain, name).detach().numpy(), atol=2e-6)


def test_every_case_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "REPLICAS", 2)
    monkeypatch.setattr(bench, "UPDATES", 3)
    monkeypatch.setattr(bench, "PLAIN_UPDATES", 1)
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    table = benchmark.bench(["pascanu2013_clipping"], tmp_path / "bench.json")
    assert all(f"  {name} " in table for name in bench.CASES)
    assert bench.CASES[bench.REFERENCE]()() == 2 and bench.compiled(2)()() == pytest.approx(6)
