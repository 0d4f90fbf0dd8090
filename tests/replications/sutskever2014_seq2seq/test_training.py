"""Training, evaluating and using the network."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from common import config
from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs
from common.errors import UserError
from common.evaluation.translation import total_nats
from common.metrics.perplexity import of_sum
from common.reporting.evidence.published import load_paper
from common.training.execute import execute
from common.training.schedules import halved
from replications.sutskever2014_seq2seq import experiment, figures, phrases
from replications.sutskever2014_seq2seq.demo import demo
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.translation import translate

PAPER = "sutskever2014_seq2seq"


def weights(folder, seed=1):
    return torch.load(folder / f"seed-{seed}.pt", weights_only=True)["weights"]


def test_an_epoch_is_that_of_a_plain_loop(checkout, tiny):
    """-log p summed over a sentence, averaged over the batch, then clipped; the rate halved within the epoch."""
    overrides = tiny(dropout=0.0, clip_norm=0.5, max_epochs=2.4, lr=1.0)
    trained = weights(execute(PAPER, "reversed", overrides=overrides, accelerator="cpu"))
    settings = config.validate(PAPER, config.resolve(PAPER, "reversed", "quick", overrides), "test")
    corpus = experiment.load_data(settings)
    torch.manual_seed(1)
    module = Translator(settings, len(corpus.source), len(corpus.target), corpus.target.eos)
    loader, step, clipped = batches(corpus.train, 16, 1), 0, 0
    assert len(loader) == 5
    for epoch in range(3):  # 2.4 epochs
        loader.set_epoch(epoch)
        for batch in loader:
            loss = sum(module.network(batch)) / batch.source.shape[1]
            module.zero_grad()
            loss.backward()
            clipped += nn.utils.clip_grad_norm_(module.parameters(), 0.5).item() > 0.5
            with torch.no_grad():
                for weight in module.parameters():
                    weight -= halved(step / 5, 1, 0.4) * weight.grad
            step += 1
            if step == 12:
                break
    assert 0 < clipped <= 12
    for name, weight in module.state_dict().items():
        torch.testing.assert_close(trained[name], weight, rtol=0, atol=1e-5)


def test_settings_that_change_training_change_the_weights(checkout, tiny):
    base = {"clip_norm": 100.0, "dropout": 0.0, "halve_after": 100.0, "max_epochs": 1.0}
    changes = [
        {},
        {"reverse_source": False},
        {"clip_norm": 0.5},
        {"dropout": 0.3},
        {"halve_after": 0.5},
        {"init_range": 0.1},
        {"max_length": 6},
    ]
    found = [
        weights(execute(PAPER, "reversed", overrides=tiny(**(base | change)), accelerator="cpu")) for change in changes
    ]
    outputs = [each["network.output.weight"] for each in found]
    for i, one in enumerate(outputs):
        assert all(one.shape != other.shape or not torch.equal(one, other) for other in outputs[:i]), changes[i]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, new_checkout, tiny):
    """The folder of a run of three seeds, and its results."""
    with pytest.MonkeyPatch.context() as patch:
        folder = new_checkout(tmp_path_factory.mktemp("trained"), patch)
        run = execute(PAPER, "reversed", overrides=tiny(seeds=[1, 2, 3], max_epochs=1, n_best=5), accelerator="cpu")
        assert run.is_relative_to(folder)
        return run, json.loads((run / "results.json").read_text())


def test_what_a_run_records(trained):
    folder, results = trained
    metrics, seeds = results["metrics"], {"1", "2", "3"}
    for metric in (
        "test/bleu",
        "test/bleu/beam_1",
        "test/sacrebleu",
        "test/perplexity",
        "test/bleu/long",
        "test/bleu/ensemble_of_2",
        "test/bleu/rescored",
        "decoding/single",
        "decoding/beam_1",
    ):
        assert metrics[metric].keys() == seeds, metric
    for metric in (
        "test/bleu/ensemble",
        "test/bleu/ensemble/beam_1",
        "decoding/ensemble",
        "test/bleu/phrases",
        "test/bleu/oracle",
        "test/bleu/rescored/ensemble",
    ):
        assert metrics[metric].keys() == {"1+2+3"}, metric
    assert metrics["test/bleu/oracle"]["1+2+3"] >= metrics["test/bleu/phrases"]["1+2+3"] > 5
    assert "smooth:exp" in results["figures"]["signatures"]["test/sacrebleu"]
    assert [row["sentences"] for row in results["figures"]["by_length"]] == [2] * 5
    lengths = [row["mean"] for row in results["figures"]["by_length"]]
    assert lengths == sorted(lengths) and results["figures"]["by_rarity"] != results["figures"]["by_length"]
    assert results["throughput"].keys() == seeds and results["parameters"] > 1000
    shown = dict((name, figure) for name, _, figure in figures.draw({"reversed": results, "forward": results}))
    assert shown.keys() >= {"length", "rarity", "beams"}


def test_the_paper_asks_for_what_runs_record(trained):
    """Every metric of a row or a claim is one that an experiment records at the scale where it counts."""
    names = {name for name in load_paper(PAPER).units}
    asked = {row.metric for _, row in load_paper(PAPER).rows()}
    recorded = trained[1]["metrics"].keys() | {"test/bleu/beam_2", "test/bleu/ensemble/beam_2"}  # of larger beams
    assert asked <= recorded
    assert all(any(metric.startswith(name) for name in names) for metric in recorded)


def test_a_demonstration(trained, checkout):
    folder, _ = trained
    path = folder / "seed-1.pt"
    lines = demo(path, "the man watches the unheardof .").splitlines()
    assert lines[0].endswith(". <unk> the watches man the") and len(lines) == 1 + 3
    scores = [float(line.split()[0]) for line in lines[1:]]
    assert scores == sorted(scores, reverse=True)
    assert demo(path, "").startswith("reads    (nothing)")
    with pytest.raises(UserError, match="a sentence of 10,000 words; the longest here is 1,000"):
        demo(path, "word " * 10_000)


def test_a_model_of_another_vocabulary_is_refused(trained, text, checkout):
    source = open(text.removeprefix("parallel:").split(",")[0], encoding="utf-8")
    with source:
        before = source.read()
    path = trained[0] / "seed-1.pt"
    try:
        with open(source.name, "w", encoding="utf-8") as changed:
            changed.write(before.replace("the", "some"))
        with pytest.raises(UserError, match="was made with another vocabulary"):
            demo(path, "the man")
    finally:
        with open(source.name, "w", encoding="utf-8") as again:
            again.write(before)


def test_through_the_command_line(checkout, tiny, replicate):
    code, out, errors = replicate(
        "run",
        PAPER,
        "reversed",
        "--accelerator",
        "cpu",
        *(word for text in tiny(max_epochs=0.2) for word in ("--set", text)),
    )
    assert code == 0 and "results: " in out, errors
    code, _, errors = replicate("try", PAPER, "the man")
    assert code == 2 and "no trained model; train it: replicate run sutskever2014_seq2seq reversed" in errors
    code, _, errors = replicate("run", PAPER, "reversed", "--set", "corpus=parallel:/no/one.en,/no/one.fr")
    assert code == 2 and "/no/one.en: cannot be read" in errors


def test_it_learns():
    """24 sentences by heart: word for word, in the other order."""
    settings = config.validate(
        PAPER,
        config.resolve(PAPER, "reversed", "quick", ["hidden=32", "embedding=16", "lr=1.0", "init_range=0.5"]),
        "test",
    )
    draw = np.random.default_rng(1)
    sources = np.concatenate([[*draw.integers(1, 9, 4), 0] for _ in range(24)]).astype(np.int32)
    targets = np.concatenate([[*source[:4][::-1], 0] for source in sources.reshape(24, 5)])
    pairs = Pairs.of(sources, targets, (0, 0))
    torch.manual_seed(1)
    module = Translator(settings, 9, 9, 0)
    optimiser, loader = module.configure_optimizers()["optimizer"], batches(pairs, 8, 1)
    for epoch in range(60):
        loader.set_epoch(epoch)
        for batch in loader:
            optimiser.zero_grad()
            module.network(batch).mean().backward()
            optimiser.step()
    assert of_sum(total_nats(module.network, pairs), len(pairs.target)) < 1.1
    found = translate([module.network], [source for source, _ in pairs], beam_size=2)
    assert [best.words for (best,) in found] == [tuple(target[:-1].tolist()) for _, target in pairs]


def test_phrases():
    found = phrases.phrases("captions")
    assert len(found) == 4 * 30 * 2 and found[0].text == "A man is watching a woman ."
    assert found[1].text == "A woman is being watched by a man ." and found[1].meaning == found[0].meaning


def test_distances_of_vectors():
    """A vector that knows only the set of words cannot tell the order; one that knows the meaning ignores the voice."""
    found = phrases.phrases("grammar")
    table = {meaning: i for i, meaning in enumerate(dict.fromkeys(p.meaning for p in found))}
    by_meaning = torch.eye(len(table), dtype=torch.float64).numpy()[[table[p.meaning] for p in found]]
    measured = phrases.distances(by_meaning, found)
    assert measured["voice"] == 0 and measured["order"] == pytest.approx(1, abs=0.05)
    table = {words: i for i, words in enumerate(dict.fromkeys(frozenset(p.meaning) for p in found))}
    by_words = torch.eye(len(table), dtype=torch.float64).numpy()[[table[frozenset(p.meaning)] for p in found]]
    assert phrases.distances(by_words, found) == {"voice": 0, "order": 0}


def test_principal_components():
    points = torch.randn(20, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).numpy()
    points[:, 2] *= 10
    plane = phrases.principal_components(points)
    expected = torch.pca_lowrank(torch.from_numpy(points), 5)[1][:2].square() / 20
    torch.testing.assert_close(torch.from_numpy((plane**2).mean(0)), expected)
