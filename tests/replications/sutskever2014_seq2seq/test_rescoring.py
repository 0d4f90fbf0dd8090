"""Reordering what another system offers."""

import numpy as np
import pytest
import torch

from common import config
from common.data.parallel.buckets import collate
from common.errors import UserError
from common.text.vocabulary import Vocabulary
from replications.sutskever2014_seq2seq.experiment import load_data
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.rescoring import Offers, log_probabilities
from replications.sutskever2014_seq2seq.translation import step

PAPER = "sutskever2014_seq2seq"
VOCABULARY = Vocabulary.build(["</s> <unk> le chat chien dort rouge".split()])
CANDIDATES = [
    [["le", "chat", "dort"], ["le", "chat"], ["le", "chien", "dort"], [], ["un", "chat", "dort", "rouge"]],
    [["rouge"]],
    [["le", "chat", "dort"], ["dort", "le", "chat", "rouge", "rouge"], ["rouge", "inconnu"]],
]
SOURCES = [np.array([3, 4, 0]), np.array([0]), np.array([5, 1, 2, 0])]


def module(seed=1):
    torch.manual_seed(seed)
    settings = config.resolve(PAPER, "reversed", "quick")
    settings |= {"hidden": 6, "embedding": 5, "layers": 2, "init_range": 1.5}
    return Translator(config.validate(PAPER, settings, "test"), 11, len(VOCABULARY), VOCABULARY.eos).double().eval()


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_shared_beginnings_change_nothing(batch_size):
    network = module()
    found = log_probabilities([network.network], SOURCES, CANDIDATES, VOCABULARY, batch_size)
    for source, candidates, scores in zip(SOURCES, CANDIDATES, found, strict=True):
        targets = [np.append(VOCABULARY.encode(words), VOCABULARY.eos) for words in candidates]
        alone = [-network.network(collate([(source, target)])).item() for target in targets]
        np.testing.assert_allclose(scores, alone, rtol=1e-12)


def test_an_ensemble_scores_as_it_translates():
    networks = [module(seed).network for seed in (1, 2)]
    found = log_probabilities(networks, SOURCES, CANDIDATES, VOCABULARY)[2][1]
    source = torch.from_numpy(SOURCES[2])[:, None]
    state = tuple(part.transpose(0, 1) for net in networks for part in net.encode(source, torch.tensor([4])))
    before, nats = VOCABULARY.eos, 0.0
    for word in [*VOCABULARY.encode(CANDIDATES[2][1]), VOCABULARY.eos]:
        log_p, state = step(networks, torch.tensor([before]), state)
        nats, before = nats + log_p[0, word].item(), int(word)
    assert found == pytest.approx(nats, rel=1e-12)


def test_the_average_is_even():
    offers = Offers([[["a"], ["b"], ["c"]]], [np.array([-1.0, -2.0, -4.0])])
    assert offers.first == [["a"]]
    assert offers.rescored([np.array([-9.0, -7.5, -6.0])]) == [["b"]]  # -10, -9.5, -10
    assert offers.rescored([np.zeros(3)]) == [["a"]]


def test_the_oracle_knows_the_reference():
    words = [["le", "chat", "rouge"], ["le", "chat", "dort", "ici"], ["le", "chat", "dort"], []]
    scores = [np.zeros(4)] * 2
    assert Offers([words, words], scores).oracle([["le", "chat", "dort"], ["le", "chat", "dort", "ici", "."]]) == [
        words[2],
        words[1],
    ]


def test_pieces_cannot_be_rescored(text):
    settings = config.resolve(PAPER, "reversed", "quick") | {"corpus": text, "unit": "bpe", "n_best": 5}
    with pytest.raises(UserError, match="n_best: a phrase-based system translates words"):
        load_data(config.validate(PAPER, settings, "test"))
