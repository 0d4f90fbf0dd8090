"""Three units at about as many weights, on piano rolls (sections 2 and 3). sigma is the logistic function::

    tanh    h_t = tanh(W x_t + U h_{t-1})
    LSTM    i_t = sigma(W_i x_t + U_i h_{t-1} + V_i c_{t-1})            V_i, V_f, V_o diagonal
            f_t = sigma(W_f x_t + U_f h_{t-1} + V_f c_{t-1})
            c_t = f_t c_{t-1} + i_t tanh(W_c x_t + U_c h_{t-1})
            o_t = sigma(W_o x_t + U_o h_{t-1} + V_o c_t)                h_t = o_t tanh(c_t)
    GRU     z_t = sigma(W_z x_t + U_z h_{t-1})    r_t = sigma(W_r x_t + U_r h_{t-1})
            h_t = (1 - z_t) h_{t-1} + z_t tanh(W x_t + U (r_t h_{t-1}))

Each has one bias a gate, which is not printed but is in the printed counts. Above it a logistic unit for each note.
"""

import torch
from torch import Tensor, nn

from common.cells.blstm import BLSTM
from common.cells.gru import GRU
from common.data.music.rolls import NOTES
from replications.chung2014_gated_units.config import Config


def layer(unit: str, inputs: int, hidden: int) -> nn.Module:
    """``tanh``, ``gru`` or ``lstm``: ``[T, B, I]`` to ``[T, B, H]`` (of ``nn.RNN``, with what it gives besides)."""
    if unit == "tanh":
        made = nn.RNN(inputs, hidden)
        nn.init.zeros_(made.bias_hh_l0.requires_grad_(False))  # torch's second bias
        return made
    return GRU(inputs, hidden, update="new") if unit == "gru" else BLSTM(inputs, hidden, directions=1)


class Network(nn.Module):
    """All weights begin at U(-init_range, init_range)."""

    def __init__(self, config: Config):
        super().__init__()
        self.layer = layer(config.unit, NOTES, config.hidden)
        self.output = nn.Linear(config.hidden, NOTES)
        for weight in self.parameters():
            if weight.requires_grad:
                nn.init.uniform_(weight, -config.init_range, config.init_range)

    def forward(self, rolls: Tensor) -> Tensor:
        """Rolls ``[T, B, 88]`` to what the next step's notes are worth, as log-odds ``[T, B, 88]``."""
        with torch.autocast(rolls.device.type, enabled=False):  # rounding errors would accumulate over time
            hidden = self.layer(rolls)
            return self.output(hidden[0] if isinstance(hidden, tuple) else hidden)
