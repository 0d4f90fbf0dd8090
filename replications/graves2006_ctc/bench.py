"""Speed of the decoders, against plain Python in the same run, and of training.

Outputs are made up: spikes of 62 labels (prefix search) or 29 (beam search) between blanks, some of them undecided, as
those of a trained network are. Every case decodes the same ones.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from common import config
from common.ngram.kneser_ney import KneserNey
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_beam import ctc_beam_search, label_model
from common.search.ctc_prefix import prefix_search
from replications.graves2006_ctc import plain
from replications.graves2006_ctc.data import batch_of
from replications.graves2006_ctc.model import Network

UNIT = "label sequences"
REFERENCE = "plain Python: prefix search"
PHONES, LETTERS, FRAMES, LABELS = 62, 29, 150, 20
THRESHOLD, EXPANSIONS = 0.9999, 200
BEAM = {"beam_size": 20, "weight": 1.0, "bonus": 1.0, "least": 1e-3}
TIMIT_FRAMES = 1_124_823  # of the 3,696 training utterances, 10 ms apart
BATCH, LENGTH = 16, 304


@cache
def outputs(symbols: int, sequences: int) -> list[np.ndarray]:
    """ln y ``[T, K]`` of made-up utterances."""
    draw = np.random.default_rng(1)
    found = []
    for _ in range(sequences):
        activation = np.full((FRAMES, symbols), -9.0) + draw.normal(0, 0.5, (FRAMES, symbols))
        activation[:, 0] = 6.0
        for at in np.linspace(3, FRAMES - 4, LABELS).astype(int):
            rivals = draw.choice(np.arange(1, symbols), 2, replace=False)
            width = draw.integers(1, 3)
            activation[at : at + width, rivals] = draw.uniform([5.5, 3.5], [7.5, 6.0])
            activation[at : at + width, 0] = draw.uniform(2, 5)
        y = np.exp(activation - activation.max(1, keepdims=True))
        found.append(np.log(y / y.sum(1, keepdims=True)))
    return found


@cache
def letters() -> KneserNey:
    """An n-gram model of made-up words."""
    draw = np.random.default_rng(2)
    text = np.concatenate([np.append(draw.integers(1, LETTERS, 25), 0) for _ in range(300)])
    return KneserNey(3, text, LETTERS, 0)


def prefix_plain() -> Callable[[], int]:
    return _over(outputs(PHONES, 2), lambda log_y: plain.prefix_search(log_y, THRESHOLD, EXPANSIONS))


def prefix_ours() -> Callable[[], int]:
    return _over(outputs(PHONES, 40), lambda log_y: prefix_search(log_y, THRESHOLD, EXPANSIONS))


def beam_plain() -> Callable[[], int]:
    model = letters()

    def log_p(labels: tuple[int, ...], label: int) -> float:
        context = np.array(labels[-2:], dtype=np.int64)
        return distribution(tuple(context.tolist()), len(labels) < 2)[label]

    @cache
    def distribution(context: tuple[int, ...], begins: bool) -> list[float]:
        before = context if begins else (1, *context)  # a model of order 3 does not look further back
        return np.log(model.distribution(np.array(before, dtype=np.int64))).tolist()

    return _over(outputs(LETTERS, 2), lambda log_y: plain.beam_search(log_y, log_p, **BEAM))


def beam_ours() -> Callable[[], int]:
    model = label_model(letters())
    return _over(outputs(LETTERS, 40), lambda log_y: ctc_beam_search(log_y, model, **BEAM))


def _over(sequences: list[np.ndarray], decode: Callable[[np.ndarray], object]) -> Callable[[], int]:
    def work() -> int:
        for log_y in sequences:
            decode(log_y)
        return len(sequences)

    return work


CASES = {
    REFERENCE: prefix_plain,
    "compiled: prefix search": prefix_ours,
    "plain Python: beam search, 3-gram": beam_plain,
    "compiled: beam search, 3-gram": beam_ours,
}


# --- training


def _batch():
    from common.data.speech.corpus import Utterance

    draw = np.random.default_rng(3)
    one = [
        Utterance(str(b), draw.normal(size=(LENGTH, 26)).astype(np.float32), draw.integers(1, PHONES, 38))
        for b in range(BATCH)
    ]
    return batch_of(one, range(BATCH))


def _a_batch_of_training(network: Callable, loss_of: Callable, parameters) -> Callable[[], None]:
    """An update on a batch of TIMIT's mean length, as often as makes a hundredth of an epoch."""
    batch, optimiser = _batch(), torch.optim.Adam(parameters, 1e-4)
    updates = round(TIMIT_FRAMES / (BATCH * LENGTH) / 100)

    def work() -> None:
        for _ in range(updates):
            loss = loss_of(network(batch.x, batch.lengths), batch.labels, batch.lengths, batch.label_lengths)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return work


def training_ours() -> Callable[[], None]:
    paper = "graves2006_ctc"
    network = Network(config.validate(paper, config.resolve(paper, "ctc", "paper"), "bench"), 26, PHONES)
    return _a_batch_of_training(network.activations, ctc_loss, network.parameters())


def training_plain() -> Callable[[], None]:
    """torch's own bidirectional LSTM, which has no peepholes."""
    lstm, output = nn.LSTM(26, 100, bidirectional=True), nn.Linear(200, PHONES)
    return _a_batch_of_training(
        lambda x, _: output(lstm(x)[0]).log_softmax(2), F.ctc_loss, [*lstm.parameters(), *output.parameters()]
    )


TASKS = {
    "a hundredth of an epoch of TIMIT, peephole BLSTM": training_ours,
    "the same with torch's LSTM, without peepholes": training_plain,
}
