"""The networks: h_t = f(W_xh x_t + W_hh h_{t-1} + b), an answer V h_T + c at the end, h_0 = 0.

    IRNN    f = max(0, .)    W_hh = I at first, so that the state is kept and the rectified input added to it
    ReLU    f = max(0, .)    W_hh from N(0, 1/H)
    tanh    f = tanh         W_hh from N(0, 1/H)
    LSTM    of the same number of units, with four times the recurrent weights

Nothing keeps W_hh at the identity later. Biases begin at 0 (an LSTM's forget gates: ``forget_bias``), all other
weights at N(0, input_std^2). torch's own layers have these equations, but two biases a unit, of which the second is
left at 0 here.
"""

import torch
from torch import Tensor, nn

from replications.le2015_irnn.config import Config


class Network(nn.Module):
    """Sequences in, one answer each."""

    def __init__(self, config: Config, inputs: int, outputs: int):
        super().__init__()
        hidden, lstm = config.hidden, config.cell == "lstm"
        self.cell = nn.LSTM(inputs, hidden) if lstm else nn.RNN(inputs, hidden, nonlinearity=config.cell)
        self.output = nn.Linear(hidden, outputs)
        self.cell.bias_hh_l0.requires_grad_(False)
        for bias in (self.cell.bias_ih_l0, self.cell.bias_hh_l0, self.output.bias):
            nn.init.zeros_(bias)
        for weight in (self.cell.weight_ih_l0, self.output.weight):
            nn.init.normal_(weight, std=config.input_std)
        if config.identity is None:
            nn.init.normal_(self.cell.weight_hh_l0, std=hidden**-0.5)
        else:
            nn.init.eye_(self.cell.weight_hh_l0)
            self.cell.weight_hh_l0.data *= config.identity
        if lstm:
            self.cell.bias_ih_l0.data[hidden : 2 * hidden] = config.forget_bias

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs ``[T, B, I]`` to answers ``[B, K]``."""
        with torch.autocast(inputs.device.type, enabled=False):  # rounding errors would accumulate over time
            return self.output(self.cell(inputs)[0][-1])
