import numpy as np
import pytest
import torch

from common.config import paper_setting
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.karpathy2015_char_rnn import bench, demo, figures, measures
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.experiment import build, load_data
from tests.replications.karpathy2015_char_rnn.tiny import made, settings, stub

PAPER = "karpathy2015_char_rnn"


def setting(experiment="lstm", **changes) -> Config:
    return Config(**paper_setting(PAPER, experiment) | changes)


def tiny(tmp_path, experiment="lstm", **changes):
    changes = {"hidden": 5, "streams": 4, "corpus": f"text:{made(tmp_path)}"} | changes
    config = setting(experiment, **changes)
    text = load_data(config)
    torch.manual_seed(1)
    return build(config, text).double(), text


@pytest.mark.parametrize("row, weights", [("lstm", 122_327), ("lstm_small", 44_823)])
def test_the_networks_of_a_row_have_as_many_weights(row, weights):
    names = [row, *(name + row.removeprefix("lstm") for name in ("tanh", "gru"))]
    for name in [*names, *(f"{name}_2" for name in names)]:
        config = setting(name)
        with torch.device("meta"):
            found = sum(weight.numel() for weight in build(config, stub(config)).parameters())
        assert found == weights if name == row else found == pytest.approx(weights, rel=0.025)


def test_what_is_observed_is_what_the_network_foresees_block_by_block(tmp_path):
    module, text = tiny(tmp_path, "gru_2")
    chances, layers = measures.observed(module, text)
    read = torch.from_numpy(text.rows[:, text.ends[0] - 1 :].T.copy())
    with torch.no_grad():
        scores, _ = module.network(read[:-1])
        did = module.network.stack.inside(module.network.read(read[:-1]), module.network.stack.initial(4))
    expected = scores.softmax(2).gather(2, read[1:].unsqueeze(2)).squeeze(2).t()
    np.testing.assert_allclose(chances, expected[:, -text.part("test").shape[1] :], rtol=0, atol=1e-12)
    for name in ("cell", "reset", "update"):
        wanted = did[1][name].transpose(0, 1)[:, -chances.shape[1] :]
        np.testing.assert_allclose(layers[1][name], wanted, rtol=0, atol=1e-12)


def test_the_rate_falls_from_the_tenth_epoch_on_and_components_are_clipped(tmp_path):
    module, _ = tiny(tmp_path)
    factor = module.configure_optimizers()["lr_scheduler"]["scheduler"].lr_lambdas[0]
    assert [factor(epoch * module.updates) for epoch in (0, 9, 10, 12)] == pytest.approx([1, 1, 0.95, 0.95**3])
    weight = next(module.parameters())
    weight.grad = torch.full_like(weight, -7)
    module.on_before_optimizer_step(None)
    assert (weight.grad == -5).all()


def test_a_run_has_its_metrics_figures_and_a_demonstration(checkout, tmp_path):
    runs = {}
    for name, changes in {"lstm": {}, "gru": {}, "ngram": {"seeds": [1]}}.items():
        folder = execute(PAPER, name, overrides=settings(made(tmp_path), **changes), name=name)
        runs[name] = read_json(folder / "results.json", {})
        assert all(np.isfinite(list(values.values())).all() for values in runs[name]["metrics"].values())
    assert {"test/nll", "ends/bracket", "errors/all", "probe/quote"} <= runs["lstm"]["metrics"].keys()
    assert runs["ngram"]["metrics"]["test/nll"] == runs["ngram"]["metrics"]["test/nll/2"]
    with look.style():
        for name, _, figure in figures.draw(runs):
            look.save(figure, checkout / f"{name}.svg")
    assert len(list(checkout.glob("*.svg"))) == 2
    shown = demo.demo(folder.parent / "lstm/seed-1.pt", "the man", length=2)
    assert shown.count("--- temperature") == 3 and shown.count("the man") >= 3
    assert demo.demo(folder.parent / "lstm/seed-1.pt", "the man", length=2) == shown
    with pytest.raises(UserError, match="has never read '©', 'Ã'"):
        demo.demo(folder.parent / "lstm/seed-1.pt", "é")


@pytest.mark.parametrize("case", bench.CASES)
def test_every_case_of_the_benchmark_does_its_work(monkeypatch, case):
    monkeypatch.setattr(bench, "PASSES", 1)
    assert bench.CASES[case]()() == bench.STEPS * bench.STREAMS
