import math

import numpy as np
import pytest
import torch
from torch import nn

from common.config import paper_setting
from common.data.parallel.buckets import collate
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.luong2015_attention import demo, figures
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.experiment import best, build, load_data, looks
from replications.luong2015_attention.model import Attention, Translator
from tests.replications.luong2015_attention.tiny import settings, stub
from tests.replications.texts import translated

PAPER = "luong2015_attention"
KINDS = ["location", "dot", "general", "concat", "local_m", "local_p", "local_p_dot", "dot_no_feed", "reversed", "base"]


def setting(experiment: str, **changes) -> Config:
    small = {"hidden": 5, "embedding": 4, "layers": 2, "half_width": 2, "longest": 4, "dropout": 0.0, "init_range": 0.8}
    return Config(**paper_setting(PAPER, experiment) | small | changes)


def network(experiment: str, **changes) -> Translator:
    torch.manual_seed(1)
    return Translator(setting(experiment, **changes), 20, 20, 0).double().eval()


def pairs(*lengths: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    draw = np.random.default_rng(1)
    return [tuple(np.append(draw.integers(1, 20, words), 0).astype(np.int32) for words in both) for both in lengths]


def weights_by_hand(attention: Attention, h: torch.Tensor, hs: list[torch.Tensor], t: int) -> list[float]:
    """The paper's equations for one target word; source words and positions count from 1."""
    config, S, D = attention.config, len(hs), attention.config.half_width
    if config.score == "location":
        scores = (attention.query.weight @ h)[:S].tolist() + [-math.inf] * max(0, S - config.longest)
    elif config.score == "dot":
        scores = [(h @ each).item() for each in hs]
    elif config.score == "general":
        scores = [(h @ attention.key.weight @ each).item() for each in hs]
    else:
        whole = torch.cat([attention.query.weight, attention.key.weight], 1)  # W_a
        scores = [(attention.energy.weight[0] @ torch.tanh(whole @ torch.cat([h, each]))).item() for each in hs]
    p_t = float(min(t, S))
    if config.window == "local-p":
        inner, outer = attention.place[0].weight, attention.place[2].weight
        p_t = S / (1 + math.exp(-(outer @ torch.tanh(inner @ h)).item()))
    inside = [config.window == "global" or math.floor(p_t) - D <= s <= math.floor(p_t) + D for s in range(1, S + 1)]
    powers = [math.exp(score) if here else 0.0 for score, here in zip(scores, inside, strict=True)]
    sigma = D / 2
    gauss = [
        math.exp(-((s - p_t) ** 2) / (2 * sigma**2)) if config.window == "local-p" else 1.0 for s in range(1, S + 1)
    ]
    return [power / sum(powers) * each for power, each in zip(powers, gauss, strict=True)]


@pytest.mark.parametrize("experiment", KINDS[:7])
@pytest.mark.parametrize("t", [1, 4, 9])
def test_weights_are_the_papers(experiment, t):
    torch.manual_seed(1)
    attention = Attention(setting(experiment, hidden=6)).double()
    for weight in attention.parameters():
        nn.init.normal_(weight)
    hs, h = torch.randn(7, 2, 6, dtype=torch.float64), torch.randn(2, 6, dtype=torch.float64)
    mask = torch.arange(7).unsqueeze(1) < torch.tensor([7, 3])
    context, found = attention(h, torch.tensor([[t], [t]]), attention.memory(hs, mask))
    for b, words in enumerate((7, 3)):
        expected = torch.tensor(weights_by_hand(attention, h[b], list(hs[:words, b]), t), dtype=torch.float64)
        torch.testing.assert_close(found[b, :words], expected, rtol=0, atol=1e-10)
        assert not found[b, words:].any()
        torch.testing.assert_close(context[b], expected @ hs[:words, b], rtol=0, atol=1e-10)


@pytest.mark.parametrize("experiment", KINDS)
def test_a_batch_is_one_by_one_and_its_loss_that_of_the_search(experiment):
    module, some = network(experiment), pairs((6, 4), (1, 3), (0, 1), (4, 7))
    together = module(collate(some))
    alone = torch.cat([module(collate([pair])) for pair in some])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-10)
    source, target = some[0]
    step, state = module.begin(torch.from_numpy(source).long()[:, None], torch.tensor([len(source)]))
    nats, word = 0.0, module.end
    for following in target.tolist():
        log_p, state = step(torch.tensor([word]), state)
        nats, word = nats - log_p[0, following], following
    torch.testing.assert_close(nats, alone[0], rtol=0, atol=1e-10)


def test_the_decoder_without_attention_is_torchs_lstm():
    module, (pair,) = network("reversed"), pairs((5, 4))
    batch, cells = collate([pair]), module.decoder
    stack = nn.LSTM(4, 5, 2, bias=False).double()
    for layer, cell in enumerate(cells):
        for kind in ("ih", "hh"):
            getattr(stack, f"weight_{kind}_l{layer}").data = getattr(cell, f"weight_{kind}").data
    words = torch.tensor([*pair[0][:-1][::-1].tolist(), 0])  # read from its end
    _, state = module.encoder(module.source_embedding(words)[:, None])
    before = torch.tensor([0, *pair[1][:-1].tolist()])
    expected, _ = stack(module.target_embedding(before)[:, None], state)
    torch.testing.assert_close(module.read(batch)[0], expected, rtol=0, atol=1e-12)


def test_each_setting_acts():
    some = collate(pairs((6, 4), (5, 3)))
    plain = network("dot")(some)
    for changes in ({"feed": False}, {"reverse": False}, {"window": "local-m"}, {"score": "general"}, {"layers": 1}):
        assert not torch.allclose(network("dot", **changes)(some), plain), changes
    assert torch.equal(network("dot", dropout=0.5)(some), plain)  # not where nothing is learnt
    assert not torch.equal(network("dot", dropout=0.5).train()(some), plain)


def test_no_lstm_has_a_bias_and_all_weights_begin_alike():
    config = setting("local_p", init_range=0.1)
    module = build(config, stub(config))
    assert all(weight.abs().max() <= 0.1 for weight in module.parameters())
    assert not [name for name, _ in module.named_parameters() if "bias" in name]


def test_a_run_learns_and_shows_where_it_looks(checkout, tmp_path):
    corpus = translated(tmp_path, 800, 300)
    options = settings(corpus, hidden=32, embedding=24, init_range=0.25, lr=0.02, max_epochs=6, source_vocabulary=200)
    folder = execute(PAPER, "dot", overrides=[*options, "target_vocabulary=200"], name="dot")
    found = read_json(folder / "results.json", {})
    metrics = {name: values["1"] for name, values in found["metrics"].items()}
    assert metrics["test/perplexity"] < 20 and 0 < metrics["test/aer"] < 1
    with look.style():
        drawn = {name: look.save(figure, checkout / f"{name}.svg") for name, _, figure in figures.draw({"dot": found})}
    assert drawn.keys() == {"ladder", "alignments"}
    shown = demo.demo(folder / "seed-1.pt", "the zebra sleeps .")
    assert "zebra" in shown.splitlines()[1] and len(shown.splitlines()) > 2
    with pytest.raises(UserError, match="nothing to translate"):
        demo.demo(folder / "seed-1.pt", " ")


def test_weights_of_pairs_are_those_of_each_alone(tmp_path):
    config = setting("local_p", corpus=translated(tmp_path, 400, 60), source_vocabulary=40, target_vocabulary=40)
    corpus = load_data(config)
    module = build(config, corpus).eval()
    some = list(corpus.test)[:5]
    for alpha, pair in zip(looks(module, some), some, strict=True):
        assert alpha.shape == (len(pair[1]), len(pair[0])) and not alpha[:, -1].any()  # </s> is not looked at
        np.testing.assert_allclose(alpha, looks(module, [pair])[0], atol=1e-6)
    assert len(best(module, [source for source, _ in some], corpus)) == 5
