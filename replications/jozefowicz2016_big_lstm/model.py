"""The networks of the paper: words or their characters in, LSTM-N-P, words or their characters out.

Notation of the paper: LSTM-N-P has N cells and P projection units, h is the last layer's projection, e_w the vector of
word w in the softmax, z_w = h . e_w its logit.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from common.cells.lstm_projected import ProjectedLSTM
from common.layers.table import Table, scale_gradient
from common.output.cnn import CNNSoftmax
from common.output.sampled import SampledOutput, SampledSoftmax
from common.text.characters import BEGIN, END, FIRST, PAD, SYMBOLS, CharacterCNN, CharacterInputs
from replications.jozefowicz2016_big_lstm.config import Config

State = tuple[Tensor, ...]  # r [B, P] and c [B, N] of the first layer, of the second, ...


def character_cnn(config: Config) -> CharacterCNN:
    """CNN(chars) of sections 3.2 and 3.3, a vector of size P per word."""
    return CharacterCNN(config.filters, config.character_embedding, config.highways, config.projection)


def output_layer(config: Config, spelling: Tensor) -> SampledOutput:
    """The softmax: e_w of its own for each word, or CNN(chars_w), or CNN(chars_w) + M corr_w."""
    if config.output == "cnn":
        return CNNSoftmax(spelling, character_cnn(config), config.correction, config.samples, config.loss)
    return SampledSoftmax(config.projection, len(spelling), config.samples, config.loss)


class LSTMLanguageModel(nn.Module):
    """Inputs, dropout, then for each layer LSTM-N-P and dropout, then the softmax (sections 3 and 4; figure 1).

    Args:
        spelling: the characters of each word ``[V, L]``.
    """

    def __init__(self, config: Config, spelling: Tensor):
        super().__init__()
        self.embedding_scale = config.embedding_scale
        if config.inputs == "characters":
            self.inputs = CharacterInputs(spelling, character_cnn(config))
        else:
            self.inputs = Table(len(spelling), config.projection)
            nn.init.normal_(self.inputs.weight, std=config.projection**-0.5)
        self.layers = nn.ModuleList(
            ProjectedLSTM(config.projection, config.cells, config.projection) for _ in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = output_layer(config, spelling)

    def initial(self, batch: int) -> State:
        """Zeros; see :data:`State`."""
        return tuple(part for layer in self.layers for part in layer.initial(batch))

    def forward(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """Words ``[T, B]`` to h ``[T, B, P]``, and the state after them."""
        x = self.inputs(words.flatten()).view(*words.shape, -1)
        if isinstance(self.inputs, Table):
            x = scale_gradient(x, self.embedding_scale)
        after: list[Tensor] = []
        for layer, before in zip(self.layers, zip(state[::2], state[1::2], strict=True), strict=True):
            x, carried = layer(self.dropout(x), before)
            after += carried
        return self.dropout(x), tuple(part.detach() for part in after)


class CharacterLSTM(nn.Module):
    """P(w | h) = prod_i P(c_i | c_<i, h): a small LSTM spells the next word, given h of the large one (section 3.4).

    Nothing keeps it to the words of the vocabulary, so its probabilities of them sum to less than one.
    """

    def __init__(self, config: Config, spelling: Tensor):
        super().__init__()
        self.register_buffer("spelling", spelling, persistent=False)
        self.embedding = nn.Embedding(SYMBOLS, config.character_embedding)
        self.lstm = nn.LSTM(config.character_embedding + config.projection, config.character_cells)
        self.linear = nn.Linear(config.character_cells, SYMBOLS)

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Negative log-probability (nats) of the spelling of words ``[N]`` given h ``[N, P]``: ``[N]``."""
        spelling = self.spelling[targets].long()
        lengths = (spelling != PAD).sum(1) - 1  # every symbol but the begin mark is predicted
        lengths, order = lengths.sort(descending=True)
        spelling, hidden = spelling[order, : int(lengths[0]) + 1].t(), hidden[order]
        read, written = spelling[:-1], spelling[1:]
        x = torch.cat([self.embedding(read), hidden.expand(len(read), -1, -1)], 2)
        found, _ = self.lstm(pack_padded_sequence(x, lengths.cpu()))
        symbols = pack_padded_sequence(written, lengths.cpu()).data
        nats = F.cross_entropy(self.linear(found.data).float(), symbols, reduction="none")
        owner = pack_padded_sequence(order.expand(len(read), -1), lengths.cpu()).data
        return nats.new_zeros(len(targets)).index_add_(0, owner, nats)

    @torch.no_grad()
    def write(self, hidden: Tensor, generator: torch.Generator) -> bytes:
        """A word drawn letter by letter for h ``[P]``; it may be one that was never seen."""
        symbol, state, written = torch.tensor([BEGIN]), None, []
        while len(written) < self.spelling.shape[1]:
            x = torch.cat([self.embedding(symbol), hidden.unsqueeze(0)], 1).unsqueeze(0)
            found, state = self.lstm(x, state)
            symbol = torch.multinomial(self.linear(found[0]).softmax(1)[0], 1, generator=generator)
            if symbol.item() == END:
                break
            written.append(symbol.item())
        return bytes(symbol - FIRST for symbol in written if symbol >= FIRST)
