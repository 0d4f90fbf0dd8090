"""Training speed of the recurrent network at H = 200, V = 10,000, against plain torch.

All cases read the same made-up text, Zipf-distributed over the vocabulary, in 32 streams and blocks of 10 words.
"""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import config
from common.data import fetch
from common.data.order import Loader
from common.data.text import corpora
from common.data.text.windows import windows
from common.ngram.kneser_ney import KneserNey
from common.training.fit import new_trainer
from common.training.precision import has_bfloat16
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.module import LanguageModel
from replications.mikolov2010_rnnlm.speed import learner

PAPER = "mikolov2010_rnnlm"
WORDS, VOCABULARY, HIDDEN, STREAMS, BLOCK = 9600, 10_000, 200, 32, 10
UNIT = "words"
REFERENCE = "plain torch: nn.RNN, full softmax"


def counts() -> np.ndarray:
    """Training counts of a Zipf vocabulary ``[V]``."""
    return (1_000_000 / np.arange(1, VOCABULARY + 1)).astype(np.int64)


def text(words: int = WORDS) -> Loader:
    zipf = counts() / counts().sum()
    return windows(np.random.default_rng(1).choice(VOCABULARY, words, p=zipf), 0, STREAMS, BLOCK)


class PlainTorch(nn.Module):
    """What one writes first: ``nn.Embedding``, ``nn.RNN``, ``nn.Linear``, ``F.cross_entropy``."""

    def __init__(self, output: nn.Module | None = None):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.rnn = nn.RNN(HIDDEN, HIDDEN)
        self.adaptive = output
        self.linear = None if output else nn.Linear(HIDDEN, VOCABULARY)

    def loss(self, words, next_words, state):
        hidden, state = self.rnn(self.embedding(words), state)
        hidden, targets = hidden.flatten(0, 1), next_words.flatten()
        if self.adaptive is not None:
            return self.adaptive(hidden, targets).loss * len(targets), state.detach()
        return F.cross_entropy(self.linear(hidden), targets, reduction="sum"), state.detach()


def plain(adaptive: bool = False) -> Callable[[], int]:
    cutoffs = [1000, 4000]
    model = PlainTorch(nn.AdaptiveLogSoftmaxWithLoss(HIDDEN, VOCABULARY, cutoffs) if adaptive else None)
    optimiser, stream = torch.optim.SGD(model.parameters(), 0.01), text()

    def work() -> int:
        state = None
        for words, next_words in stream:
            loss, state = model.loss(words, next_words, state)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return WORDS

    return work


def ours(experiment: str, precision: str = "32-true", **changes) -> Callable[[], int]:
    """The paper's network and its optimiser, clipping and weight decay included, in a bare loop."""
    return learner(settings(experiment, precision, **changes), counts(), text())


def with_lightning(experiment: str) -> Callable[[], int]:
    """The same as ``replicate run`` trains it, checkpoint included, for half the words of the Penn Treebank, so that
    setting up weighs little more than in a real epoch."""
    model, words = LanguageModel(settings(experiment, "32-true"), counts()), 48 * WORDS
    stream = text(words)

    def work() -> int:
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            new_trainer(Path(folder), 1, accelerator="cpu", devices=1).fit(model, stream)
        torch.use_deterministic_algorithms(False)  # the Trainer asked for them; the other cases do not
        return words

    return work


def settings(experiment: str, precision: str, **changes) -> Config:
    chosen = {"precision": precision, "lr": 0.01, "streams": STREAMS} | changes
    return config.validate(PAPER, config.resolve(PAPER, experiment, "scaled") | chosen, "bench")


def kneser_ney(corpus: str) -> Callable[[], None]:
    """KN5 from token ids to the probabilities of the validation and test words."""
    found = corpora.load(corpus)

    def work() -> None:
        model = KneserNey(5, found.train, len(found.vocabulary), found.eos)
        for split in (found.valid, found.test):
            model.probabilities(split)

    return work


CASES = {
    REFERENCE: plain,
    "plain torch: nn.RNN, adaptive softmax": lambda: plain(adaptive=True),
    "full softmax": lambda: ours("rnn"),
    "full softmax trained on 1000 samples": lambda: ours("rnn_sampled"),
    "100 classes": lambda: ours("rnn_classes"),
    "tree": lambda: ours("rnn_classes", classes=None, tree=True),
    "tree, direct connections": lambda: ours("rnn_classes", classes=None, tree=True, ngrams=4),
    "100 classes, Lightning": lambda: with_lightning("rnn_classes"),
}
if has_bfloat16("cpu"):
    CASES["full softmax, bfloat16"] = lambda: ours("rnn", "bf16-mixed")
HERE = {"grammar"} | {row.corpus for row in fetch.status() if row.state == "here"}
TASKS = {
    f"KN5 trained and evaluated, {corpus}": partial(kneser_ney, corpus)
    for corpus in ("grammar", "ptb")
    if corpus in HERE
}
