"""What the plain networks of the benchmark do is what ours do."""

import numpy as np
import pytest
import torch

from common import benchmark
from replications.pascanu2013_clipping import bench
from replications.pascanu2013_clipping.model import Network


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
    monkeypatch.setattr(bench, "NETWORKS", 2)
    monkeypatch.setattr(bench, "UPDATES", 3)
    monkeypatch.setattr(bench, "PLAIN_UPDATES", 1)
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    table = benchmark.bench(["pascanu2013_clipping"], tmp_path / "bench.json")
    assert all(f"  {name} " in table for name in bench.CASES) and all(f"  {name}: " in table for name in bench.TASKS)
    assert bench.CASES[bench.REFERENCE]()() == 2 and bench.compiled(2)()() == pytest.approx(6)


def test_the_plain_loop_over_a_text_has_the_same_states():
    network = Network(50, 7, 50, "sigmoid", "tanh", 1)
    characters = torch.randint(50, (12, 1), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(bench.stacked(network, characters), network.states(characters))
