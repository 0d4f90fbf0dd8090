"""The network of Graves et al. (2006), section 5.2: a bidirectional LSTM under a softmax."""

import torch
from torch import Tensor, nn

from common.cells.blstm import BLSTM
from replications.graves2006_ctc.config import Config


class Network(nn.Module):
    """Features to the log-probabilities of K outputs: with CTC the labels and the blank, in a hybrid the labels.

    ``layers`` bidirectional layers, each reading both directions of the one below (Graves and Jaitly 2014 have five).
    Gaussian noise of standard deviation ``noise`` on the inputs while training is the only regulariser.
    """

    def __init__(self, config: Config, inputs: int, outputs: int):
        super().__init__()
        widths = [inputs] + [2 * config.hidden] * (config.layers - 1)
        self.layers = nn.ModuleList(BLSTM(width, config.hidden, config.init_range) for width in widths)
        self.output = nn.Linear(2 * config.hidden, outputs)
        for weight in self.output.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)
        self.noise = config.noise

    def activations(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Features ``[T, B, I]``, lengths ``[B]`` to what enters the softmax ``[T, B, K]``."""
        if self.training and self.noise:
            x = x + self.noise * torch.randn_like(x)
        for layer in self.layers:
            x = layer(x, lengths)
        return self.output(x)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Log-probabilities ln y ``[T, B, K]``."""
        return self.activations(x, lengths).log_softmax(2)
