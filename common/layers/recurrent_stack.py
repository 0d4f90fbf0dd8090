"""Recurrent layers, one above the other, and what each of them did.

    tanh  h = tanh(W_x x + W_h h' + b)
    lstm  i f o = f(W_x x + W_h h' + b)   g = tanh(...)   c = f c' + i g   h = o tanh(c)
    gru   r z = f(W_x x + W_h h' + b)   h~ = tanh(W_x x + W_h (r h') + b)   h = (1 - z) h' + z h~

x of a higher layer is the h below, h' and c' are those of the step before. The first two are torch's; its GRU resets
after the recurrent product, not before.
"""

import torch
from torch import Tensor, nn

from common.cells.gates import gru_gates, lstm_gates
from common.cells.gru import GRU

KINDS = {"lstm": nn.LSTM, "tanh": nn.RNN, "gru": lambda *sizes: GRU(*sizes, update="new")}
State = tuple[Tensor, ...]  # h, and with LSTM c, of all layers [L, B, H]


class RecurrentStack(nn.Module):
    """L layers of H units over inputs of size I, with dropout of what each layer gives."""

    def __init__(self, kind: str, inputs: int, hidden: int, layers: int, dropout: float = 0.0):
        super().__init__()
        self.kind, self.hidden = kind, hidden
        self.layers = nn.ModuleList(KINDS[kind](size, hidden) for size in [inputs, *[hidden] * (layers - 1)])
        self.dropout = nn.Dropout(dropout)

    def initial(self, batch: int) -> State:
        """Zeros."""
        zeros = next(self.parameters()).new_zeros(len(self.layers), batch, self.hidden)
        return (zeros,) * (2 if self.kind == "lstm" else 1)

    def forward(self, x: Tensor, state: State) -> tuple[list[Tensor], State]:
        """Inputs ``[T, B, I]`` to h of each layer ``[T, B, H]``, after dropout, and the state after them."""
        found, after = [], []
        for number, layer in enumerate(self.layers):
            before = tuple(part[number : number + 1].contiguous() for part in state)
            if self.kind == "lstm":
                h, last = layer(x, before)
            elif self.kind == "tanh":
                h, *last = layer(x, *before)
            else:
                h = layer(x, before[0][0])
                last = (h[-1:],)
            x = self.dropout(h)
            found.append(x)
            after.append(last)
        return found, tuple(torch.cat(parts).detach() for parts in zip(*after, strict=True))

    def inside(self, x: Tensor, state: State) -> list[dict[str, Tensor]]:
        """What each layer did ``[T, B, H]``: ``cell`` (tanh(c) of an LSTM, or h) and each gate. Not for training."""
        did = []
        for number, (layer, h) in enumerate(zip(self.layers, self(x, state)[0], strict=True)):
            before = torch.cat([state[0][number : number + 1], h[:-1]])
            gates = {"lstm": lambda *at, n=number: lstm_gates(*at, state[1][n]), "gru": gru_gates}.get(self.kind)
            did.append({"cell": h} | (gates(layer, x, before) if gates else {}))
            x = h
        return did
