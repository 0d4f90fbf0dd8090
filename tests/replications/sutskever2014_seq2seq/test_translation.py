"""Translating with one network and with several."""

import math

import numpy as np
import pytest
import torch

from common import config
from common.data.parallel.buckets import collate
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.translation import step, translate

PAPER = "sutskever2014_seq2seq"
END = 0


def network(seed=1):
    torch.manual_seed(seed)
    settings = config.resolve(PAPER, "reversed", "quick")
    settings |= {"hidden": 6, "embedding": 5, "layers": 2, "init_range": 1.5}
    module = Translator(config.validate(PAPER, settings, "test"), 11, 8, END)
    with torch.no_grad():
        module.network.output.bias[END] += 1.5  # so that sentences end
    return module.double().eval()


def sentences(count=7):
    draw = np.random.default_rng(1)
    return [np.array([*draw.integers(1, 11, n), END], dtype=np.int32) for n in draw.integers(0, 9, count)]


def test_a_beam_of_one_takes_the_likeliest_word_each_time():
    net = network().network
    for source, (best,) in zip(sentences(), translate([net], sentences(), beam_size=1), strict=True):
        state = net.encode(torch.from_numpy(source).long()[:, None], torch.tensor([len(source)]))
        word, words = torch.tensor([[END]]), []
        while len(words) < len(best.words) + best.complete:
            hidden, state = net.decode(word, state)
            word = net.output(hidden).argmax(-1)
            words.append(word.item())
        assert tuple(words) == best.words + ((END,) if best.complete else ())


def test_a_score_is_the_models_log_probability():
    module, checked = network(), 0
    for source, outputs in zip(
        sentences(), translate([module.network], sentences(), beam_size=4, n_best=4), strict=True
    ):
        for output in outputs:
            if output.complete:
                target = np.array([*output.words, END], dtype=np.int32)
                nats = module.network(collate([(source, target)])).item()
                assert output.log_probability == pytest.approx(-nats, abs=1e-5)
                checked += 1
        assert [o.log_probability for o in outputs if o.complete] == sorted(
            (o.log_probability for o in outputs if o.complete), reverse=True
        )
    assert checked > 7


def test_a_batch_is_translated_as_one_by_one():
    nets = [network(1).network, network(2).network]
    together = translate(nets, sentences(), beam_size=3, n_best=2)
    alone = [translate(nets, [source], beam_size=3, n_best=2)[0] for source in sentences()]
    for one, other in zip(together, alone, strict=True):
        assert [h.words for h in one if h.complete] == [h.words for h in other if h.complete]


def test_an_ensemble_averages_probabilities():
    nets = [network(seed).network for seed in (1, 2, 3)]
    source = torch.tensor([[3, 4], [END, 5], [0, END]])
    state = tuple(part.transpose(0, 1) for net in nets for part in net.encode(source, torch.tensor([2, 3])))
    log_p, after = step(nets, torch.tensor([2, 6]), state)
    singles = [step([net], torch.tensor([2, 6]), state[2 * i : 2 * i + 2])[0] for i, net in enumerate(nets)]
    torch.testing.assert_close(log_p.exp(), torch.stack(singles).exp().mean(0))
    assert len(after) == 6 and after[0].shape == (2, 2, 6)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(2, dtype=torch.float64))


def test_an_ensemble_of_the_same_network_is_that_network():
    net = network().network
    for one, three in zip(
        translate([net], sentences(), beam_size=3), translate([net] * 3, sentences(), beam_size=3), strict=True
    ):
        assert one[0].words == three[0].words
        assert one[0].log_probability == pytest.approx(three[0].log_probability)


def test_an_empty_sentence_has_a_translation():
    ((best,),) = translate([network().network], [np.array([END], dtype=np.int32)], beam_size=2)
    assert math.isfinite(best.log_probability)
