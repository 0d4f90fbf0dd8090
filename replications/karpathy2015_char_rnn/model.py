"""Layers of LSTM, tanh units or GRUs over one-hot characters; all weights from U(-init_range, init_range).

    tanh  h = tanh(W_x x + W_h h' + b)
    LSTM  i f o = f(W_x x + W_h h' + b)   g = tanh(...)   c = f c' + i g   h = o tanh(c)
    GRU   r z = f(W_x x + W_h h' + b)   h~ = tanh(W_x x + W_h (r h') + b)   h = (1 - z) h' + z h~

x of a higher layer is the h below, h' and c' are those of the step before. The first two are torch's; its GRU resets
after the recurrent product, not before.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cells.gates import gru_gates, lstm_gates
from common.cells.gru import GRU
from replications.karpathy2015_char_rnn.config import Config

State = tuple[Tensor, ...]  # h, and with LSTM c, of all layers [L, B, H]


class CharRNN(nn.Module):
    def __init__(self, config: Config, symbols: int):
        super().__init__()
        self.symbols, self.kind = symbols, config.model
        layer = {"lstm": nn.LSTM, "tanh": nn.RNN, "gru": lambda *sizes: GRU(*sizes, update="new")}[config.model]
        sizes = [symbols, *[config.hidden] * (config.layers - 1)]
        self.layers = nn.ModuleList(layer(size, config.hidden) for size in sizes)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden, symbols)
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)

    def initial(self, batch: int) -> State:
        """Zeros."""
        zeros = self.output.weight.new_zeros(len(self.layers), batch, self.output.in_features)
        return (zeros,) * (2 if self.kind == "lstm" else 1)

    def states(self, characters: Tensor, state: State) -> tuple[list[Tensor], State]:
        """Characters ``[T, B]`` to h of each layer ``[T, B, H]``, before dropout, and the state after them."""
        x, found, after = F.one_hot(characters, self.symbols).to(self.output.weight.dtype), [], []
        for number, layer in enumerate(self.layers):
            before = tuple(part[number : number + 1].contiguous() for part in state)
            if self.kind == "lstm":
                h, last = layer(x, before)
            elif self.kind == "tanh":
                h, *last = layer(x, *before)
            else:
                h = layer(x, before[0][0])
                last = (h[-1:],)
            found.append(h)
            after.append(last)
            x = self.dropout(h)
        return found, tuple(torch.cat(parts).detach() for parts in zip(*after, strict=True))

    def forward(self, characters: Tensor, state: State) -> tuple[Tensor, State]:
        """Scores of the next character ``[T, B, V]``, and the state after."""
        found, state = self.states(characters, state)
        return self.output(self.dropout(found[-1])), state

    def inside(self, characters: Tensor, state: State) -> list[dict[str, Tensor]]:
        """What each layer did ``[T, B, H]``, without dropout: ``cell`` (tanh(c) in an LSTM, or h), each gate."""
        x, did = F.one_hot(characters, self.symbols).to(self.output.weight.dtype), []
        for number, (layer, h) in enumerate(zip(self.layers, self.states(characters, state)[0], strict=True)):
            before = torch.cat([state[0][number : number + 1], h[:-1]])
            gates = {"lstm": lambda *at, n=number: lstm_gates(*at, state[1][n]), "gru": gru_gates}.get(self.kind)
            did.append({"cell": h} | (gates(layer, x, before) if gates else {}))
            x = h
        return did
