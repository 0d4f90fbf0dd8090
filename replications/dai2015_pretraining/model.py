"""The networks: an LSTM that reads a review, what it learns before it knows labels, and what it is compared with.

    LM    p(x_t+1 | x_1 .. x_t), over x_1 .. x_T </s>                          a language model
    SA    p(x_t | x_1 .. x_T </s> x_1 .. x_t-1), over x_1 .. x_T </s> again    a sequence autoencoder

Both are one LSTM that says which word comes next: the autoencoder's text comes twice, and only the second time counts,
so that the weights that read are those that write. Embedding and LSTM then are where the classifier begins.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.output.sampled import SampledOutput
from replications.dai2015_pretraining.config import Config

FORGET_BIAS = 1.0  # at first
WIDTHS = (3, 4, 5)  # words that a filter sees (Kim 2014)


def inside(lengths: Tensor, steps: int) -> Tensor:
    """Which of ``steps`` places are within each of the lengths ``[B]``: ``[steps, B]``."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) < lengths


def read_twice(words: Tensor, lengths: Tensor) -> Tensor:
    """Columns ``[T, B]`` of so many words as x x ``[2 T, B]``, the second x right behind the first."""
    place = torch.arange(2 * len(words), device=words.device).unsqueeze(1)
    return words.gather(0, torch.where(place < lengths, place, place - lengths).clamp(0, len(words) - 1))


def next_words(words: Tensor, lengths: Tensor, autoencoder: bool) -> tuple[Tensor, Tensor]:
    """Words ``[T, B]`` to all that is read ``[T', B]``, and which of it but the first is foreseen ``[T' - 1, B]``."""
    first, last = torch.ones_like(lengths), lengths
    if autoencoder:
        words, first, last = read_twice(words, lengths), lengths, 2 * lengths
    return words, (inside(last, len(words)) & ~inside(first, len(words)))[1:]


class Embedded(nn.Module):
    """Word vectors ``[T, B, E]``, with dropout."""

    def __init__(self, config: Config, words: int, size: int):
        super().__init__()
        self.size = size  # of what is made of them
        self.embedding, self.dropout = nn.Embedding(words, config.embedding), nn.Dropout(config.embedding_dropout)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)

    def vectors(self, words: Tensor) -> Tensor:
        return self.dropout(self.embedding(words))


class Reader(Embedded):
    """Embedding and LSTM: all that pretraining hands on."""

    def __init__(self, config: Config, words: int):
        super().__init__(config, words, config.hidden)
        self.lstm = nn.LSTM(config.embedding, config.hidden)
        nn.init.constant_(self.lstm.bias_ih_l0[config.hidden : 2 * config.hidden], FORGET_BIAS)

    def forward(self, words: Tensor) -> Tensor:
        """Words ``[T, B]`` to states ``[T, B, H]``; padding behind a review changes nothing of those before."""
        return self.lstm(self.vectors(words))[0]


class NextWord(SampledOutput):
    """The softmax that is thrown away: on a sample of words while it learns, if one is asked for."""

    def __init__(self, hidden: int, words: int, samples: int | None):
        super().__init__(words, samples)
        self.weight, self.bias = nn.Parameter(torch.empty(words, hidden)), nn.Parameter(torch.zeros(words))
        nn.init.normal_(self.weight, std=hidden**-0.5)

    def vectors(self, words: Tensor, shared: bool = False) -> tuple[Tensor, Tensor]:
        return F.embedding(words, self.weight), self.bias[words]

    def matrix(self) -> tuple[Tensor, Tensor]:
        return self.weight, self.bias


class Average(Embedded):
    """The mean of the word vectors, that of </s> too (Iyyer et al. 2015)."""

    def __init__(self, config: Config, words: int):
        super().__init__(config, words, config.embedding)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Words ``[T, B]`` to ``[B, E]``."""
        return (self.vectors(words) * inside(lengths, len(words)).unsqueeze(2)).sum(0) / lengths.unsqueeze(1)


class Convolution(Embedded):
    """Filters over 3, 4 and 5 words, of each the largest response (Kim 2014)."""

    def __init__(self, config: Config, words: int):
        super().__init__(config, words, len(WIDTHS) * config.hidden)
        self.filters = nn.ModuleList(nn.Conv1d(config.embedding, config.hidden, width) for width in WIDTHS)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Words ``[T, B]`` to ``[B, 3 H]``. A review that is shorter than a filter ends in zeros."""
        x = self.vectors(words) * inside(lengths, len(words)).unsqueeze(2)
        x, found = F.pad(x.permute(1, 2, 0), (0, max(WIDTHS))), []
        for width, filters in zip(WIDTHS, self.filters, strict=True):
            response = F.relu(filters(x))
            within = inside((lengths - width + 1).clamp(min=1), response.shape[2]).t().unsqueeze(1)
            found.append((response * within).amax(2))  # no response is below 0
        return torch.cat(found, 1)


class Classifier(nn.Module):
    """A review's label, from the state after its </s>, or without an LSTM."""

    def __init__(self, config: Config, words: int, labels: int):
        super().__init__()
        self.encoder = {"lstm": Reader, "average": Average, "cnn": Convolution}[config.model](config, words)
        size = config.dense or self.encoder.size
        hidden = [nn.Linear(self.encoder.size, size), nn.ReLU()] if config.dense else []
        self.output = nn.Sequential(*hidden, nn.Dropout(config.dropout), nn.Linear(size, labels))

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Words ``[T, B]`` to scores ``[B, K]``."""
        if not isinstance(self.encoder, Reader):
            return self.output(self.encoder(words, lengths))
        return self.output(self.encoder(words)[lengths - 1, torch.arange(len(lengths), device=words.device)])

    def gain_loss(self, words: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
        """Nats ``[B]`` of the label after every word, in a mean with weights t / T (linear gain)."""
        scores = self.output(self.encoder(words))
        nats = F.cross_entropy(scores.flatten(0, 1), labels.repeat(len(words)), reduction="none").view(words.shape)
        weights = torch.arange(1, len(words) + 1, device=words.device).unsqueeze(1) * inside(lengths, len(words))
        return (nats * weights).sum(0) / weights.sum(0)
