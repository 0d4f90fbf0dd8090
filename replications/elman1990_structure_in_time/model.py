"""Elman's and Jordan's networks, one step at a time.

    h_t = f(W x_t + U c_t + b)      y_t = f(V h_t + d)      f(a) = 1 / (1 + exp(-a))

    Elman     c_{t+1} = h_t                                  c_1 = 0.5
    Jordan    c_{t+1} = decay c_t + y_t (or the target)      c_1 = 0

The context c is an input like any other: no error goes back through it.
"""

import torch
from torch import Tensor, nn

from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.data import CODES


class Network(nn.Module):
    """Weights and biases begin at U(-init_range, init_range)."""

    def __init__(self, config: Config, seed: int = 1):
        super().__init__()
        size = len(next(iter(CODES[config.corpus].values())))  # K
        self.context, self.decay = config.context, config.decay
        self.states = size if self.context.startswith("jordan") else config.hidden
        self.hidden = nn.Linear(size + self.states, config.hidden, dtype=torch.float64)  # W U b
        self.output = nn.Linear(config.hidden, size, dtype=torch.float64)  # V d
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for weight in self.parameters():
                nn.init.uniform_(weight, -config.init_range, config.init_range)

    def first_context(self) -> Tensor:
        """c_1 ``[C]``."""
        return torch.full((self.states,), 0.0 if self.context.startswith("jordan") else 0.5, dtype=torch.float64)

    def forward(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs ``[N, K]`` and hidden units ``[N, H]`` of inputs ``[N, K]``.

        A Jordan network that learns by the targets ``[N, K]`` is fed them; no other sees them.
        """
        context, hidden = self.first_context(), []
        entering, recurrent = self.hidden.weight.split([inputs.shape[1], self.states], 1)
        for net, target in zip(torch.addmm(self.hidden.bias, inputs, entering.t()), targets, strict=True):
            hidden.append(torch.sigmoid(torch.addmv(net, recurrent, context)))
            if self.context == "elman":
                context = hidden[-1].detach()
            elif self.context != "frozen":
                fed = target if self.context == "jordan_targets" else torch.sigmoid(self.output(hidden[-1]))
                context = self.decay * context + fed.detach()
        hidden = torch.stack(hidden)
        return torch.sigmoid(self.output(hidden)), hidden
