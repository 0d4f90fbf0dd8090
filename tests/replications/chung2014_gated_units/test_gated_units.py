import numpy as np
import pytest
import torch

from common import benchmark, paths
from common.config import paper_setting
from common.data.music import midi
from common.data.music.rolls import NOTES, side_by_side
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.epochs import summed
from common.training.execute import execute
from common.training.run import read_json
from replications.chung2014_gated_units import bench, demo, figures
from replications.chung2014_gated_units.config import Config
from replications.chung2014_gated_units.experiment import build, load_data, rates
from replications.chung2014_gated_units.model import layer
from tests.replications.chung2014_gated_units.tiny import CHOICE, settings, stub

PAPER = "chung2014_gated_units"
UNITS = {"tanh": (100, 20_100, 18_900), "gru": (46, 20_286, 18_630), "lstm": (36, 19_836, 18_108)}


def setting(unit="gru", **changes) -> Config:
    made_up = {"corpus": "made-up", "pieces": (4, 2, 3), "steps": 14, "lr": 0.01}
    return Config(**paper_setting(PAPER, f"jsb_{unit}") | made_up | changes)


def weights(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


@pytest.mark.parametrize("unit", UNITS)
def test_layers_have_the_printed_weights_at_100_inputs(unit):
    hidden, printed, ours = UNITS[unit]
    config = setting(unit)
    assert weights(layer(unit, 100, hidden)) == printed and config.hidden == hidden
    assert weights(build(config, stub(config)).network.layer) == ours


def equations(unit: str, network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Hidden states as printed, step by step."""
    sigma, h, found = torch.sigmoid, x.new_zeros(x.shape[1], 6), []
    if unit == "tanh":
        w, u, b = network.weight_ih_l0, network.weight_hh_l0, network.bias_ih_l0
        for step in x:
            found.append(h := torch.tanh(step @ w.t() + h @ u.t() + b))
    elif unit == "gru":
        (w_r, w_z, w), (u_r, u_z, u) = network.input.weight.split(6), network.recurrent.split(6)
        b_r, b_z, b = network.input.bias.split(6)
        for step in x:
            z, r = (sigma(step @ a.t() + h @ c.t() + d) for a, c, d in ((w_z, u_z, b_z), (w_r, u_r, b_r)))
            found.append(h := (1 - z) * h + z * torch.tanh(step @ w.t() + (r * h) @ u.t() + b))
    else:
        c, (v_i, v_f, v_o) = torch.zeros_like(h), network.peepholes[0]
        for step in x:
            i, f, o, new = (step @ network.input[0] + h @ network.recurrent[0] + network.bias[0]).split(6, 1)
            c = sigma(f + v_f * c) * c + sigma(i + v_i * c) * torch.tanh(new)
            found.append(h := sigma(o + v_o * c) * torch.tanh(c))
    return torch.stack(found)


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_the_printed_equations(unit):
    torch.manual_seed(1)
    made = layer(unit, 4, 6).double()
    for weight in made.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight)
    x = torch.randn(9, 3, 4, dtype=torch.float64, requires_grad=True)
    ours = made(x)[0] if unit == "tanh" else made(x)
    expected = equations(unit, made, x)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)
    mix, learnt = torch.randn_like(expected), [w for w in made.parameters() if w.requires_grad]
    grads = (torch.autograd.grad((mix * states).sum(), [x, *learnt]) for states in (ours, expected))
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("unit", UNITS)
def test_weight_noise_is_fresh_and_its_gradient_reaches_the_clean_weights(unit):
    config = setting(unit)
    corpus = load_data(config)
    module = build(config, corpus)
    batch = side_by_side(corpus.pieces["train"])
    clean, one, other = (module.nats(batch, weights) for weights in (None, module.noisy(), module.noisy()))
    assert not torch.equal(one, clean) and not torch.equal(one, other)
    one.sum().backward()
    assert all(weight.grad.any() for weight in module.parameters() if weight.requires_grad)
    module.config = config.model_copy(update={"noise": 0.0})
    torch.testing.assert_close(module.nats(batch, module.noisy()), clean)


def test_steps_and_pieces_are_averaged_and_padding_does_not_count():
    config = setting()
    corpus = load_data(config)
    corpus.pieces["valid"][0] = corpus.pieces["valid"][0][:5]
    module = build(config, corpus)
    alone = [module.nats(side_by_side([piece])) for piece in corpus.pieces["valid"]]
    found = module.measures(summed(module, corpus.split("valid")))
    assert found["nll"] == pytest.approx(torch.cat(alone).mean().item(), rel=1e-6)
    assert found["nll_by_piece"] == pytest.approx(np.mean([one.mean().item() for one in alone]), rel=1e-6)
    assert found["nll"] != pytest.approx(found["nll_by_piece"], rel=1e-6) and found["nll"] > NOTES * 0.5


def test_the_rate_falls_to_a_hundredth_and_gradients_to_norm_one():
    config = setting()
    module = build(config, load_data(config))
    module.updates = 10
    made = module.configure_optimizers()
    for _ in range(12):
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
    assert made["optimizer"].param_groups[0]["lr"] == pytest.approx(0.01 * module.lr)
    for weight in module.parameters():
        weight.grad = torch.ones_like(weight)
    module.on_before_optimizer_step(None)
    assert torch.stack([w.grad.norm() for w in module.parameters()]).norm().item() == pytest.approx(1, rel=1e-4)


def test_candidates_are_log_uniform_and_the_best_by_validation_is_tested(checkout):
    drawn = np.log([rates(setting(lr=None), seed) for seed in range(200)])
    assert drawn.shape == (200, 10) and -12 <= drawn.min() < -11.9 and -6.1 < drawn.max() <= -6
    assert abs(drawn.mean() + 9) < 0.15 and rates(setting(lr=None), 1) == rates(setting(lr=None), 1)
    folder = execute(PAPER, "made_up_tanh", overrides=settings(**CHOICE))
    chosen = read_json(folder / "results.json", {})["metrics"]
    tried = rates(setting(lr=None, candidates=2), 1)
    assert chosen["lr"]["1"] == max(tried)  # of two small ones the larger learns more in two epochs
    assert torch.load(folder / "seed-1.pt", weights_only=True)["lr"] == max(tried)


def test_a_network_plays_on_and_is_drawn(checkout, tmp_path, monkeypatch):
    folder = execute(PAPER, "made_up_gru", overrides=settings(max_epochs=6, noise=0.01, lr=0.01), name="own")
    said = demo.demo(folder / "seed-1.pt", "", length=9)
    target = paths.BUILD / "try" / "chung2014.mid"
    assert said.startswith("9 steps of ") and str(target) in said and target.with_suffix(".svg").exists()
    start = midi.read(target)
    assert "7 steps of" in demo.demo(folder / "seed-1.pt", str(target), length=7)
    assert np.array_equal(midi.read(target)[: len(start)], start)
    (tmp_path / "song.mid").write_text("la la")
    with pytest.raises(UserError, match="song.mid: not a MIDI file"):
        demo.demo(folder / "seed-1.pt", str(tmp_path / "song.mid"))
    run = {"seeds": [1], "history": [("1", 1, 4, "valid/nll", 9.0), ("1", 2, 8, "valid/nll", 8.0)]}
    with look.style():
        ((name, _, figure),) = figures.draw({"made_up_gru": run, "jsb_tanh": run})
    assert name == "curves" and [axes.get_title(loc="left") for axes in figure.axes] == ["Made up", "JSB Chorales"]
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[1, 9], [2, 8]] and not list(figures.draw({}))


def test_every_layer_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    table = benchmark.bench([PAPER], tmp_path / "bench.json")
    assert all(f"  {name} " in table for name in bench.CASES)
