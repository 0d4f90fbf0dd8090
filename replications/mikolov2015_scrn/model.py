"""The networks of the tables: SRN, SCRN, LSTM, each between a table of the words and one output layer.

    y_t = softmax(U h_t + V s_t)

Without biases, but for the LSTM's, which begin at 0. The state carries the words that a later error may still reach.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from common.cells.lstm_of_symbols import SymbolLSTM
from common.cells.scrn import SCRN
from common.output.class_factorised import ClassFactorised
from common.output.full import FullSoftmax
from replications.mikolov2015_scrn.config import Config


class Network(nn.Module):
    """Weights from N(0, init_std), those of the output 0 (released code): its first gradient moves nothing else."""

    def __init__(self, config: Config, counts: np.ndarray):
        super().__init__()
        symbols, normal = len(counts), partial(nn.init.normal_, std=config.init_std)
        self.remembers = config.window - config.block
        self.is_lstm = config.model == "lstm"
        if self.is_lstm:
            self.cell: nn.Module = SymbolLSTM(symbols, config.hidden, config.error_norm)
            normal(self.cell.input.weight)
            normal(self.cell.recurrent)
        else:
            options = {"alpha": config.alpha, "learned": config.learned, "sees": config.sees}
            self.cell = SCRN(symbols, config.hidden, config.context, **options, most=config.error_norm, init=normal)
        width = config.hidden + config.context
        if config.classes is None or config.classes >= symbols:
            self.output: nn.Module = FullSoftmax(width, symbols, bias=self.is_lstm)
        else:
            self.output = ClassFactorised(width, counts, config.classes)
        for weight in self.output.parameters():
            nn.init.zeros_(weight)

    def initial(self, batch: int) -> tuple[Tensor, ...]:
        """The state before the first word: the cell's, and no words ``[0, B]``."""
        state = self.cell.initial(batch)
        return *state, torch.empty(0, batch, dtype=torch.long, device=state[0].device)

    def forward(self, words: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Words ``[T, B]`` to what the output layer reads ``[T, B, H + C]``, and the state after them."""
        *before, remembered = state
        unfolded = torch.cat([remembered, words])
        found = self.cell(unfolded, before)
        read = max(len(unfolded) - self.remembers, 0)  # from here on, words are remembered
        if read:
            before = [part[read - 1].detach() for part in found]
        seen = found[0] if self.is_lstm else torch.cat(found, 2)
        return seen[len(remembered) :], (*before, unfolded[read:])
