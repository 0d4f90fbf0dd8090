import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from common import benchmark
from common.config import paper_setting
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.le2015_irnn import bench, data, figures
from replications.le2015_irnn.config import Config
from replications.le2015_irnn.experiment import build, load_data
from replications.le2015_irnn.model import Network
from tests.replications.le2015_irnn.tiny import settings, stub

PAPER = "le2015_irnn"


def setting(experiment="irnn", **changes) -> Config:
    return Config(**paper_setting(PAPER, experiment) | changes)


@pytest.mark.parametrize(
    "experiment, weights", [("irnn", 10_401), ("lstm", 41_301), ("pixels_irnn", 11_210), ("pixels_lstm", 41_810)]
)
def test_networks_have_one_bias_a_gate(experiment, weights):
    module = build(config := setting(experiment), stub(config))
    assert sum(weight.numel() for weight in module.parameters() if weight.requires_grad) == weights
    assert not set(module.configure_optimizers().param_groups[0]["params"]) & {module.network.cell.bias_hh_l0}


@pytest.mark.parametrize("identity", [1.0, 0.5, None])
def test_states_are_the_equations(identity):
    network = Network(setting(identity=identity, hidden=7, input_std=0.5), 2, 3).double()
    x, h = torch.randn(9, 4, 2, dtype=torch.float64), torch.zeros(4, 7, dtype=torch.float64)
    into, recurrent = network.cell.weight_ih_l0, network.cell.weight_hh_l0
    if identity:
        assert torch.equal(recurrent, identity * torch.eye(7, dtype=torch.float64))
    for step in x:
        h = torch.relu(step @ into.t() + h @ recurrent.t())
    torch.testing.assert_close(network(x), h @ network.output.weight.t(), rtol=0, atol=1e-12)


def test_at_first_an_irnn_keeps_what_it_has_read_and_the_gradient_too():
    network = Network(setting(input_std=0.1), 1, 1)
    x = torch.zeros(400, 1, 1)
    x[0] = 1
    x.requires_grad_()
    states = network.cell(x)[0]
    assert torch.equal(states[0], states[-1]) and states[0].any()
    states[-1].sum().backward()
    assert x.grad[0].item() == pytest.approx(network.cell.weight_ih_l0.clamp(min=0).sum().item(), rel=1e-4)
    short = Network(setting(input_std=0.1, identity=0.9), 1, 1).cell(x.detach())[0]
    torch.testing.assert_close(short[-1], 0.9**399 * short[0])


def test_all_weights_but_the_recurrent_ones_are_small_and_forget_gates_open():
    torch.manual_seed(1)
    network = Network(setting("lstm", hidden=200, forget_bias=4.0), 2, 1)
    assert network.cell.weight_ih_l0.std().item() == pytest.approx(0.001, rel=0.1)
    assert network.cell.weight_hh_l0.std().item() == pytest.approx(200**-0.5, rel=0.02)
    assert network.cell.bias_ih_l0.view(4, 200).mean(1).tolist() == [0, 4, 0, 0]
    with pytest.raises(ValueError, match="four recurrent matrices"):
        setting("lstm", identity=1.0)


def test_the_gradient_is_clipped_over_all_weights():
    module = build(config := setting(clip_norm=0.5), stub(config))
    for weight in module.parameters():
        weight.grad = torch.ones_like(weight) if weight.requires_grad else None
    module.on_before_optimizer_step(None)
    norms = [weight.grad.norm() for weight in module.parameters() if weight.grad is not None]
    assert torch.stack(norms).norm().item() == pytest.approx(0.5, rel=1e-4)


def test_the_adding_problem_has_a_mark_in_each_half():
    corpus = load_data(setting(length=11, examples=300, valid_examples=20, test_examples=20))
    inputs, target = corpus.splits["train"]
    assert inputs.shape == (300, 11, 2) and inputs[..., 0].sum(1).tolist() == [2] * 300
    np.testing.assert_allclose((inputs[..., 0] * inputs[..., 1]).sum(1), target, rtol=1e-6)
    assert inputs[:, :5, 0].sum(1).tolist() == [1] * 300 and inputs[:, :, 0].sum(0).min() > 0
    assert ((target - 1) ** 2).mean() == pytest.approx(1 / 6, abs=0.02)  # of the constant answer
    assert not np.array_equal(corpus.splits["valid"][1], corpus.splits["test"][1])


def test_pixels_come_row_by_row_or_in_the_one_random_order():
    images = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    assert data.by_pixel(images, 1, False)[0, :, 0].tolist() == list(range(16))
    assert data.by_pixel(images, 2, False)[0, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]
    one, other = data.by_pixel(images, 1, True)[..., 0]
    assert sorted(one) == list(range(16)) and list(one) != sorted(one) and np.array_equal(one + 16, other)
    with pytest.raises(UserError, match="squares of 3 pixels do not fill an image of 4 x 4"):
        data.by_pixel(images, 3, False)


@pytest.fixture
def small_mnist(tmp_path, monkeypatch) -> Path:
    draw = np.random.default_rng(1)
    for kind, count in (("train", 30), ("t10k", 12)):
        images, labels = draw.integers(256, size=(count, 4, 4)), draw.integers(10, size=count)
        for name, values in ((f"{kind}-images-idx3-ubyte", images), (f"{kind}-labels-idx1-ubyte", labels)):
            head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
            (tmp_path / name).write_bytes(head + values.astype(np.uint8).tobytes())
    monkeypatch.setattr(data.fetch, "fetch", lambda corpus: tmp_path)
    return tmp_path


def test_mnist_is_split_without_overlap(small_mnist):
    counts = {"examples": 20, "valid_examples": 10, "test_examples": None}
    corpus = load_data(setting("pixels_irnn", **counts))
    assert {name: x.shape for name, (x, _) in corpus.splits.items()} == {
        "train": (20, 16, 1), "valid": (10, 16, 1), "test": (12, 16, 1)}  # fmt: skip
    assert corpus.splits["train"][0].max() <= 1 and corpus.outputs == 10
    assert corpus.fingerprint != load_data(setting("permuted_irnn", **counts)).fingerprint
    with pytest.raises(UserError, match="mnist has 30 images for examples and valid_examples"):
        load_data(setting("pixels_irnn", **counts | {"examples": 21}))
    labels = small_mnist / "t10k-labels-idx1-ubyte"
    labels.write_bytes(gzip.compress(labels.read_bytes()))
    with pytest.raises(UserError, match="t10k-labels-idx1-ubyte: not an IDX file of bytes; it is compressed"):
        load_data(setting("pixels_irnn", **counts))


def test_an_irnn_learns_to_add_in_a_moment(checkout):
    options = settings(examples=3000, test_examples=200, hidden=20, length=12, batch_size=16, lr=0.005, max_epochs=4)
    folder = execute(PAPER, "irnn", overrides=options)
    results = read_json(folder / "results.json", {})
    assert results["metrics"]["test/mse"]["1"] < 0.04 and results["parameters"] == 20 * 23 + 21


def test_figures_have_a_line_for_each_seed_of_what_is_there():
    def run(metric: str) -> dict:
        return {"seeds": [1, 2], "history": [(str(s), n, 10 * n, metric, 0.1 * n) for n in (1, 2) for s in (1, 2)]}

    runs = {"irnn": run("valid/mse"), "lstm": run("valid/mse"), "permuted_irnn": run("valid/accuracy")}
    with look.style():
        found = {name: figure.axes[0] for name, _, figure in figures.draw(runs)}
    assert found.keys() == {"adding", "permuted"} and len(found["adding"].lines) == 5  # with the constant answer's
    assert [text.get_text() for text in found["adding"].get_legend().get_texts()] == ["IRNN", "LSTM"]
    assert found["permuted"].lines[0].get_xdata().tolist() == [10, 20]


def test_every_layer_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    table = benchmark.bench([PAPER], tmp_path / "bench.json")
    assert all(f"  {name} " in table for name in bench.CASES)
