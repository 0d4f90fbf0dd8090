"""The network of Sutskever et al. (2014), section 2 and 3.4: two stacks of LSTMs and a vector between them.

The first stack reads the source sentence, one word at a time, and is left with a state; that state is all that the
second stack knows of the sentence when it writes the translation, one word at a time, until it writes </s>.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from common.data.parallel.buckets import Batch
from common.layers.encoder_decoder import nats_per_sentence, reversed_words, sequence_mask, shifted
from replications.sutskever2014_seq2seq.config import Config

State = tuple[Tensor, Tensor]  # h and c of all layers, each [L, B, H]


class Seq2Seq(nn.Module):
    """p(y_1 .. y_T' | x_1 .. x_T) = prod_t p(y_t | v, y_1 .. y_t-1), v the encoder's last state: equation 1.

    The LSTM has no peepholes; the paper refers to Graves (2013) and does not say. All weights start from
    U(-init_range, init_range), biases included (section 3.4).

    Args:
        source_words, target_words: sizes of the vocabularies.
        end: ``</s>`` of the target, which the decoder reads first.
    """

    def __init__(self, config: Config, source_words: int, target_words: int, end: int):
        super().__init__()
        self.end, self.reverse_source = end, config.reverse_source
        self.source_embedding = nn.Embedding(source_words, config.embedding)
        self.target_embedding = nn.Embedding(target_words, config.embedding)
        stack = dict(num_layers=config.layers, dropout=config.dropout if config.layers > 1 else 0.0)
        self.encoder = nn.LSTM(config.embedding, config.hidden, **stack)
        self.decoder = nn.LSTM(config.embedding, config.hidden, **stack)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden, target_words)
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)

    def encode(self, source: Tensor, lengths: Tensor) -> State:
        """Sentences ``[S, B]`` that end in ``</s>``, padded behind it, and their lengths to v, ``[L, B, H]`` twice.

        Reversed (section 3.3), "a b c </s>" is read as "c b a </s>": the first source word then stands close to the
        first target word. Padding is never read.
        """
        if self.reverse_source:
            source = reversed_words(source, lengths - 1)
        packed = pack_padded_sequence(self.source_embedding(source), lengths.cpu(), enforce_sorted=False)
        return self.encoder(packed)[1]

    def decode(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """From the words before ``[T, B]`` and the state to what the output layer reads ``[T, B, H]``."""
        hidden, state = self.decoder(self.target_embedding(words), state)
        return self.dropout(hidden), state

    def forward(self, batch: Batch) -> Tensor:
        """-log p(T | S) of each sentence pair ``[B]``, in nats, its ``</s>`` included."""
        mask = sequence_mask(batch.target_lengths, len(batch.target))
        hidden, _ = self.decode(shifted(batch.target, self.end), self.encode(batch.source, batch.source_lengths))
        return nats_per_sentence(self.output(hidden[mask]), batch.target, mask)


def sentence_vector(state: State) -> Tensor:
    """All that the decoder starts from, ``[B, 2 L H]``: 8000 numbers in the paper."""
    return torch.cat([part.transpose(0, 1).flatten(1) for part in state], 1)
