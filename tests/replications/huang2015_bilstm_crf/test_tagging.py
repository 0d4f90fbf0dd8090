import pytest
import torch

from common.config import paper_setting
from common.data.tagged.corpus import Sentence
from common.training.execute import execute
from replications.huang2015_bilstm_crf import demo, features
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.experiment import build, load_data, normalise
from tests.replications.huang2015_bilstm_crf.tiny import settings
from tests.replications.texts import requests

PAPER = "huang2015_bilstm_crf"


def small(experiment="ner_bilstm_crf", **changes):
    setting = paper_setting(PAPER, experiment) | {"corpus": "travel", "hidden": 5, "embedding": 4} | changes
    corpus = load_data(Config(**setting))
    torch.manual_seed(1)
    return build(Config(**setting), corpus), corpus


def test_spelling_is_the_papers_list():
    found = dict(each.split("=", 1) for each in features.spelling("D56y-3"))
    assert (found["shape"], found["short"], found["letters"], found["others"]) == ("A00a-0", "A0a-0", "Dy", "56-3")
    assert (found["first"], found["capitals"], found["small"], found["mixed"]) == ("True", "False", "False", "True")
    assert dict(each.split("=", 1) for each in features.spelling("I.B.M."))["letters"] == "IBM"
    assert (found["prefix2"], found["suffix3"]) == ("D5", "y-3") and normalise("D56y-3") == "d00y-0"
    assert "punctuation=True" in features.spelling("--") and "possessive=True" in features.spelling("Ann's")


def test_every_word_has_as_many_features_and_those_of_its_neighbours():
    sentence = Sentence(("The", "dog", "barks"), ("O",) * 3, (("DT", "NN", "VB"), ("NP", "NP", "VP")))
    rows = features.described(sentence)
    assert len({len(row) for row in rows}) == 1
    assert {"lower=dog", "w(-1,)=the", "w(-1, 0)=the|dog", "c0(-1, 0, 1)=DT|NN|VB", "c1(0, 1, 2)=NP|VP|"} <= {*rows[1]}


@pytest.mark.parametrize("experiment", ["ner_bilstm_crf", "ner_lstm", "ner_crf"])
def test_features_add_their_weights_to_the_scores_and_unknown_ones_nothing(experiment):
    module, corpus = small(experiment)
    module.eval()
    batch = next(iter(module.loader(corpus.valid[:3])()))
    before, _ = module.network(batch)
    table = module.network.features.weights.weight
    number = int(batch.features[1, 2, 0])
    table.data[number, 4] += 1.5
    assert number and not table.data[0].any()
    times = (batch.features == number).sum(2, keepdim=True)
    expected = before + 1.5 * times * torch.nn.functional.one_hot(torch.tensor(4), before.shape[2])
    torch.testing.assert_close(module.network(batch)[0], expected)


def test_the_last_word_reaches_the_first_only_in_two_directions():
    for directions, differs in ((1, False), (2, True)):
        module, corpus = small(directions=directions, features="words")
        module.eval()
        one = corpus.valid[0]
        other = one._replace(words=(*one.words[:-1], "Taipei"))
        scores = [module.network(next(iter(module.loader([each])())))[0][0] for each in (one, other)]
        assert torch.equal(*scores) != differs


def test_words_seen_once_are_sometimes_unknown_in_training_only():
    module, corpus = small(unknown=1.0, features="words")
    rare = corpus.vocabulary.words[corpus.vocabulary.counts.index(1)]
    batches = [next(iter(module.loader([Sentence(("to", word), ("O", "O"))])())) for word in (rare, "<unk>")]
    known, unknown = (module.network(batch)[0] for batch in batches)
    assert torch.equal(known, unknown)
    module.eval()
    assert not torch.equal(module.network(batches[0])[0], unknown)


def test_a_run_from_columns_to_tags(checkout, tmp_path):
    folder = execute(PAPER, "ner_bilstm_crf", overrides=settings(requests(tmp_path, 400), lr=0.02, max_epochs=4))
    shown = demo.demo(folder / "seed-1.pt", "leave Taipei on November 2nd")
    assert [line.split()[1] for line in shown.splitlines()[:3]] == ["O", "B-departure", "O"]
    assert shown.endswith("tags.svg")
