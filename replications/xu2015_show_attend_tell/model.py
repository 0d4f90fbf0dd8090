"""The decoder of Xu et al. 2015, section 3.1.2: an LSTM that looks at a part of the picture for every word.

Notation of the paper: a_i the annotation of location i of L, alpha_ti the weight of location i when word t is written,
z_t the context, E the embedding of words, h the LSTM's output, y the caption.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from common.layers.attention import AdditiveAttention, Memory
from replications.xu2015_show_attend_tell.config import Config

State = tuple[Tensor, Tensor]  # h and c [B, H]
Choose = Callable[[int, Tensor], Tensor]  # of step t and alpha [B, L], the weights that are looked with


class Read(NamedTuple):
    """What became of captions."""

    readout: Tensor  # the layer before the words [T, B, E]
    maps: Tensor  # alpha [T, B, L]
    looked: Tensor  # the weights that were looked with: alpha, or a drawn location [T, B, L]


class ShowAttendTell(nn.Module):
    """Equations 1 to 7 and sections 4.1, 4.2.1::

        e_ti = v . tanh(W_a a_i + W_h h_{t-1})     alpha_t = softmax(e_t)
        z_t  = beta_t sum_i alpha_ti a_i           beta_t = sigmoid(f_beta(h_{t-1}))
        h_t  = LSTM([E y_{t-1}, z_t])              h_0, c_0 = tanh of linear maps of the mean of a
        p(y_t) ~ exp(L_o tanh(E y_{t-1} + L_h h_t + L_z z_t))

    Before the first word y is 0: there is no start word. The tanh before the words is the authors' code's.

    Without attention (``mean``) all alpha are 1 / L; with ``start`` the picture is in h_0 and c_0 only.

    Args:
        words: V, the words that can be written, the stop word among them.
        features: D of an annotation.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config, words: int, features: int):
        super().__init__()
        size, hidden = config.embedding, config.hidden
        self.kind, self.start = config.attention, words
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.attention = AdditiveAttention(hidden, features, config.attention_size) if self.attends else None
        self.gate = nn.Linear(hidden, 1) if config.gate and self.kind != "start" else None
        self.begin = nn.Linear(features, 2 * hidden)
        self.embedding = nn.Embedding(words + 1, size, padding_idx=words)
        shown = 0 if self.kind == "start" else features
        self.lstm = nn.LSTMCell(size + shown, hidden)
        self.from_state, self.from_context = nn.Linear(hidden, size), nn.Linear(shown, size) if shown else None
        self.output = nn.Linear(size, words)
        self.dropout = nn.Dropout(config.dropout)
        for name, weight in self.named_parameters():
            start_at(weight, config.init_std, zero="bias" in name)
        with torch.no_grad():
            self.embedding.weight[words] = 0

    @property
    def attends(self) -> bool:
        return self.kind in ("soft", "hard")

    def standardise(self, annotations: Tensor) -> None:
        """Lets every feature of some training pictures ``[N, L, D]`` have mean 0 and deviation 1 over the locations."""
        self.mean.copy_(annotations.mean((0, 1)))
        self.std.copy_(annotations.std((0, 1)).clamp_min(1e-3))

    def memory(self, annotations: Tensor, looked_at: Tensor | None = None) -> Memory:
        """What is attended to ``[B, L, D]``; alpha are those for ``looked_at``, other pictures, where given."""
        seen, at = (
            (each - self.mean) / self.std for each in (annotations, annotations if looked_at is None else looked_at)
        )
        keys = self.attention.key(at) if self.attends else at
        return Memory(seen, keys, torch.ones(seen.shape[:2], dtype=torch.bool, device=seen.device))

    def initial(self, memory: Memory) -> State:
        h, c = self.dropout(self.begin(memory.annotations.mean(1)).tanh()).chunk(2, 1)
        return h, c

    def look(
        self, h: Tensor, memory: Memory, choose: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        """z_t ``[N, D]``, alpha_t and the weights looked with ``[N, L]``; picture b has N / B rows, together."""
        pictures, places, _ = memory.annotations.shape
        if self.attends:
            context, alpha = self.attention(h, memory)
        else:
            alpha = h.new_full((len(h), places), 1 / places)
            context = memory.annotations.mean(1).repeat_interleave(len(h) // pictures, 0)
        looked = choose(alpha)
        if looked is not alpha:
            context = (looked.view(pictures, -1, places) @ memory.annotations).flatten(0, 1)
        if self.gate is not None:
            context = self.gate(h).sigmoid() * context
        return (None if self.kind == "start" else context), alpha, looked

    def advance(self, word: Tensor, context: Tensor | None, state: State) -> State:
        """h_t and c_t after the embedded word y_{t-1} ``[N, E]``."""
        return self.lstm(word if context is None else torch.cat([word, context], 1), state)

    def readout(self, word: Tensor, h: Tensor, context: Tensor | None) -> Tensor:
        """The layer before the words ``[..., E]``."""
        found = word + self.from_state(self.dropout(h))
        return self.dropout((found if context is None else found + self.from_context(context)).tanh())

    def forward(self, memory: Memory, words: Tensor, choose: Choose = lambda t, alpha: alpha) -> Read:
        """Reads captions ``[T, B]``, stop words and padding included: what is made of each before it is seen."""
        state = self.initial(memory)
        embedded = self.embedding(torch.cat([torch.full_like(words[:1], self.start), words[:-1]]))
        steps = []
        for t, word in enumerate(embedded):
            context, alpha, looked = self.look(state[0], memory, lambda alpha, t=t: choose(t, alpha))
            state = self.advance(word, context, state)
            steps.append((state[0], context, alpha, looked))
        h, context, alpha, looked = (
            None if each[0] is None else torch.stack(each) for each in zip(*steps, strict=True)
        )
        return Read(self.readout(embedded, h, context), alpha, looked)

    def step(self, words: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """log p(y_t) ``[N, V]`` after the words y_{t-1} ``[N]``, and the next state."""
        word = self.embedding(words)
        context, _, _ = self.look(state[0], memory, lambda alpha: alpha)
        state = self.advance(word, context, state)
        return self.output(self.readout(word, state[0], context)).log_softmax(1), state


@torch.no_grad()
def start_at(weight: Tensor, std: float, zero: bool) -> None:
    """As the authors' code: biases 0, square matrices orthogonal (those of a recurrent layer one by one), others
    N(0, std^2)."""
    if zero:
        nn.init.zeros_(weight)
    elif weight.dim() == 2 and weight.shape[0] % weight.shape[1] == 0 and weight.shape[0] // weight.shape[1] in (1, 4):
        for square in weight.split(weight.shape[1]):
            nn.init.orthogonal_(square)
    else:
        nn.init.normal_(weight, std=std)
