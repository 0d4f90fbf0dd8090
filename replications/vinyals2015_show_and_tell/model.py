"""The network of Vinyals et al. 2015, section 3: an LSTM that is shown a picture and then writes.

Notation of the paper: I the picture, S = (S_0, ..., S_N) the caption with its start and stop words, W_e the embedding
of words, m the LSTM's output, p_{t+1} the distribution of the next word.
"""

import torch
from torch import Tensor, nn

from replications.vinyals2015_show_and_tell.config import Config


class ShowAndTell(nn.Module):
    """Equations 10 to 12::

        x_{-1}  = CNN(I)
        x_t     = W_e S_t          t = 0 ... N - 1
        p_{t+1} = LSTM(x_t)        t = 0 ... N - 1

    CNN(I) is a linear map of an encoder's features to the size of a word's embedding; what the LSTM says at t = -1 is
    not scored. With ``image="every_step"``, the paper's contrast, there is no step -1: the picture is an extra input
    beside the word at every step.

    The LSTM is the usual one, m_t = o_t tanh(c_t); the paper prints m_t = o_t c_t.

    Args:
        words: V, the words that can be written, the stop word among them. The start word is only read.
        features: D of the encoder.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config, words: int, features: int):
        super().__init__()
        self.once = config.image == "once"
        self.start = words
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.image = nn.Linear(features, config.embedding)
        self.embedding = nn.Embedding(words + 1, config.embedding)
        self.lstm = nn.LSTM(config.embedding * (1 if self.once else 2), config.hidden)
        self.output = nn.Linear(config.hidden, words)
        self.dropout = nn.Dropout(config.dropout)
        for weight in self.parameters():
            nn.init.uniform_(weight, -config.init_range, config.init_range)

    def standardise(self, features: Tensor) -> None:
        """Lets every feature of the training pictures ``[N, D]`` have mean 0 and deviation 1 before it is mapped."""
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0).clamp_min(1e-3))

    def look(self, features: Tensor) -> Tensor:
        """CNN(I): features ``[B, D]`` to what the LSTM is shown ``[B, E]``."""
        return self.dropout(self.image((features - self.mean) / self.std))

    def forward(self, features: Tensor, words: Tensor) -> Tensor:
        """m_t behind the start word and each word but the last ``[T, B, H]``.

        Args:
            features: of the pictures ``[B, D]``.
            words: S_1 ... S_N ``[T, B]``, stop words and padding included.
        """
        picture = self.look(features)
        start = torch.full_like(words[:1], self.start)
        read = self.dropout(self.embedding(torch.cat([start, words[:-1]])))
        if self.once:
            m = self.lstm(torch.cat([picture.unsqueeze(0), read]))[0][1:]
        else:
            m = self.lstm(torch.cat([read, picture.expand(len(read), -1, -1)], 2))[0]
        return self.dropout(m)

    def initial(self, features: Tensor) -> tuple[Tensor, ...]:
        """The state before the start word: m and c ``[B, H]``, and the picture ``[B, E]`` where it is shown again."""
        picture = self.look(features)
        if not self.once:
            empty = picture.new_zeros(len(picture), self.lstm.hidden_size)
            return empty, empty, picture
        _, (m, c) = self.lstm(picture.unsqueeze(0))
        return m[0], c[0]

    def step(self, words: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """log p_{t+1} ``[B, V]`` after the words S_t ``[B]``, and the next state."""
        m, c, *picture = state
        read = torch.cat([self.embedding(words), *picture], 1)
        _, (m, c) = self.lstm(read.unsqueeze(0), (m.unsqueeze(0), c.unsqueeze(0)))
        return self.output(m[0]).log_softmax(1), (m[0], c[0], *picture)
