"""Training and decoding speed at 2 layers of 256 cells and 8,000 words, against plain torch.

All cases train on the same made-up pairs, Zipf-distributed over the vocabulary, 5 to 25 words long, 32 at a time.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import config
from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs
from common.training.fit import new_trainer
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.translation import translate

PAIRS, VOCABULARY, HIDDEN, LAYERS, BATCH, END = 192, 8000, 256, 2, 32, 0
UNIT = "target words"
REFERENCE = "plain torch: shuffled batches, nn.LSTM over the padding"
PAPER = "sutskever2014_seq2seq"


def pairs(count: int = PAIRS) -> Pairs:
    draw = np.random.default_rng(1)
    zipf = 1 / np.arange(1, VOCABULARY)
    lengths = draw.integers(5, 26, count)
    sides = [
        np.concatenate(
            [[*draw.choice(np.arange(1, VOCABULARY), size, p=zipf / zipf.sum()), END] for size in lengths]
        ).astype(np.int32)
        for _ in range(2)
    ]
    return Pairs.of(*sides, (END, END))


class PlainTorch(nn.Module):
    """What one writes first; the state after the padding is taken for the state after the sentence."""

    def __init__(self):
        super().__init__()
        self.source, self.target = (nn.Embedding(VOCABULARY, HIDDEN) for _ in range(2))
        self.encoder, self.decoder = (nn.LSTM(HIDDEN, HIDDEN, LAYERS) for _ in range(2))
        self.output = nn.Linear(HIDDEN, VOCABULARY)

    def loss(self, source, target):
        _, state = self.encoder(self.source(source.flip(0)))
        before = torch.cat([torch.zeros_like(target[:1]), target[:-1]])
        hidden, _ = self.decoder(self.target(before), state)
        return F.cross_entropy(self.output(hidden).flatten(0, 1), target.flatten(), ignore_index=-1)


def plain() -> Callable[[], int]:
    model, text = PlainTorch(), pairs()
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    order = np.random.default_rng(1).permutation(len(text))
    batches = [
        [nn.utils.rnn.pad_sequence([torch.from_numpy(text[i][side]).long() for i in chosen]) for side in (0, 1)]
        for chosen in np.array_split(order, len(order) // BATCH)
    ]

    def work() -> int:
        for source, target in batches:
            loss = model.loss(source, target)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
        return len(text.target)

    return work


def module() -> Translator:
    settings = config.resolve(PAPER, "reversed", "scaled") | {"layers": LAYERS, "hidden": HIDDEN, "embedding": HIDDEN}
    settings |= {"lr": 0.1, "batch_size": BATCH, "max_epochs": 100, "halve_after": 100}
    return Translator(config.validate(PAPER, settings, "bench"), VOCABULARY, VOCABULARY, END)


def ours() -> Callable[[], int]:
    """The paper's network and its optimiser, in a bare loop."""
    model, text = module(), pairs()
    optimiser, loader = model.configure_optimizers()["optimizer"], batches(text, BATCH, 1)

    def work() -> int:
        for batch in loader:
            optimiser.zero_grad()
            model.network(batch).mean().backward()
            optimiser.step()
        return len(text.target)

    return work


def with_lightning() -> Callable[[], int]:
    """The same as ``replicate run`` trains it, checkpoint included; long enough to hide the setting up."""
    model, text = module(), pairs(4 * PAIRS)
    loader = batches(text, BATCH, 1)
    model.batches = len(loader)

    def work() -> int:
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            new_trainer(Path(folder), 1, accelerator="cpu", devices=1).fit(model, loader)
        torch.use_deterministic_algorithms(False)  # the Trainer asked for them; the other cases do not
        return len(text.target)

    return work


def decoding(beam_size: int, sentences: int, batch_size: int) -> Callable[[], None]:
    """Untrained, so that few hypotheses end early: the time is that of the longest allowed sentences."""
    network = module().eval().network
    sources = [source for source, _ in pairs()][:sentences]

    def work() -> None:
        translate([network], sources, beam_size=beam_size, batch_size=batch_size)

    return work


CASES = {REFERENCE: plain, "ours": ours, "ours, Lightning": with_lightning}
TASKS = {
    "16 sentences translated with a beam of 5, together": lambda: decoding(5, 16, 16),
    "16 sentences translated with a beam of 5, one by one": lambda: decoding(5, 16, 1),
}
