"""The trained network is the one of a plain loop; settings act; what a run records."""

import json

import pytest
import torch

from common import config as configuration
from common.data.parallel.buckets import batches
from common.errors import UserError
from common.training import precision
from common.training.execute import execute
from replications.bahdanau2015_attention import figures
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.experiment import load_data, within
from replications.bahdanau2015_attention.module import Translator

PAPER = "bahdanau2015_attention"


def results(folder):
    return json.loads((folder / "results.json").read_text())


def weights(folder, seed=1):
    return torch.load(folder / f"seed-{seed}.pt", weights_only=True)["weights"]


@pytest.mark.parametrize("optimizer, lr", [("adadelta", 1.0), ("adam", 0.01)])
def test_an_epoch_is_that_of_a_plain_loop(checkout, tiny, optimizer, lr):
    """Mean over sentences, the gradient's norm cut to 0.1, then the optimiser; the rate falls to 0."""
    folder = execute(
        PAPER, "search_50", overrides=tiny(max_epochs=1, optimizer=optimizer, lr=lr, clip_norm=0.1), accelerator="cpu"
    )
    config = Config(**results(folder)["config"])
    corpus = load_data(config)
    torch.manual_seed(1)
    module = Translator(config, corpus)
    network = module.network
    loader = batches(corpus.train, 16, 1)
    settings = {"rho": 0.95, "eps": 1e-6} if optimizer == "adadelta" else {}
    make = {"adadelta": torch.optim.Adadelta, "adam": torch.optim.Adam}[optimizer]
    optimiser = make(network.parameters(), lr, **settings)
    for update, batch in enumerate(loader):
        loss = network(batch).sum() / len(batch.source_lengths)
        optimiser.zero_grad()
        loss.backward()
        norm = sum(weight.grad.square().sum() for weight in network.parameters()).sqrt()
        for weight in network.parameters():
            weight.grad *= min(1, 0.1 / norm)
        optimiser.param_groups[0]["lr"] = lr * (1 - update / (len(loader) + 1))
        optimiser.step()
    torch.testing.assert_close(weights(folder), module.state_dict(), rtol=1e-3, atol=1e-5)


def test_settings_that_change_training_change_the_weights(checkout, tiny, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda accelerator: True)  # slow is fine here

    def network(experiment="search_50", **changes):
        folder = execute(PAPER, experiment, overrides=tiny(max_epochs=1, **changes), accelerator="cpu")
        return torch.cat([weight.flatten() for weight in weights(folder).values()])

    plain = network()
    assert torch.equal(network(), plain)
    for changes in (
        {"dropout": 0.2},
        {"clip_norm": 0.1},
        {"max_length": 4},
        {"decay": "constant"},
        {"lr": 0.01},
        {"init_std": 0.05},
        {"alignment_std": 0.01},
        {"precision": "bf16-mixed"},
    ):
        other = network(**changes)
        assert other.shape == plain.shape and not torch.equal(other, plain), changes
        assert torch.isfinite(other).all()


def test_attention_learns_to_swap_words(checkout, tiny):
    """Adjectives behind nouns, on sentences that it has not seen, and the weights say where each word comes from."""
    overrides = tiny(hidden=32, embedding=24, maxout=24, alignment=24, max_epochs=14)
    found = results(execute(PAPER, "search_50", overrides=overrides, accelerator="cpu"))
    assert found["metrics"]["test/bleu"]["1"] > 95
    assert found["metrics"]["test/bleu/no_unk"]["1"] > 95
    assert found["metrics"]["test/perplexity"]["1"] < 1.1
    assert found["metrics"]["test/inversions"]["1"] > 0.9 > found["metrics"]["test/inversions/diagonal"]["1"]
    assert 0 < found["metrics"]["test/aer"]["1"] < 1
    assert found["throughput"]["1"] > 0 and found["parameters"] > 1000
    maps = found["figures"]["heat_maps"]
    assert len(maps) <= 4 and all(len(row) == len(one["source"]) for one in maps for row in one["weights"])


def test_the_phrase_based_system_translates_the_same_sentences(checkout, tiny):
    """It knows the words that the network's shortlist lacks, and trains no network."""
    overrides = tiny(source_vocabulary=12, target_vocabulary=12)
    folder = execute(PAPER, "phrase_based", overrides=overrides, accelerator="cpu")
    found = results(folder)
    assert found["metrics"]["test/bleu"]["1"] > 95 and found["metrics"]["test/sacrebleu"]["1"] > 95
    assert 0.2 < found["metrics"]["test/unknown"]["1"] < 1 and found["metrics"]["test/bleu/no_unk"]["1"] > 90
    assert found["parameters"] is None and not list(folder.glob("seed-*.pt"))
    ((name, _, figure),) = figures.draw({"phrase_based": found})
    assert name == "bleu-by-length" and "all pairs" in figure.axes[0].get_legend_handles_labels()[1][0]


def test_training_pairs_are_cut_at_a_length(corpus_name, settings):
    corpus = load_data(settings(corpus=corpus_name))
    ends = corpus.source.eos, corpus.target.eos
    kept = within(corpus.train, 4, ends)
    expected = [pair for pair in corpus.train if max(map(len, pair)) <= 5]
    assert 0 < len(kept) == len(expected) < len(corpus.train)
    for found, pair in zip(kept, expected, strict=True):
        assert [side.tolist() for side in found] == [side.tolist() for side in pair]
    with pytest.raises(UserError, match="max_length=2"):
        within(corpus.train, 2, ends)


@pytest.mark.parametrize(
    "override, message",
    [
        ("hiden=3", "did you mean 'hidden'"),
        ("model=atention", "Input should be 'encdec', 'search' or 'phrase_based'"),
        ("dropout=1.0", "less than 1"),
        ("beam_size=0", "greater than 0"),
    ],
)
def test_bad_settings(override, message):
    with pytest.raises(UserError, match=message):
        configuration.resolve(PAPER, "search_50", "quick", [override])
