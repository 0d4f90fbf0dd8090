"""Translating with a network that has learnt nothing yet: what matters is that nothing is mixed up; and bad input."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from common.data.parallel.buckets import collate
from common.errors import UserError
from common.training import checkpoints
from replications.bahdanau2015_attention import demo, figures
from replications.bahdanau2015_attention.experiment import load_data
from replications.bahdanau2015_attention.module import Translator
from replications.bahdanau2015_attention.translate import translate, weights


@pytest.fixture(params=["search", "encdec"])
def module(request, corpus_name, settings):
    config = settings(model=request.param, corpus=corpus_name, source_vocabulary=12, target_vocabulary=12, max_output=9)
    torch.manual_seed(1)
    module = Translator(config, load_data(config)).eval()
    for weight in module.parameters():
        nn.init.normal_(weight, std=0.5)
    return module


@pytest.fixture
def corpus(module):
    return load_data(module.config)


@pytest.fixture
def trained(module, corpus, tmp_path) -> Path:
    vocabularies = [corpus.source.fingerprint, corpus.target.fingerprint]
    checkpoints.save_atomically(
        {"config": module.config.model_dump(mode="json"), "vocabularies": vocabularies, "weights": module.state_dict()},
        tmp_path / "seed-1.pt",
    )
    return tmp_path / "seed-1.pt"


def test_a_batch_is_one_by_one(module, corpus):
    sources = [source for source, _ in corpus.test][:20]
    together = translate(module.network, sources, module.config, n_best=3)
    alone = [translate(module.network, [source], module.config, n_best=3)[0] for source in sources]
    assert [[each.words for each in one] for one in together] == [[each.words for each in one] for one in alone]
    assert len({each[0].words for each in together}) > 1


def test_log_probability_is_that_of_the_network(module, corpus):
    source = corpus.test[0][0]
    for found in translate(module.network, [source], module.config, n_best=4)[0]:
        if found.complete:
            target = np.array([*found.words, corpus.target.eos])
            nats = module.network(collate([(source, target)])).item()
            assert found.log_probability == pytest.approx(-nats, rel=1e-4)


def test_unknown_words_can_be_forbidden(module, corpus):
    with torch.no_grad():
        module.network.output.words.bias[corpus.target.unk] += 5.0
    sources = [source for source, _ in corpus.test]
    free = translate(module.network, sources, module.config)
    forced = translate(module.network, sources, module.config, forbidden=[corpus.target.unk])
    assert any(corpus.target.unk in found.words for (found,) in free)
    assert not any(corpus.target.unk in found.words for (found,) in forced)


def test_weights_are_those_of_each_sentence_alone(module, corpus):
    if module.config.model == "encdec":
        pytest.skip("it has no weights")
    pairs = list(corpus.test)[:8]
    for found, pair in zip(weights(module.network, pairs), pairs, strict=True):
        assert found.shape == (len(pair[1]), len(pair[0]))
        np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
        np.testing.assert_allclose(found, weights(module.network, [pair])[0], atol=1e-5)


def test_the_demo_shows_where_it_looked(module, corpus, trained, checkout):
    found = demo.demo(trained, "the zebra sleeps .")
    assert "words that it has not learnt:" in found and "zebra" in found
    picture = checkout / "build" / "alignment.svg"
    if module.config.model == "search":
        assert "1: the" in found and "5: </s>" in found and str(picture) in found
        assert picture.read_text().startswith("<?xml")
    else:
        assert "one vector" in found and not picture.exists()


def test_shades_follow_the_weights():
    lines = demo.matrix(["a", "b"], ["x", "yy"], np.array([[0.02, 0.98], [0.5, 0.5]]))
    assert [line.split() for line in lines] == [["1:", "a"], ["2:", "b"], ["x", "·", "█"], ["yy", "▓", "▓"]]


# --- bad input


def test_an_empty_sentence(module, corpus, trained):
    """The network itself reads ``</s>`` alone; whoever types nothing is asked for a sentence."""
    ((found,),) = translate(module.network, [corpus.encode_source("")], module.config)
    assert len(found.words) <= 9
    with pytest.raises(UserError, match="nothing to translate"):
        demo.demo(trained, "  ")


def test_a_word_never_seen_is_unknown(corpus):
    assert corpus.encode_source("zebra").tolist() == [corpus.source.unk, corpus.source.eos]


def test_a_sentence_of_ten_thousand_words(trained):
    with pytest.raises(UserError, match="10,000 words; the longest here is 1,000"):
        demo.demo(trained, "dog " * 10_000)


@pytest.mark.parametrize("line, message", [("", r"b.fr:3: an empty line"), (None, r"b.fr:12: the file ends")])
def test_files_that_do_not_go_together(tmp_path, settings, line, message):
    english = [f"dog {i}" for i in range(12)]
    french = [f"chien {i}" for i in range(12)]
    french = french[:11] if line is None else [*french[:2], line, *french[3:]]
    for name, lines in (("a.en", english), ("b.fr", french)):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=message):
        load_data(settings(corpus=f"parallel:{tmp_path / 'a.en'},{tmp_path / 'b.fr'}"))


def test_a_model_of_another_vocabulary(trained, corpus):
    saved = checkpoints.load(trained)
    checkpoints.save_atomically(saved | {"vocabularies": ["0" * 64, "0" * 64]}, trained)
    with pytest.raises(UserError, match="another vocabulary"):
        demo.demo(trained, "the dog sleeps .")


# --- figures


def test_figures_of_made_up_runs():
    bins = [{"from": 1, "to": 5, "sentences": 9, "bleu": 70.0}, {"from": 6, "to": 10, "sentences": 4, "bleu": 50.0}]
    maps = [
        {
            "source": ["a", "</s>"],
            "target": ["b", "c", "</s>"],
            "weights": [[1, 0], [0.5, 0.5], [0, 1]],
            "links": [[0, 0], [0, 1]],
        }
    ]
    shown = {"by_length": {"1": bins, "2": bins}, "signatures": {"test/bleu": "a signature"}, "heat_maps": maps}
    runs = {name: {"figures": shown, "config": {"max_length": 12}} for name in figures.LABELS}
    found = {name: (caption, figure) for name, caption, figure in figures.draw(runs)}
    caption, figure = found["bleu-by-length"]
    assert "a signature" in caption and "6–10: 4" in caption
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[70, 50]] * 5
    assert len(found["alignments"][1].axes) == 1
    assert list(figures.draw({})) == []
