"""Speed at n = 256, V = 5,000 with batches of 80 sentences of 14 and 15 words, against plain torch.

Training is measured in target words per second, decoding and the gated unit's scan as seconds of a fixed task.
Decoding also with the small network of the scale ``quick`` and V = 600: there a batch saves the cost of many small
operations, at n = 256 a processor is busy with few sentences already.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import config
from common.cells.gru import GRU
from common.data.parallel.buckets import Batch, collate
from common.training.clipping import clip_norm
from common.training.precision import has_bfloat16
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder
from replications.bahdanau2015_attention.translate import translate

VOCABULARY, HIDDEN, BATCH, SOURCE, TARGET = 5000, 256, 80, 14, 15
SENTENCES = {"quick": (600, 200), "scaled": (VOCABULARY, 100)}  # scale -> vocabulary, sentences to translate
UNIT = "target words"
REFERENCE = "plain torch: nn.GRU, nn.GRUCell, nn.Linear"


def settings(experiment: str, scale: str = "scaled") -> Config:
    changes = {"dropout": 0.0, "beam_size": 5, "max_output": TARGET}
    return config.validate(
        "bahdanau2015_attention", config.resolve("bahdanau2015_attention", experiment, scale) | changes, "bench"
    )


def batch(sentences: int = BATCH, vocabulary: int = VOCABULARY) -> Batch:
    """Made-up words; word 0 is the end."""
    draw = np.random.default_rng(1)
    return collate(
        [
            tuple(np.append(draw.integers(1, vocabulary, length - 1), 0) for length in (SOURCE, TARGET))
            for _ in range(sentences)
        ]
    )


class PlainTorch(nn.Module):
    """What one writes first: a bidirectional ``nn.GRU``, additive attention, ``nn.GRUCell`` and a linear output."""

    def __init__(self, config: Config):
        super().__init__()
        m, n, self.n = config.embedding, config.hidden, config.hidden
        self.source, self.target = nn.Embedding(VOCABULARY, m), nn.Embedding(VOCABULARY, m)
        self.encoder = nn.GRU(m, n, bidirectional=True)
        self.initial = nn.Linear(n, n)
        self.query, self.key, self.energy = (
            nn.Linear(n, config.alignment),
            nn.Linear(2 * n, config.alignment),
            nn.Linear(config.alignment, 1, bias=False),
        )
        self.decoder = nn.GRUCell(m + 2 * n, n)
        self.readout, self.words = nn.Linear(3 * n + m, 2 * config.maxout), nn.Linear(config.maxout, VOCABULARY)

    def forward(self, text: Batch) -> Tensor:
        source, source_lengths, target = text[:3]
        annotations, _ = self.encoder(self.source(source))
        keys, state = self.key(annotations), torch.tanh(self.initial(annotations[0, :, self.n :]))
        mask = torch.arange(len(source)).unsqueeze(1) < source_lengths
        words, loss = self.target(torch.cat([torch.zeros_like(target[:1]), target[:-1]])), 0.0
        for i, word in enumerate(words):
            energy = self.energy(torch.tanh(self.query(state) + keys)).squeeze(2).masked_fill(~mask, float("-inf"))
            context = (energy.softmax(0).unsqueeze(2) * annotations).sum(0)
            readout = self.readout(torch.cat([state, word, context], 1)).unflatten(1, (-1, 2)).amax(2)
            loss = loss + F.cross_entropy(self.words(readout), target[i], reduction="sum")
            state = self.decoder(torch.cat([word, context], 1), state)
        return loss


def training(network: nn.Module, precision: str = "32-true") -> Callable[[], int]:
    """Three updates by Adam."""
    text, optimiser = batch(), torch.optim.Adam(network.parameters(), 0.001)

    def work() -> int:
        for _ in range(3):
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
                loss = network(text).sum() / BATCH
            optimiser.zero_grad()
            loss.backward()
            clip_norm(network.parameters(), 1.0)
            optimiser.step()
        return 3 * BATCH * TARGET

    return work


def ours(experiment: str, precision: str = "32-true") -> Callable[[], int]:
    torch.manual_seed(1)
    return training(EncoderDecoder(settings(experiment), VOCABULARY, VOCABULARY, 0), precision)


def untrained(scale: str) -> tuple[Config, EncoderDecoder, list[np.ndarray]]:
    """A network that never writes the end, so that every translation is as long as it may be; and what to translate."""
    torch.manual_seed(1)
    config = settings("search_50", scale)
    vocabulary, sentences = SENTENCES[scale]
    network = EncoderDecoder(config, vocabulary, vocabulary, 0).eval()
    with torch.no_grad():
        network.output.words.bias[0] = -50.0
    return config, network, [source[:, 0].numpy() for source in batch(sentences, vocabulary).source.split(1, 1)]


def decoding(scale: str, batch_size: int) -> Callable[[], None]:
    config, network, sources = untrained(scale)
    return lambda: translate(network, sources, config, batch_size=batch_size)


def plain_decoding(scale: str) -> Callable[[], None]:
    """What one writes first: a sentence at a time, a hypothesis at a time."""
    config, network, sources = untrained(scale)

    @torch.no_grad()
    def work() -> None:
        for source in sources:
            step, state = network.begin(torch.from_numpy(source).long().unsqueeze(1), torch.tensor([len(source)]))
            beam = [(0.0, [network.end], state)]
            for _ in range(config.max_output):
                longer = []
                for total, words, state in beam:
                    log_p, following = step(torch.tensor(words[-1:]), state)
                    values, best = log_p[0].topk(config.beam_size)
                    longer += [
                        (total + value, [*words, word], following)
                        for value, word in zip(values.tolist(), best.tolist(), strict=True)
                    ]
                beam = sorted(longer, key=lambda one: -one[0])[: config.beam_size]

    return work


def scan(layer: nn.Module) -> Callable[[], None]:
    """Forward and backward through one layer of gated units over 20 words of 80 sentences, ten times."""
    x = torch.randn(20, BATCH, HIDDEN, requires_grad=True)

    def work() -> None:
        for _ in range(10):
            states = layer(x)
            (states[0] if isinstance(states, tuple) else states).sum().backward()

    return work


CASES = {
    REFERENCE: lambda: training(PlainTorch(settings("search_50"))),
    "RNNsearch": lambda: ours("search_50"),
    "RNNencdec": lambda: ours("encdec_50"),
}
if has_bfloat16("cpu"):
    CASES["RNNsearch, output in bfloat16"] = lambda: ours("search_50", "bf16-mixed")
    CASES["RNNencdec, output in bfloat16"] = lambda: ours("encdec_50", "bf16-mixed")
TASKS = {
    "gated units, reset before the product, forward and backward": lambda: scan(GRU(HIDDEN, HIDDEN, update="new")),
    "nn.GRU, forward and backward": lambda: scan(nn.GRU(HIDDEN, HIDDEN)),
    "beam 5, small network, 200 sentences together": partial(decoding, "quick", 200),
    "beam 5, small network, 200 sentences one at a time": partial(decoding, "quick", 1),
    "beam 5, small network, 200 sentences one at a time, hypotheses one at a time": partial(plain_decoding, "quick"),
    "beam 5, 100 sentences together": partial(decoding, "scaled", 100),
    "beam 5, 100 sentences one at a time": partial(decoding, "scaled", 1),
    "beam 5, 100 sentences one at a time, hypotheses one at a time": partial(plain_decoding, "scaled"),
}
