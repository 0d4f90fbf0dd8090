"""Speed: scoring phrase pairs at the quick size against one pair at a time, training, and the phrase-based decoder.

The phrase pairs are made up, one to four words long, Zipf-distributed over 700 words.
"""

from collections.abc import Callable

import numpy as np
import torch

from common import config
from common.data import fetch
from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import batches, collate
from common.data.parallel.corpus import Pairs
from common.phrase_based.options import local_features
from common.phrase_based.system import START
from replications.cho2014_gru.experiment import system_of
from replications.cho2014_gru.model import EncoderDecoder
from replications.cho2014_gru.module import Learner
from replications.cho2014_gru.phrases import score

PAPER, VOCABULARY, PAIRS, END = "cho2014_gru", 700, 4096, 0
UNIT = "phrase pairs"
REFERENCE = "scoring, one pair at a time"


def phrase_pairs(count: int) -> Pairs:
    draw = np.random.default_rng(1)
    zipf = 1 / np.arange(1, VOCABULARY)
    words = np.arange(1, VOCABULARY)
    sides = [
        np.concatenate([[*draw.choice(words, size, p=zipf / zipf.sum()), END] for size in draw.integers(1, 5, count)])
        for _ in range(2)
    ]
    return Pairs.of(*sides, (END, END))


def module() -> Learner:
    settings = config.validate(PAPER, config.resolve(PAPER, "smt", "quick"), "bench")
    return Learner(settings, EncoderDecoder(settings, VOCABULARY, VOCABULARY, END), settings.lr)


def one_by_one() -> Callable[[], int]:
    network, found = module().eval().network, phrase_pairs(64)

    def work() -> int:
        with torch.no_grad():
            for pair in found:
                network(collate([pair]))
        return len(found)

    return work


def scoring() -> Callable[[], int]:
    network, found = module().eval().network, phrase_pairs(PAIRS)

    def work() -> int:
        score(network, found)
        return len(found)

    return work


def training() -> Callable[[], int]:
    learner, found = module(), phrase_pairs(PAIRS // 2)
    optimiser, loader = learner.configure_optimizers()["optimizer"], batches(found, learner.config.batch_size, 1)

    def work() -> int:
        for batch in loader:
            optimiser.zero_grad()
            learner.network(batch).mean().backward()
            optimiser.step()
        return len(found)

    return work


def decoding(corpus: str, scale: str) -> Callable[[], None]:
    """All test sentences, with the stack size of the scale and weights that are not tuned."""
    settings = config.validate(PAPER, config.resolve(PAPER, "smt", scale), "bench")
    system = system_of(parallel.load(corpus, train_pairs=settings.train_pairs), settings)
    options = system.options("test")
    local = [local_features(each, system.table) for each in options]
    decoder = system.decoder(settings.stack)
    return lambda: decoder.translate_all(options, local, START)


CASES = {REFERENCE: one_by_one, "scoring": scoring, "training": training}
TASKS = {"test sentences of the grammar decoded": lambda: decoding("grammar-en-fr", "quick")}
if any(row.corpus == "multi30k" and row.state == "here" for row in fetch.status()):
    TASKS["1,000 test sentences of Multi30k decoded"] = lambda: decoding("multi30k-en-fr", "scaled")
