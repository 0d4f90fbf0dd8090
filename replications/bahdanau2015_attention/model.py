"""RNNsearch and RNNencdec (Bahdanau et al. 2015, section 3 and appendix A).

Notation of the paper: x_j source words, E x_j their embeddings, a_j annotations (printed h_j), y_i target words,
s_i the decoder's state, c_i the context, alpha_ij the weight of source word j for target word i.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cells.gru import GRU
from common.data.parallel.buckets import Batch
from common.layers.attention import AdditiveAttention, Memory
from common.layers.encoder_decoder import DeepOutput, nats_per_sentence, sequence_mask, shifted
from common.search.beam import State, Step
from replications.bahdanau2015_attention.config import Config


class Encoder(nn.Module):
    """Annotations of the source (A.2.1): a_j = [h_fwd_j ; h_bwd_j] for RNNsearch, h_fwd_j for RNNencdec.

    Gated units whose update gate takes the new state: h_j = (1 - z_j) * h_{j-1} + z_j * g_j.
    """

    def __init__(self, config: Config, vocabulary: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, config.embedding)  # E, shared by both directions
        self.forwards = GRU(config.embedding, config.hidden, update="new")
        self.backwards = GRU(config.embedding, config.hidden, update="new") if config.model == "search" else None
        self.dropout = nn.Dropout(config.dropout)
        self.size = config.hidden * (2 if self.backwards else 1)

    def forward(self, source: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """From words and mask ``[S, B]``: annotations ``[S, B, A]`` and the state that s_0 comes from ``[B, n]``.

        That is h_bwd_1 with attention, and h_fwd_S, which has read the sentence, without.
        """
        words = self.dropout(self.embedding(source))
        forwards = self.forwards(words, mask=mask)
        if self.backwards is None:
            return self.dropout(forwards), forwards[-1]  # at padding the state stays as it was at the last word
        backwards = self.backwards(words, mask=mask, backward=True)
        return self.dropout(torch.cat([forwards, backwards], 2)), backwards[0]


class LastAnnotation(nn.Module):
    """RNNencdec (A.2.2): c_i = h_fwd_S for all i. It stands in the place of attention."""

    def memory(self, annotations: Tensor, mask: Tensor) -> Tensor:
        """From annotations ``[S, B, A]`` to c ``[B, A]``."""
        return annotations[mask.sum(0) - 1, torch.arange(annotations.shape[1], device=mask.device)]

    def forward(self, state: Tensor, memory: Tensor) -> tuple[Tensor, None]:
        """c once per hypothesis ``[N, A]``, whatever the state ``[N, n]``; there are no weights."""
        return memory.repeat_interleave(len(state) // len(memory), 0), None


class Decoded(NamedTuple):
    """What the output layer reads at each target word, and where the decoder looked."""

    states: Tensor  # s_{i-1}, [T, B, n]
    words: Tensor  # E y_{i-1}, [T, B, m]
    contexts: Tensor  # c_i, [T, B, A]
    weights: Tensor | None  # alpha_ij, [T, B, S]; RNNencdec has none


class EncoderDecoder(nn.Module):
    """p(y | x) of RNNsearch or RNNencdec, for vocabularies of given sizes; ``end`` is the target's ``</s>``.

    Initial weights as in B.1: recurrent matrices orthogonal, W_a and U_a from N(0, alignment_std^2), v_a and biases
    0, all others from N(0, init_std^2).
    """

    def __init__(self, config: Config, source_size: int, target_size: int, end: int):
        super().__init__()
        self.end = end
        self.encoder = Encoder(config, source_size)
        self.attention = (
            AdditiveAttention(config.hidden, self.encoder.size, config.alignment, config.alignment_std)
            if config.model == "search"
            else LastAnnotation()
        )
        self.embedding = nn.Embedding(target_size, config.embedding)
        self.initial = nn.Linear(config.hidden, config.hidden)  # W_s
        self.context = nn.Linear(self.encoder.size, 3 * config.hidden, bias=False)  # C_r, C_z, C
        self.decoder = GRU(config.embedding, config.hidden, update="new")
        self.output = DeepOutput(
            config.hidden, config.embedding, self.encoder.size, config.maxout, target_size, dropout=config.dropout
        )
        self.dropout = nn.Dropout(config.dropout)
        for name, weight in self.named_parameters():
            if weight.dim() > 1 and not name.startswith("attention") and not name.endswith("recurrent"):
                nn.init.normal_(weight, std=config.init_std)
        nn.init.zeros_(self.initial.bias)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Memory | Tensor]:
        """From words ``[S, B]`` and lengths ``[B]``: s_0 = tanh(W_s h) ``[B, n]``, and what the decoder looks at."""
        mask = sequence_mask(lengths, len(source))
        annotations, state = self.encoder(source, mask)
        with torch.autocast(annotations.device.type, enabled=False):  # rounding errors would accumulate over time
            return torch.tanh(self.initial(state)), self.attention.memory(annotations, mask)

    def decode(self, before: Tensor, state: Tensor, memory: Memory | Tensor) -> Decoded:
        """The decoder that reads the words ``before`` ``[T, B]`` each target word, from s_0 ``[B, n]`` on (A.2.2).

        At word i: c_i from s_{i-1}; the output layer reads s_{i-1}, E y_{i-1}, c_i; then the gated unit, with C c_i
        added to all its net inputs, makes s_i.
        """
        words = self.dropout(self.embedding(before))
        if isinstance(self.attention, LastAnnotation):  # c is the same at every step: one scan
            following = self.decoder(words[:-1], state, context=self.context(memory))
            states = torch.cat([state.unsqueeze(0), following])
            return Decoded(states, words, memory.expand(len(words), -1, -1), None)
        inputs = self.decoder.input(words[:-1]).to(state.dtype)
        with torch.autocast(state.device.type, enabled=False):  # as in encode
            states, looks = [state], [self.attention(state, memory)]
            for x in inputs:
                states.append(self.decoder.step(x + self.context(looks[-1][0]), states[-1]))
                looks.append(self.attention(states[-1], memory))
        contexts, weights = (torch.stack(part) for part in zip(*looks, strict=True))
        return Decoded(torch.stack(states), words, contexts, weights)

    def forward(self, batch: Batch) -> Tensor:
        """-log p(y | x) of each sentence pair ``[B]``, in nats, its ``</s>`` included."""
        mask = sequence_mask(batch.target_lengths, len(batch.target))
        decoded = self.decode(shifted(batch.target, self.end), *self.encode(batch.source, batch.source_lengths))
        logits = self.output(decoded.states[mask], decoded.words[mask], decoded.contexts[mask])
        return nats_per_sentence(logits, batch.target, mask)

    def begin(self, source: Tensor, lengths: Tensor) -> tuple[Step, State]:
        """A beam search's step and first state for words ``[S, B]``, lengths ``[B]``.

        What the annotations add to the gated unit and to the output layer is C c_i = sum_j alpha_ij C a_j: the products
        are made here, once per source word, not for each hypothesis and step.
        """
        state, memory = self.encode(source, lengths)
        into = torch.cat([self.context.weight, self.output.context.weight])
        prepared = (
            memory._replace(annotations=F.linear(memory.annotations, into))
            if isinstance(memory, Memory)
            else F.linear(memory, into)
        )

        def step(words: Tensor, state: State) -> tuple[Tensor, State]:
            log_p, following = self.step(words, *state, prepared)
            return log_p, (following,)

        return step, (state,)

    def step(self, words: Tensor, state: Tensor, prepared: Memory | Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of the word after ``words`` ``[N]`` in state s ``[N, n]``, ``[N, V]``, and the next s."""
        into_unit, into_output = self.attention(state, prepared)[0].split(
            [self.context.out_features, self.output.context.out_features], 1
        )
        embedded = self.embedding(words)
        log_p = self.output.added(state, embedded, into_output).log_softmax(-1)
        return log_p, self.decoder.step(self.decoder.input(embedded) + into_unit, state)
