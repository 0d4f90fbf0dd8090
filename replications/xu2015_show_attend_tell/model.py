"""The decoder of Xu et al. 2015, section 3.1.2: an LSTM that looks at a part of the picture for every word.

Notation of the paper: a_i the annotation of location i of L, alpha_ti its weight when word t is written, z_t the
context, E the embedding of words, h the LSTM's output, y the caption.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from common.layers.attention import AdditiveAttention, Memory
from replications.xu2015_show_attend_tell.config import Config

State = tuple[Tensor, Tensor]  # h and c [N, H]


class Read(NamedTuple):
    """What became of captions."""

    readout: Tensor  # the layer before the words [T, B, E]
    maps: Tensor  # alpha [T, B, L]
    looked: Tensor  # the weights that were looked with: alpha, or a drawn location [T, B, L]


class ShowAttendTell(nn.Module):
    """Equations 1 to 7 and section 4.2.1::

        e_ti = v . tanh(W_a a_i + W_h h_{t-1})     alpha_t = softmax(e_t)
        z_t  = beta_t sum_i alpha_ti a_i           beta_t = sigmoid(f_beta(h_{t-1}))
        h_t  = LSTM([E y_{t-1}, z_t])              h_0, c_0 = tanh of linear maps of the mean of a
        p(y_t) ~ exp(L_o tanh(E y_{t-1} + L_h h_t + L_z z_t))

    Before the first word y is 0: there is no start word. The last tanh is that of the authors' code.

    Without attention (``mean``) all alpha are 1 / L; with ``start`` they are 0, and h_0 and c_0 alone know the picture.

    Args:
        words: V, the words that can be written, the stop word among them.
        features: D of an annotation.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config, words: int, features: int):
        super().__init__()
        size, hidden, attends = config.embedding, config.hidden, config.attention in ("soft", "hard")
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.start, self.fixed = words, 1.0 if config.attention == "mean" else 0.0  # the sum of all alpha, if fixed
        self.attention = AdditiveAttention(hidden, features, config.attention_size) if attends else None
        self.gate = nn.Linear(hidden, 1) if config.gate else None
        self.begin = nn.Linear(features, 2 * hidden)
        self.embedding = nn.Embedding(words + 1, size, padding_idx=words)
        self.lstm = nn.LSTMCell(size + features, hidden)
        self.from_state, self.from_context = nn.Linear(hidden, size), nn.Linear(features, size)
        self.output = nn.Linear(size, words)
        self.dropout = nn.Dropout(config.dropout)
        for name, weight in self.named_parameters():
            nn.init.zeros_(weight) if "bias" in name else nn.init.normal_(weight, std=config.init_std)
        with torch.no_grad():
            for square in self.lstm.weight_hh.split(hidden):
                nn.init.orthogonal_(square)
            self.embedding.weight[words] = 0

    def standardise(self, annotations: Tensor) -> None:
        """Lets every feature of some training pictures ``[N, L, D]`` have mean 0 and deviation 1 over the locations."""
        self.mean.copy_(annotations.mean((0, 1)))
        self.std.copy_(annotations.std((0, 1)).clamp_min(1e-3))

    def memory(self, annotations: Tensor, looked_at: Tensor | None = None) -> Memory:
        """What is attended to ``[B, L, D]``; alpha are those for ``looked_at``, other pictures, where given."""
        seen = (annotations - self.mean) / self.std
        at = seen if looked_at is None else (looked_at - self.mean) / self.std
        mask = torch.ones(seen.shape[:2], dtype=torch.bool, device=seen.device)
        return Memory(seen, self.attention.key(at) if self.attention else at, mask)

    def initial(self, memory: Memory) -> State:
        h, c = self.dropout(self.begin(memory.annotations.mean(1)).tanh()).chunk(2, 1)
        return h, c

    def look(
        self, h: Tensor, memory: Memory, choose: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """z_t ``[N, D]``, alpha_t and the weights looked with ``[N, L]``: alpha, or what is chosen by them.

        Picture b has N / B rows, together.
        """
        pictures, places, _ = memory.annotations.shape
        if self.attention:
            context, alpha = self.attention(h, memory)
        else:
            alpha = h.new_full((len(h), places), self.fixed / places)
        looked = choose(alpha) if choose else alpha
        if choose or not self.attention:
            context = (looked.view(pictures, -1, places) @ memory.annotations).flatten(0, 1)
        if self.gate:
            context = self.gate(h).sigmoid() * context
        return context, alpha, looked

    def readout(self, word: Tensor, h: Tensor, context: Tensor) -> Tensor:
        """The layer before the words ``[..., E]``."""
        return self.dropout((word + self.from_state(self.dropout(h)) + self.from_context(context)).tanh())

    def forward(self, memory: Memory, words: Tensor, choose: Callable[[int, Tensor], Tensor] | None = None) -> Read:
        """Reads captions ``[T, B]``, stop words and padding included; ``choose(t, alpha)`` as in :meth:`look`."""
        state, steps = self.initial(memory), []
        embedded = self.embedding(torch.cat([torch.full_like(words[:1], self.start), words[:-1]]))
        for t, word in enumerate(embedded):
            context, *weights = self.look(state[0], memory, choose and partial(choose, t))
            state = self.lstm(torch.cat([word, context], 1), state)
            steps.append((state[0], context, *weights))
        h, context, alpha, looked = map(torch.stack, zip(*steps, strict=True))
        return Read(self.readout(embedded, h, context), alpha, looked)

    def step(self, words: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """log p(y_t) ``[N, V]`` after the words y_{t-1} ``[N]``, and the next state."""
        word = self.embedding(words)
        context, _, _ = self.look(state[0], memory)
        state = self.lstm(torch.cat([word, context], 1), state)
        return self.output(self.readout(word, state[0], context)).log_softmax(1), state
