"""A modern LSTM that reads one of V symbols, every gate by a table of its own, so that no input product is left.

    i f o = f(W x + U h' + b)   g = tanh(W x + U h' + b)   c = f c' + i g   h = o tanh(c)

``torch.nn.LSTM`` has no place for the bound on the error at every step back.
"""

from functools import partial

import torch
from torch import Tensor, nn

from common.cells.scrn import rescaled


class SymbolLSTM(nn.Module):
    """One layer of H cells without peepholes; gates in the order i, f, g, o, which is torch's. Biases begin at 0.

    Args:
        most: at every step back the norm of the error of h, over all streams, is at most this.
    """

    def __init__(self, symbols: int, hidden: int, most: float = float("inf")):
        super().__init__()
        self.most = most
        self.input = nn.Embedding(symbols, 4 * hidden, sparse=True)  # W
        self.recurrent = nn.Parameter(torch.empty(4 * hidden, hidden))  # U
        self.bias = nn.Parameter(torch.zeros(4 * hidden))

    def initial(self, batch: int) -> tuple[Tensor, Tensor]:
        """h_0 and c_0 ``[B, H]``: 0.1 in every unit (Mikolov 2015, released code)."""
        return (self.recurrent.new_full((batch, self.recurrent.shape[1]), 0.1),) * 2

    def forward(self, symbols: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Symbols ``[T, B]`` and the state before them to h and c ``[T, B, H]``."""
        (h, c), states = state, []
        for entering in self.input(symbols) + self.bias:
            i, f, g, o = torch.addmm(entering, h, self.recurrent.t()).chunk(4, 1)
            c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
            h = torch.sigmoid(o) * torch.tanh(c)
            if h.requires_grad:
                h.register_hook(partial(rescaled, most=self.most))
            states.append((h, c))
        return tuple(torch.stack(each) for each in zip(*states, strict=True))
