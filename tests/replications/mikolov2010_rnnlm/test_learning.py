"""Sentences whose last word is decided by their first, five words before: what can be learned from which memory."""

import random

import numpy as np
import pytest
import torch

from common import config as configuration
from common.data.text.windows import windows
from common.metrics.perplexity import perplexity
from common.ngram.kneser_ney import KneserNey
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.experiment import dynamic_probabilities, static_probabilities
from replications.mikolov2010_rnnlm.module import LanguageModel

PAPER = "mikolov2010_rnnlm"
FILLER, EOS, FIRST, LAST = 0, 1, (2, 3), (4, 5)  # by falling frequency
COUNTS = np.array([1600, 400, 200, 200, 200, 200])
BEST, FORGETFUL = 2 ** (1 / 7), 2 ** (2 / 7)  # seven words a sentence, of which one or two are a fair coin


def sentences(number: int, seed: int) -> np.ndarray:
    draw, words = random.Random(seed), []
    for _ in range(number):
        side = draw.randrange(2)
        words += [FIRST[side], FILLER, FILLER, FILLER, FILLER, LAST[side], EOS]
    return np.array(words, dtype=np.int32)


def trained(epochs: int = 16, **changes) -> LanguageModel:
    torch.manual_seed(1)
    small = {"hidden": 10, "streams": 4, "block": 7, "lr": 0.3, "clip_norm": 1.0, "embedding": 4}
    settings = configuration.resolve(PAPER, "rnn", "paper") | small | changes
    module = LanguageModel(Config(**settings), COUNTS)
    optimiser = module.configure_optimizers()
    for _ in range(epochs):
        state = module.network.initial(4)
        for words, next_words in windows(sentences(400, 1), EOS, 4, 7):
            nll, state = module.nats_to_learn(words, next_words, state, 0)
            optimiser.zero_grad()
            nll.sum().backward()
            optimiser.step()
    return module.eval()


def of_test(module) -> float:
    return perplexity(np.log(static_probabilities(module, sentences(100, 2), EOS)))


@pytest.mark.parametrize(
    "changes", [{"bptt": 6}, {"bptt": 6, "classes": 3}, {"model": "nnlm", "order": 7, "lr": 0.1}], ids=str
)
def test_networks_learn_what_happened_five_words_before(changes):
    assert BEST - 0.001 < of_test(trained(**changes)) < 1.12


def test_one_step_backpropagation_does_not():
    assert FORGETFUL - 0.02 < of_test(trained(bptt=0, lr=0.2)) < FORGETFUL + 0.02


def test_nor_do_five_grams():
    found = KneserNey(5, sentences(400, 1), len(COUNTS), EOS).probabilities(sentences(100, 2))
    assert FORGETFUL - 0.01 < perplexity(np.log(found)) < FORGETFUL + 0.02


def test_dynamic_evaluation_learns_from_the_text_that_it_reads():
    """A text in which the two last words changed places: only a network that learns on gets used to it."""
    swapped = np.array([0, 1, 2, 3, 5, 4], dtype=np.int32)[sentences(100, 2)]
    module = trained(bptt=6, dynamic_lr=0.3, dynamic_block=7)
    static = static_probabilities(module, swapped, EOS)
    dynamic = dynamic_probabilities(module, swapped, EOS)
    np.testing.assert_allclose(dynamic[:7], static[:7], rtol=1e-4)  # predicted before it is learned
    assert perplexity(np.log(static)) > 2
    assert perplexity(np.log(dynamic[350:])) < 1.3
