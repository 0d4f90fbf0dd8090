"""The RNN encoder-decoder (Cho et al. 2014, sections 2.2, 2.3 and appendix A).

Notation of the paper: x_t source words, e(x_t) their embeddings, h the encoder's state, c the summary of the source
phrase, h' the decoder's state, y_t target words, n = 1000 units, m = 100 features, l = 500 maxout units.
"""

import torch
from torch import Tensor, nn

from common.cells.gru import GRU
from common.data.parallel.buckets import Batch
from common.layers.encoder_decoder import DeepOutput, nats_per_sentence, sequence_mask, shifted
from replications.cho2014_gru.config import Config

START = -1  # y_0: a word whose embedding is all zeros


class Tanh(nn.Module):
    """h_t = tanh(W e + U h_{t-1} + C c): what the gated unit replaces (section 2.3)."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.input = nn.Linear(inputs, hidden)
        self.recurrent = nn.Parameter(torch.empty(hidden, hidden))
        nn.init.orthogonal_(self.recurrent)

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        return torch.tanh(torch.addmm(x, h, self.recurrent.t()))

    def forward(self, inputs: Tensor, h: Tensor, context: Tensor | float = 0.0, mask: Tensor | None = None) -> Tensor:
        """h at each of T steps ``[T, B, n]``; where the mask is false, it stays as it is."""
        states, x = [], self.input(inputs) + context
        for t in range(len(x)):
            new = self.step(x[t], h)
            h = new if mask is None else torch.where(mask[t].unsqueeze(1), new, h)
            states.append(h)
        return torch.stack(states)


class EncoderDecoder(nn.Module):
    """p(y | x) of a pair of phrases (or sentences), for vocabularies of given sizes; ``end`` is the target's ``</s>``.

    All weights start from N(0, init_std^2), recurrent ones as orthogonal matrices, biases at 0 (section 4.1.1).
    """

    def __init__(self, config: Config, source_words: int, target_words: int, end: int):
        super().__init__()
        m, n = config.embedding, config.hidden
        self.end, self.gated = end, config.unit == "gated"
        self.source_embedding = nn.Embedding(source_words, m)
        self.target_embedding = nn.Embedding(target_words, m)
        self.summary = nn.Linear(n, n)  # V
        self.initial = nn.Linear(n, n)  # V'
        if self.gated:
            self.encoder: nn.Module = GRU(m, n, update="old", reset="before")
            self.decoder: nn.Module = GRU(m, n, update="old", reset="after")
        else:
            self.encoder, self.decoder = Tanh(m, n), Tanh(m, n)
        self.to_gates = nn.Linear(n, 2 * n, bias=False) if self.gated else None  # C_r, C_z
        self.to_new = nn.Linear(n, n, bias=False)  # C
        self.output = DeepOutput(n, m, n, config.maxout, target_words, rank=m)  # O_h, O_y, O_c, G_l G_r
        for name, weight in self.named_parameters():
            if weight.dim() == 1:
                nn.init.zeros_(weight)
            elif not name.endswith("recurrent"):
                nn.init.normal_(weight, std=config.init_std)

    def encode(self, source: Tensor, lengths: Tensor) -> Tensor:
        """c = tanh(V h_T) ``[B, n]`` of phrases ``[S, B]`` that end in ``</s>`` (equations 5-8)."""
        words = self.source_embedding(source)
        mask = sequence_mask(lengths, len(source))
        h = words.new_zeros(source.shape[1], self.summary.in_features)
        return torch.tanh(self.summary(self.encoder(words, h, mask=mask)[-1]))  # padding leaves h as it was

    def begin(self, c: Tensor) -> Tensor:
        """h'_0 = tanh(V' c) ``[B, n]``."""
        return torch.tanh(self.initial(c))

    def context(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """What c adds at every step: to the gates and, inside what is reset, to the new state.

        The reset gate multiplies U' h' + C c together (appendix A): C c is not added from outside.
        """
        gates = self.to_gates(c)
        return torch.cat([gates, gates.new_zeros(len(c), self.initial.out_features)], 1), self.to_new(c)

    def embed(self, words: Tensor) -> Tensor:
        """e(y), zero for y_0 ``[..., m]``."""
        return self.target_embedding(words.clamp(min=0)) * (words >= 0).unsqueeze(-1)

    def forward(self, batch: Batch) -> Tensor:
        """-log p(y | x) of each pair ``[B]`` in nats, the ``</s>`` of the target included."""
        target, mask = batch.target, sequence_mask(batch.target_lengths, len(batch.target))
        c = self.encode(batch.source, batch.source_lengths)
        words, h = self.embed(shifted(target, START)), self.begin(c)
        if self.gated:
            gates, inner = self.context(c)
            states = self.decoder(words, h, context=gates, inner=inner)
        else:
            states = self.decoder(words, h, context=self.to_new(c))
        logits = self.output(states[mask], words[mask], c.expand(len(target), -1, -1)[mask])
        return nats_per_sentence(logits, target, mask)

    def step(self, before: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of the word after ``before`` ``[N]`` (first: :data:`START`) ``[N, V]``, and the next h'."""
        words = self.embed(before)
        x = self.decoder.input(words)
        if self.gated:
            gates, inner = self.context(c)
            h = self.decoder.step(x + gates, h, inner)
        else:
            h = self.decoder.step(x + self.to_new(c), h)
        return self.output(h, words, c).log_softmax(-1), h
