"""Training, the system around the network, and its use."""

import json

import numpy as np
import pytest
import torch

from common import config as configuration
from common.data.parallel.buckets import batches, collate
from common.data.parallel.corpus import Pairs
from common.errors import UserError
from common.metrics.bleu_statistics import bleu_of
from common.phrase_based.phrase_table import PhraseTable
from common.reporting.evidence.hierarchical import hierarchical_bootstrap
from common.reporting.evidence.published import load_paper
from common.reporting.evidence.results import Record
from common.text.vocabulary import Vocabulary
from common.training.execute import execute, train_seed
from replications.cho2014_gru import experiment, figures, phrases, sentences
from replications.cho2014_gru.data import mispair
from replications.cho2014_gru.demo import demo
from replications.cho2014_gru.model import EncoderDecoder
from replications.cho2014_gru.module import Learner
from replications.cho2014_gru.tsne import neighbours, tsne
from tests.replications.cho2014_gru.test_model import settings

PAPER = "cho2014_gru"


def results(folder) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_every_row_is_made_and_can_be_used(checkout, tiny):
    folder = execute(PAPER, "smt", overrides=tiny(rows=["rnn", "cslm", "wp"]), accelerator="cpu")
    found = results(folder)
    for split in ("valid", "test"):
        for row in ("baseline", "rnn", "cslm", "wp"):
            assert 0 <= found["metrics"][f"{split}/bleu/{row}"]["1"] <= 100
    paper = load_paper(PAPER)
    assert all(paper.unit(metric) is not None for metric in found["metrics"])
    drawn = {name for name, _, _ in figures.draw({"smt": found})}
    assert {"table", "scores", "map-of-words"} <= drawn
    shown = demo(folder / "seed-1.pt", "the man loves Zagreb .")
    assert "Zagreb" in shown and "+ RNN" in shown and shown.count("in all") == 2 and shown.count("network") == 1
    sums = [float(line.split()[0]) for line in shown.splitlines() if line.startswith("     ") and "[" not in line]
    np.testing.assert_allclose(sum(sums[:8]), sums[8], atol=0.05)  # a log-linear model: the features add up
    np.testing.assert_allclose(sum(sums[9:18]), sums[18], atol=0.05)
    assert demo(folder / "seed-1.pt", "").startswith("baseline")


def test_rows_are_tuned_from_every_start_and_compared_over_all_of_it(checkout, tiny):
    """BLEU is the mean over the starts, and what decides about a gain is the counts behind it."""
    one, two = (
        json.loads(
            (
                execute(
                    PAPER, "smt", overrides=tiny(seeds=[1, 2], starts=starts), name=f"of-{starts}", accelerator="cpu"
                )
                / "results.json"
            ).read_text()
        )
        for starts in (1, 2)
    )
    record = Record.model_validate(two | {"history": ()})
    baseline, rnn = (record.sentences(f"test/bleu/{row}") for row in ("baseline", "rnn"))
    assert baseline.shape[:2] == (2, 1) and rnn.shape[:2] == (2, 2) and baseline.shape[2:] == rnn.shape[2:]
    for seed in (1, 2):
        cells = [bleu_of(rnn[start, seed - 1].sum(0)) for start in (0, 1)]
        assert two["metrics"]["test/bleu/rnn"][str(seed)] == pytest.approx(np.mean(cells))
        assert one["metrics"]["test/bleu/rnn"][str(seed)] == pytest.approx(cells[0])  # the first start is the same
    gain = np.mean([two["metrics"]["test/bleu/rnn"][s] - two["metrics"]["test/bleu/baseline"][s] for s in ("1", "2")])
    assert hierarchical_bootstrap(rnn, baseline).mean == pytest.approx(gain)


def test_whole_sentences_are_translated(checkout, tiny):
    folder = execute(PAPER, "sentences", overrides=tiny(max_length=12), accelerator="cpu")
    found = results(folder)
    assert {"test/bleu", "test/bleu/short", "test/perplexity"} <= found["metrics"].keys()
    assert [name for name, _, _ in figures.draw({"sentences": found})] == ["length-and-unknown-words"]
    config = configuration.validate(PAPER, found["config"], "test")
    corpus = experiment.load_data(config)
    words = corpus.target_tokeniser.tokenise(demo(folder / "seed-1.pt", "the man loves Zagreb ."))
    assert 0 < len(words) <= 12 and set(words) <= set(experiment.shortlists(corpus, config)[1].words)


@pytest.mark.parametrize("name", ["smt", "sentences"])
def test_a_seed_can_be_trained_ahead(checkout, tiny, monkeypatch, name):
    """What is trained ahead of the rest is what the rest would have trained, and is not trained again."""
    changes = tiny(**({"rows": ["rnn", "cslm"]} if name == "smt" else {"max_length": 12}))
    whole = results(execute(PAPER, name, overrides=changes, accelerator="cpu"))["metrics"]
    resolve = configuration.resolve
    monkeypatch.setattr(
        configuration, "resolve", lambda paper, which, scale, more=(): resolve(paper, which, scale, [*changes, *more])
    )
    train_seed(PAPER, name, "quick", 1, "cpu")
    monkeypatch.setattr("common.training.trained.fit", None)
    ahead = results(execute(PAPER, name, accelerator="cpu"))["metrics"]
    assert whole.keys() == ahead.keys()
    assert all(whole[name] == ahead[name] for name in whole if name != "scoring")


def test_phrases_are_learnt():
    """Two-word phrases whose translation has the words in the other order: held-out pairs become likely."""
    draw = np.random.default_rng(1)
    words = draw.integers(2, 12, (200, 2))
    found = Pairs.of(
        np.column_stack([words, np.zeros(200, int)]).ravel(),
        np.column_stack([words[:, ::-1], np.zeros(200, int)]).ravel(),
        (0, 0),
    )
    losses = {}
    for name, changes in (("adam", {}), ("adadelta", {"optimizer": "adadelta", "lr": 1.0, "decay": "constant"})):
        torch.manual_seed(1)
        config = settings(hidden=24, embedding=12, maxout=16, batch_size=20, init_std=0.3, lr=0.01).model_copy(
            update=changes
        )
        learner = Learner(config, EncoderDecoder(config, 12, 12, 0), config.lr)
        learner.updates = 300
        optimiser, loader = learner.configure_optimizers()["optimizer"], batches(found, 20, 1)
        for _ in range(30):
            for batch in loader:
                loss = learner.network(batch).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        losses[name] = -phrases.score(learner.network, found).mean()
    assert losses["adam"] < 0.3 and losses["adadelta"] < 5.5  # not knowing the words: log 100 = 4.6, and their end


def table() -> PhraseTable:
    spans = np.array([[0, 1], [1, 3]])
    return PhraseTable(
        np.array([2, 3, 4]),
        np.array([3, 2, 2]),
        spans,
        spans,
        np.array([0, 0, 1]),
        np.array([0, 1, 1]),
        np.array([5, 1, 1]),
        np.zeros((4, 4)),
        3,
    )


def test_the_networks_phrases_know_no_counts_and_no_rare_words():
    vocabulary = Vocabulary(("a", "</s>", "b", "c", "<unk>"), (9, 5, 4, 3, 0))
    shortlist = phrases.Shortlist(vocabulary, 4)
    assert shortlist.words == ["</s>", "<unk>", "a", "b"] and shortlist.of.tolist() == [2, 0, 3, 1, 1]
    found = phrases.pairs(table(), np.arange(3), shortlist, shortlist)
    assert [(source.tolist(), target.tolist()) for source, target in found] == [
        ([3, 0], [1, 0]),
        ([3, 0], [3, 3, 0]),
        ([1, 1, 0], [3, 3, 0]),
    ]  # once each, whatever their count
    torch.manual_seed(1)
    network = EncoderDecoder(settings(), 4, 4, 0).eval()
    column = phrases.score_rows(network, table(), np.array([0, 2, 3]), shortlist, shortlist)
    one = [-float(network(collate([(np.array([3, 0]), np.array([1, 0]))])).detach())]
    np.testing.assert_allclose(column[0], one[0], rtol=1e-5)
    assert column[1] == 0 and column[2] < 0 and column[3] < 0


def test_a_file_of_links_takes_the_place_of_aligning(checkout, tiny, tmp_path, text):
    pairs = len(open(text.partition(":")[2].split(",")[0]).readlines())
    corpus = experiment.load_data(settings(corpus=text, train_pairs=None, mispaired=0.0))
    assert len(corpus.train) < pairs
    path = tmp_path / "own.links"
    path.write_text("0-0\n" * len(corpus.train))
    system = experiment.system_of(corpus, settings(corpus=text, alignment=str(path), longest_phrase=3))
    assert (np.diff(system.links.starts) == 1).all()
    path.write_text("0-99\n" * len(corpus.train))
    with pytest.raises(UserError, match="own.links:1: link 0-99 names target word 99"):
        experiment.system_of(corpus, settings(corpus=text, alignment=str(path)))


def test_mispairing_moves_so_many_targets(text):
    corpus = experiment.load_data(settings(corpus=text, train_pairs=None, mispaired=0.0))
    assert mispair(corpus, 0.0) is corpus
    other = mispair(corpus, 0.5)
    same = [np.array_equal(a[1], b[1]) for a, b in zip(corpus.train, other.train, strict=True)]
    assert 0.45 < np.mean(same) < 0.6 and other.fingerprint != corpus.fingerprint
    assert sorted(map(tuple, (t.tolist() for _, t in other.train))) == sorted(
        map(tuple, (t.tolist() for _, t in corpus.train))
    )


def test_bleu_by_length_and_unknown_words():
    words = [["a", "b", "c", "d", "e"]] * 8
    wrong = [*words[:6], *[["x"] * 5] * 2]
    numbers, rows = sentences.breakdown(
        wrong, words, np.array([2, 2, 2, 3, 3, 3, 9, 9]), np.array([0, 0, 0, 0, 0, 0, 2, 7])
    )
    assert numbers["short"] == pytest.approx(100) and numbers["long"] == 0 and numbers["drop"] == pytest.approx(100)
    assert numbers["known"] == pytest.approx(100) and numbers["unknown_drop"] == pytest.approx(100)
    assert [(row["group"], row["sentences"]) for row in rows["by_length"]] == [(1, 6), (6, 2)]
    assert [row["group"] for row in rows["by_unknown"]] == [0, 2, 4]


def test_tsne_keeps_clusters_together():
    draw = np.random.default_rng(1)
    centres = draw.normal(0, 8, (3, 10))
    points = np.concatenate([centre + draw.normal(0, 1, (15, 10)) for centre in centres])
    p = neighbours(points, 5)
    np.testing.assert_allclose(p.sum(), 1.0)
    placed = tsne(points, perplexity=5, iterations=200)
    means = np.stack([placed[i : i + 15].mean(0) for i in (0, 15, 30)])
    nearest = np.linalg.norm(placed[:, None] - means, axis=2).argmin(1)
    assert (nearest == np.repeat(np.arange(3), 15)).mean() > 0.95
    np.testing.assert_array_equal(placed, tsne(points, perplexity=5, iterations=200))
