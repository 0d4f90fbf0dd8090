"""The networks that the compiled learner is timed against do what they say, and learn."""

import pytest
import torch

from common import benchmark
from replications.hochreiter1997_lstm import bench


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(bench, "REPLICAS", 2)
    monkeypatch.setattr(bench, "SEQUENCES", 3)
    monkeypatch.setattr(bench, "PLAIN_SEQUENCES", 1)
    monkeypatch.setattr(benchmark, "ROUNDS", 1)


def test_the_network_of_experiment_4():
    assert bench.trial(1).parameters == 93 and bench.trial(1).task.length == 100
    ((inputs, target),) = bench.plain_sequences(1)
    batch = bench.sequences(1, 1)
    assert inputs.shape == (batch.length[0], 1, 2) and target.shape == (1, 1)
    assert inputs[-1, 0, 1] == -1 and (inputs[:, 0, 1] == 1).sum() in (1, 2)


def test_every_case_is_measured(tmp_path):
    table = benchmark.bench(["hochreiter1997_lstm"], tmp_path / "bench.json")
    assert all(f"  {name} " in table for name in bench.CASES)
    for name, case in bench.CASES.items():
        assert case()() == 2 * (3 if "compiled" in name else 1)


def test_networks_side_by_side_answer_and_learn_as_each_alone():
    """Sequences of two lengths; after an update each network has the weights that it would have alone."""
    torch.manual_seed(1)
    networks = [bench.Cells() for _ in range(2)]
    together = bench.Batched(networks)
    sequences, target = [torch.randn(7, 1, 2), torch.randn(5, 1, 2)], torch.rand(2, 1, 1)
    padded = torch.nn.utils.rnn.pad_sequence(sequences), torch.tensor([7, 5])
    bench.learn(torch.optim.SGD(together.parameters(), 0.5), together(*padded), target)
    for network, inputs, wanted, weight in zip(networks, sequences, target, together.weight, strict=True):
        before = network.cell.weight_hh.detach().clone()
        bench.learn(torch.optim.SGD(network.parameters(), 0.5), network(inputs), wanted)
        torch.testing.assert_close(weight[2:].t(), network.cell.weight_hh)
        assert not torch.equal(before, network.cell.weight_hh)
    torch.testing.assert_close(together.out[:, :, 0], torch.cat([network.linear.weight for network in networks]))


def test_the_builtin_layer_is_the_loop():
    torch.manual_seed(1)
    loop, layer, inputs = bench.Cells(), bench.Layer(), torch.randn(6, 1, 2)
    layer.lstm.load_state_dict({f"{name}_l0": value for name, value in loop.cell.state_dict().items()})
    layer.linear.load_state_dict(loop.linear.state_dict())
    torch.testing.assert_close(layer(inputs), loop(inputs))
