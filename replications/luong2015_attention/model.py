"""Global and local attention with input feeding (Luong, Pham and Manning 2015, section 3).

    score(h_t, hs) = h_t' hs (dot)     h_t' W_a hs (general)     v_a' tanh(W_a [h_t; hs]) (concat)
    a_t = softmax_s(score)             or softmax(W_a h_t), by location
    c_t = sum_s a_t(s) hs_s            h~_t = tanh(W_c [c_t; h_t])            p(y_t) = softmax(W_s h~_t)

    local-m    a_t is within D words of p_t = t
    local-p    within D words of p_t = S sigmoid(v_p' tanh(W_p h_t)), times exp(-(s - p_t)^2 / 2 sigma^2), sigma = D / 2

h_t is the decoder's state of this step, after the LSTM (Bahdanau et al. ask with the one before).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from common.data.parallel.buckets import Batch
from common.layers.attention import Memory
from common.layers.encoder_decoder import nats_per_sentence, reversed_words, sequence_mask, shifted
from common.search.beam import State, Step
from replications.luong2015_attention.config import Config


class Attention(nn.Module):
    """Weights of the source words, and the mean of what the encoder has made of them. No layer has a bias."""

    def __init__(self, config: Config):
        super().__init__()
        self.config, n = config, config.hidden
        if config.score in ("general", "concat"):
            self.key = nn.Linear(n, n, bias=False)  # W_a, or the part of it that reads hs
        if config.score in ("location", "concat"):
            self.query = nn.Linear(n, config.longest if config.score == "location" else n, bias=False)
        if config.score == "concat":
            self.energy = nn.Linear(n, 1, bias=False)  # v_a
        if config.window == "local-p":
            self.place = nn.Sequential(nn.Linear(n, n, bias=False), nn.Tanh(), nn.Linear(n, 1, bias=False))  # W_p, v_p

    def memory(self, annotations: Tensor, mask: Tensor) -> Memory:
        """From hs ``[S, B, n]`` and mask ``[S, B]``, true at words."""
        annotations = annotations.transpose(0, 1)
        keys = self.key(annotations) if self.config.score in ("general", "concat") else annotations
        return Memory(annotations, keys, mask.t())

    def forward(self, state: Tensor, time: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """c_t ``[N, n]`` and a_t ``[N, S]`` for h_t ``[N, n]`` at target words ``time`` ``[N, 1]``, from 1.

        Sentence b of B has N / B rows, together. Local weights are not normalised anew after the product with the
        Gaussian; local-m stays at the last word where the translation is longer than the source.
        """
        config, (sentences, source, _) = self.config, memory.keys.shape
        h = state.view(sentences, -1, config.hidden)
        words = torch.arange(1, source + 1, device=state.device)
        allowed = memory.mask.unsqueeze(1)
        if config.score == "location":
            known = self.query(h)[..., :source]
            scores = nn.functional.pad(known, (0, source - known.shape[-1]))
            allowed = allowed & (words <= config.longest)
        elif config.score == "concat":
            scores = self.energy(torch.tanh(self.query(h).unsqueeze(2) + memory.keys.unsqueeze(1))).squeeze(-1)
        else:
            scores = h @ memory.keys.transpose(1, 2)
        if config.window != "global":
            lengths = memory.mask.sum(1).view(-1, 1, 1)
            if config.window == "local-m":
                place = torch.minimum(time.view(sentences, -1, 1), lengths)
            else:
                place = lengths * torch.sigmoid(self.place(h))
            allowed = allowed & ((words - place.floor()).abs() <= config.half_width)
        weights = scores.masked_fill(~allowed, float("-inf")).softmax(-1)
        if config.window == "local-p":
            weights = weights * torch.exp(-2 * ((words - place) / config.half_width).square())
        return (weights @ memory.annotations).flatten(0, 1), weights.flatten(0, 1)


class Translator(nn.Module):
    """p(y | x) for vocabularies of given sizes; ``end`` is the target's ``</s>``. Weights begin at U(-r, r).

    LSTMs have no biases (the authors' code). The decoder begins with the last states of all the encoder's layers.
    """

    def __init__(self, config: Config, source_size: int, target_size: int, end: int):
        super().__init__()
        n, layers = config.hidden, range(config.layers)
        self.config, self.end = config, end
        self.source_embedding = nn.Embedding(source_size, config.embedding)
        self.target_embedding = nn.Embedding(target_size, config.embedding)
        between = config.dropout if config.layers > 1 else 0.0
        self.encoder = nn.LSTM(config.embedding, n, config.layers, bias=False, dropout=between)
        read = config.embedding + (n if config.feed else 0)
        self.decoder = nn.ModuleList(nn.LSTMCell(n if layer else read, n, bias=False) for layer in layers)
        if config.window != "none":
            self.attention = Attention(config)
            self.combine = nn.Linear(2 * n, n, bias=False)  # W_c
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(n, target_size, bias=False)  # W_s
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[State, Memory | None]:
        """From words ``[S, B]`` that end in ``</s>`` and their lengths ``[B]`` to the decoder's first state and what it
        looks at: the words in their own order, without ``</s>`` if there is another.

        The state is (h, c ``[B, L, n]``, h~ ``[B, n]``, the number of words so far ``[B, 1]``).
        """
        order = torch.arange(len(source), device=source.device).unsqueeze(1).expand_as(source)
        if self.config.reverse:  # "c b a </s>"
            order = reversed_words(order, lengths - 1)
        words = self.dropout(self.source_embedding(source.gather(0, order)))
        packed, (h, c) = self.encoder(pack_padded_sequence(words, lengths.cpu(), enforce_sorted=False))
        state = (h.transpose(0, 1), c.transpose(0, 1), torch.zeros_like(h[0]), torch.zeros_like(lengths).unsqueeze(1))
        if self.config.window == "none":
            return state, None
        annotations = self.dropout(pad_packed_sequence(packed)[0])
        annotations = annotations.gather(0, order.unsqueeze(2).expand_as(annotations))
        return state, self.attention.memory(annotations, sequence_mask((lengths - 1).clamp(min=1), len(source)))

    def step(self, words: Tensor, state: State, memory: Memory | None) -> tuple[State, Tensor | None]:
        """The state after reading the words before ``[N]``, whose h~ the output layer reads; and a_t ``[N, S]``."""
        h, c, attentional, time = state
        x = self.dropout(self.target_embedding(words))
        if self.config.feed:
            x = torch.cat([x, attentional], 1)
        following = []
        for layer, cell in enumerate(self.decoder):
            following.append(cell(x, (h[:, layer], c[:, layer])))
            x = self.dropout(following[-1][0])
        h, c = (torch.stack(part, 1) for part in zip(*following, strict=True))
        if memory is None:
            return (h, c, x, time + 1), None
        context, weights = self.attention(x, time + 1, memory)
        return (h, c, torch.tanh(self.combine(torch.cat([context, x], 1))), time + 1), weights

    def read(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """h~ ``[T, B, n]`` and a ``[T, B, S]`` of given translations."""
        state, memory = self.encode(batch.source, batch.source_lengths)
        found, looks = [], []
        for words in shifted(batch.target, self.end):
            state, weights = self.step(words, state, memory)
            found.append(state[2])
            looks.append(weights)
        return torch.stack(found), None if memory is None else torch.stack(looks)

    def forward(self, batch: Batch) -> Tensor:
        """-log p(y | x) of each sentence pair ``[B]``, in nats, its ``</s>`` included."""
        mask = sequence_mask(batch.target_lengths, len(batch.target))
        return nats_per_sentence(self.output(self.read(batch)[0][mask]), batch.target, mask)

    def begin(self, source: Tensor, lengths: Tensor) -> tuple[Step, State]:
        """A beam search's step and first state for words ``[S, B]``, lengths ``[B]``."""
        first, memory = self.encode(source, lengths)

        def step(words: Tensor, state: State) -> tuple[Tensor, State]:
            state, _ = self.step(words, state, memory)
            return self.output(state[2]).log_softmax(-1), state

        return step, first
