"""Words as their characters: spellings, and the convolutional network that reads them.

Kim, Jernite, Sontag and Rush (2016), section 2, as Jozefowicz et al. (2016), use it for inputs and outputs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.errors import UserError

LONGEST = 50  # with both marks; 32 was too short (2016, section 3.2)
PAD, BEGIN, END, FIRST = 0, 1, 2, 3
SYMBOLS = FIRST + 256  # the marks, and every byte of UTF-8


def spell(words: Sequence[str], longest: int = LONGEST) -> Tensor:
    """Each word as a begin mark, the bytes of its UTF-8, an end mark and padding: int16 ``[V, longest]``.

    Raises:
        UserError: a word has more bytes than fit between the marks.
    """
    spelling = torch.zeros(len(words), longest, dtype=torch.int16)
    for row, word in zip(spelling, words, strict=True):
        symbols = [BEGIN, *(FIRST + byte for byte in word.encode()), END]
        if len(symbols) > longest:
            raise UserError(
                f"the word {word!r} has {len(symbols) - 2} bytes; with its begin and end marks it does not "
                f"fit into {longest}: raise longest_word, or leave such words out of the text"
            )
        row[: len(symbols)] = torch.tensor(symbols, dtype=torch.int16)
    return spelling


class CharacterCNN(nn.Module):
    """A word's vector from its characters: convolutions, maximum over positions, highway layers, a linear map.

    Args:
        filters: (width, number) of each kind of filter.
        embedding: size of a character's vector.
        highways: number of highway layers.
        output: size of the word's vector.
    """

    def __init__(self, filters: Sequence[tuple[int, int]], embedding: int, highways: int, output: int):
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, embedding, padding_idx=PAD)
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding, number, width) for width, number in filters)
        features = sum(number for _, number in filters)
        self.highways = nn.ModuleList(Highway(features) for _ in range(highways))
        self.linear = nn.Linear(features, output)
        self.widest = max(width for width, _ in filters)
        widths = [width for width, number in filters for _ in range(number)]
        self.register_buffer("widths", torch.tensor(widths), persistent=False)

    def forward(self, spelling: Tensor) -> Tensor:
        """Spellings ``[n, L]`` (see :func:`spell`) to vectors ``[n, output]``; padding beyond the words is free."""
        vectors = torch.tanh(self.maxima(spelling))
        for highway in self.highways:
            vectors = highway(vectors)
        return self.linear(vectors)

    def maxima(self, spelling: Tensor) -> Tensor:
        """What each filter finds at its best position in each word ``[n, filters]``.

        A filter may look at padding behind a word that is shorter than it, but not start there. All filters are one
        product of matrices with the windows that begin inside a word; words of equal length share a maximum.
        """
        lengths, order = (spelling != PAD).sum(1).sort()
        spelling = F.pad(spelling[order], (0, self.widest - 1))
        places = torch.arange(spelling.shape[1] - self.widest + 1, device=spelling.device)
        windows = spelling.unfold(1, self.widest, 1)[places < lengths.unsqueeze(1)]
        weights = [F.pad(each.weight, (0, self.widest - each.kernel_size[0])) for each in self.convolutions]
        weight = torch.cat(weights).transpose(1, 2).flatten(1)  # [filters, widest * embedding]
        bias = torch.cat([each.bias for each in self.convolutions])
        found = F.linear(self.embedding(windows.long()).flatten(1), weight, bias)
        different, counts = torch.unique_consecutive(lengths, return_counts=True)
        maxima = []
        sizes = list(zip(different.tolist(), counts.tolist(), strict=True))
        for (length, count), part in zip(sizes, found.split([length * count for length, count in sizes]), strict=True):
            last = (length - self.widths).clamp_min(0)
            outside = places[:length].unsqueeze(1) > last
            part = part.view(count, length, -1).masked_fill(outside, float("-inf"))
            maxima.append(part.max(1).values)
        return torch.cat(maxima)[order.argsort()]

    @torch.no_grad()
    def standardise(self, spelling: Tensor) -> None:
        """Rescales the linear map so that the vectors of these words have mean 0 and variance 1 / size, as embeddings.

        Maxima are all positive, so untrained vectors are mostly what all words share, and dropout makes noise of it.
        """
        vectors = self(spelling)
        factor = vectors.shape[1] ** -0.5 / vectors.std(0).mean()
        self.linear.weight *= factor
        self.linear.bias.sub_(vectors.mean(0)).mul_(factor)


class Highway(nn.Module):
    """y = t relu(W x + b) + (1 - t) x with the transform gate t = sigmoid(U x + c): Srivastava et al. (2015).

    The gates start mostly closed, with bias -2.
    """

    def __init__(self, width: int):
        super().__init__()
        self.transform, self.gate = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, -2.0)

    def forward(self, x: Tensor) -> Tensor:
        """``[n, F]`` -> ``[n, F]``."""
        gate = torch.sigmoid(self.gate(x))
        return gate * torch.relu(self.transform(x)) + (1 - gate) * x


class CharacterInputs(nn.Module):
    """Word vectors from spellings; a word that occurs several times in a batch is read once."""

    def __init__(self, spelling: Tensor, cnn: CharacterCNN):
        super().__init__()
        self.register_buffer("spelling", spelling, persistent=False)  # [V, L]
        self.cnn = cnn

    def forward(self, words: Tensor) -> Tensor:
        """Words ``[n]`` to vectors ``[n, E]``."""
        different, where = torch.unique(words, return_inverse=True)
        return self.cnn(self.spelling[different])[where]
