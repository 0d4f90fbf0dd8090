"""The network: one-hot characters, layers of LSTM, tanh units or GRUs, and a softmax."""

from torch import Tensor, nn
from torch.nn import functional as F

from common.layers.recurrent_stack import RecurrentStack, State
from replications.karpathy2015_char_rnn.config import Config


class CharRNN(nn.Module):
    """All weights and biases from U(-init_range, init_range)."""

    def __init__(self, config: Config, symbols: int):
        super().__init__()
        self.stack = RecurrentStack(config.model, symbols, config.hidden, config.layers, config.dropout)
        self.output = nn.Linear(config.hidden, symbols)
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)

    def read(self, characters: Tensor) -> Tensor:
        """Characters ``[T, B]``, each as the unit vector ``[T, B, V]`` that the first layer sees."""
        return F.one_hot(characters, self.output.out_features).to(self.output.weight.dtype)

    def forward(self, characters: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Scores of the next character ``[T, B, V]``, and the state after; it begins with zeros."""
        found, state = self.stack(self.read(characters), state or self.stack.initial(characters.shape[1]))
        return self.output(found[-1]), state
