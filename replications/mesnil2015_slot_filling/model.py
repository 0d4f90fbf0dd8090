"""Networks that fill slots: Elman's, Jordan's, both together, LSTM; the CRF that they are compared with.

x_t is the concatenation of the embeddings of the words in a window around word t (2013, section 2.1); f the logistic
function, g softmax::

    Elman    h_t = f(W_x x_t + W_h h_{t-1} + b_h)          y_t = g(V h_t + b)
    Jordan   h_t = f(W_x x_t + W_s y_{t-1} + b_h)          y_t = g(V h_t + b)
    hybrid   h_t = f(W_x x_t + W_h h_{t-1} + W_s y_{t-1} + b_h)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cells.blstm import BLSTM, reverse_each
from common.cells.elman import elman_scan
from common.cells.jordan import jordan_scan
from common.data.tagged.batches import Batch
from common.layers.attention import AdditiveAttention
from common.output.crf import inside
from replications.mesnil2015_slot_filling.config import Config


def windows(words: Tensor, size: int, padding: int) -> Tensor:
    """The words around each of ``[T, B]``, ``[T, B, size]``; outside the sentence stands ``padding``."""
    half = size // 2
    return F.pad(words, (0, 0, half, half), value=padding).unfold(0, size, 1)


class Reader(nn.Module):
    """One direction of an Elman, Jordan or hybrid network, with its part of the output layer.

    Matrices come from U(-init_range, init_range), biases are 0; h_0 and y_0 are learnt, and begin at 0.
    """

    def __init__(self, kind: str, inputs: int, hidden: int, tags: int, init_range: float):
        super().__init__()
        self.input = nn.Linear(inputs, hidden)  # W_x, b_h
        self.recurrent = self.h_0 = self.fed_back = self.y_0 = None
        if kind != "jordan":
            self.recurrent, self.h_0 = nn.Parameter(torch.empty(hidden, hidden)), nn.Parameter(torch.zeros(hidden))
        if kind != "elman":
            self.fed_back, self.y_0 = nn.Parameter(torch.empty(hidden, tags)), nn.Parameter(torch.zeros(tags))
        self.output = nn.Parameter(torch.empty(tags, hidden + 1))  # V, b
        for weight in (self.input.weight, self.recurrent, self.fed_back, self.output):
            if weight is not None:
                nn.init.uniform_(weight, -init_range, init_range)
        nn.init.zeros_(self.input.bias)
        nn.init.zeros_(self.output.data[:, -1])

    def forward(self, x: Tensor) -> Tensor:
        """Scores V h_t + b ``[T, B, K]`` of inputs ``[T, B, I]``."""
        entering = self.input(x)
        if self.fed_back is not None:
            return jordan_scan(entering, self.output, self.fed_back, self.y_0, self.recurrent, self.h_0)[1]
        hidden = elman_scan(entering, self.h_0.expand(x.shape[1], -1), self.recurrent)
        return hidden @ self.output[:, :-1].t() + self.output[:, -1]


class Recurrent(nn.Module):
    """Elman, Jordan or hybrid in one or two directions. Of two the scores add up, which is one output layer over both;
    what the second feeds back is its own share of them.

    It answers with tags only.
    """

    def __init__(self, config: Config, words: int, tags: int, padding: int):
        super().__init__()
        self.window, self.padding = config.window, padding
        self.embedding = nn.Embedding(words, config.embedding)
        self.dropout = nn.Dropout(config.dropout)
        self.readers = nn.ModuleList(
            Reader(config.model, config.window * config.embedding, config.hidden, tags, config.init_range)
            for _ in range(config.directions)
        )

    def forward(self, batch: Batch) -> tuple[Tensor, None]:
        x = self.dropout(self.embedding(windows(batch.words, self.window, self.padding)).flatten(2))
        forward, *backward = self.readers
        scores = forward(x)
        for reader in backward:
            scores = scores + reverse_each(reader(reverse_each(x, batch.lengths)), batch.lengths)
        return scores, None


class LSTM(nn.Module):
    """One or two directions of LSTM. An intent is the answer to ``</s>``, read after the words (Hakkani-Tür 2016).

    With attention the output sees [h_t; c_t], c_t a mean of all states weighted by how well they fit h_t (Liu & Lane).
    """

    def __init__(self, config: Config, words: int, tags: int, intents: int, padding: int):
        super().__init__()
        self.window, self.padding, self.intent = config.window, padding, config.intent
        self.embedding = nn.Embedding(words, config.embedding)
        self.dropout = nn.Dropout(config.dropout)
        width = config.directions * config.hidden
        self.cell = BLSTM(config.window * config.embedding, config.hidden, config.init_range, config.directions)
        self.attention = AdditiveAttention(width, width, config.hidden, 0.1) if config.attention else None
        width *= 2 if config.attention else 1
        self.slots = nn.Linear(width, tags) if config.intent != "alone" else None
        self.intents = nn.Linear(width, intents) if config.intent != "none" else None
        for layer in (self.slots, self.intents):
            if layer is not None:
                nn.init.uniform_(layer.weight, -config.init_range, config.init_range)
                nn.init.zeros_(layer.bias)

    def forward(self, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
        words, lengths = batch.words, batch.lengths
        if self.intents is not None:
            words, lengths = F.pad(words, (0, 0, 0, 1), value=self.padding), lengths + 1
        x = self.dropout(self.embedding(windows(words, self.window, self.padding)).flatten(2))
        h = self.dropout(self.cell(x, lengths))
        if self.attention is not None:
            within = inside(lengths, len(h))
            states = (h * within.unsqueeze(2)).transpose(0, 1)  # [B, T, H]
            context, _ = self.attention(states.flatten(0, 1), self.attention.memory(states.transpose(0, 1), within))
            h = torch.cat([h, context.view(*states.shape[:2], -1).transpose(0, 1)], dim=2)
        last = h[lengths - 1, torch.arange(len(lengths), device=h.device)]
        return (
            None if self.slots is None else self.slots(h[: len(batch.words)]),
            None if self.intents is None else self.intents(last),
        )


class WordsOnly(nn.Module):
    """What a CRF without hidden units knows of a word: a weight for each tag and each word in the window."""

    def __init__(self, config: Config, words: int, tags: int, padding: int):
        super().__init__()
        self.window, self.padding = config.window, padding
        self.embedding = nn.EmbeddingBag(config.window * words, tags, mode="sum")
        self.register_buffer("offsets", words * torch.arange(config.window), persistent=False)
        nn.init.zeros_(self.embedding.weight)

    def forward(self, batch: Batch) -> tuple[Tensor, None]:
        places = windows(batch.words, self.window, self.padding) + self.offsets
        return self.embedding(places.flatten(0, 1)).view(*batch.words.shape, -1), None


def network(config: Config, words: int, tags: int, intents: int, padding: int) -> nn.Module:
    """The network of a setting, its embeddings from U(-init_range, init_range)."""
    if config.model == "crf":
        return WordsOnly(config, words, tags, padding)
    if config.model == "lstm":
        made: nn.Module = LSTM(config, words, tags, intents, padding)
    else:
        made = Recurrent(config, words, tags, padding)
    nn.init.uniform_(made.embedding.weight, -config.init_range, config.init_range)
    return made
