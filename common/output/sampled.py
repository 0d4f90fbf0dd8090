"""Losses over a sample of the vocabulary: importance sampling and noise-contrastive estimation.

Jozefowicz et al. (2016), section 3.1. Both see the target and k words drawn from a log-uniform distribution (Zipf's
law, for words sorted by falling frequency), shared by all tokens of a batch, and both correct each logit by the
logarithm of how often the word is expected in such a sample. NCE (Gutmann and Hyvarinen 2010; Mnih and Teh 2012) asks
of each of the k + 1 words by itself whether it is the target; importance sampling (Bengio and Senecal 2003; Jean et
al. 2015) asks which one is, one softmax over k + 1 words.
"""

import math
from abc import ABC, abstractmethod
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributed._functional_collectives import all_gather_tensor
from torch.nn import functional as F

from common.errors import UserError
from common.layers.table import Table

Loss = Literal["importance", "nce"]


def at_least_single(logits: Tensor) -> Tensor:
    """Logits in single precision if they come in half: what is exponentiated must not be rounded."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


class Draw(NamedTuple):
    """A sample of different words ``[k]`` and how many draws it took to find so many."""

    words: Tensor
    tries: int


def log_uniform(words: int, device=None) -> Tensor:
    """P(w) = log((w + 2) / (w + 1)) / log(V + 1), ``[V]`` in float64; the most frequent word is 0."""
    edges = torch.arange(1, words + 2, dtype=torch.float64, device=device).log()
    return edges.diff() / edges[-1]


def draw(words: int, samples: int, generator: torch.Generator) -> Draw:
    """Log-uniform draws until ``samples`` different words were seen, in the order of their first appearance.

    Raises:
        UserError: more samples than words.
    """
    if samples > words:
        raise UserError(f"{samples} samples of {words} words: choose at most {words}, or null for the full softmax")
    top = torch.log(torch.tensor(words + 1, dtype=torch.float64))
    seen = torch.empty(0, dtype=torch.long)
    while True:
        uniform = torch.rand(2 * samples, generator=generator, dtype=torch.float64)
        # where a draw is 1 up to rounding, its word would be V
        seen = torch.cat([seen, torch.exp(uniform * top).long().sub_(1).clamp_(max=words - 1)])
        found, inverse = torch.unique(seen, return_inverse=True)
        if len(found) >= samples:
            first = torch.full((len(found),), len(seen)).scatter_reduce(0, inverse, torch.arange(len(seen)), "amin")
            order = first.sort().values[:samples]
            return Draw(seen[order], int(order[-1]) + 1)


def log_expected_count(words: Tensor, vocabulary: int, tries: int) -> Tensor:
    """log(1 - (1 - P(w))^tries): how often each of ``words`` is in a sample of different ones, ``tries`` draws long."""
    w = words.double()
    p = torch.log1p(1 / (w + 1)) / torch.log(torch.tensor(vocabulary + 1.0, dtype=torch.float64))
    return torch.log(-torch.expm1(tries * torch.log1p(-p))).float()


def importance_loss(target: Tensor, sampled: Tensor, hits: Tensor) -> Tensor:
    """-log softmax of the target among itself and the sample, nats ``[N]``.

    Args:
        target, sampled: corrected logits ``[N]``, ``[N, k]``.
        hits: where the sampled word is the target ``[N, k]``; it is left out there.
    """
    logits = torch.cat([target.unsqueeze(1), sampled.masked_fill(hits, float("-inf"))], 1)
    return F.cross_entropy(logits, target.new_zeros(len(target), dtype=torch.long), reduction="none")


def nce_loss(target: Tensor, sampled: Tensor, hits: Tensor) -> Tensor:
    """-log sigmoid(target) - sum log sigmoid(-sampled), nats ``[N]``; arguments as of :func:`importance_loss`."""
    return F.softplus(-target) + F.softplus(sampled).masked_fill(hits, 0.0).sum(1)


LOSSES = {"importance": importance_loss, "nce": nce_loss}


class SampledOutput(nn.Module, ABC):
    """z_w = h . e_w + b_w, trained on samples and evaluated in full, wherever the vectors e_w and biases b_w come from.

    Args:
        words: V.
        samples: k words per batch; None trains with the full softmax.
        loss: ``importance`` or ``nce``.
    """

    def __init__(self, words: int, samples: int | None, loss: Loss = "importance"):
        super().__init__()
        self.words, self.samples, self.loss = words, samples, LOSSES[loss]

    @abstractmethod
    def vectors(self, words: Tensor, shared: bool = False) -> tuple[Tensor, Tensor | float]:
        """(vectors ``[n, P]``, biases ``[n]``) of words ``[n]``; ``shared``: see :class:`common.layers.table.Table`."""

    def vectors_of_both(self, targets: Tensor, sample: Tensor) -> tuple[tuple, tuple]:
        """:meth:`vectors` of targets ``[N]`` and of a sample ``[k]`` that all processes share."""
        return self.vectors(targets), self.vectors(sample, shared=True)

    @abstractmethod
    def matrix(self) -> tuple[Tensor, Tensor | float]:
        """(vectors ``[V, P]``, biases ``[V]``) of all words, for evaluation; of a sharded table, a part."""

    def training_loss(self, hidden: Tensor, targets: Tensor, generator: torch.Generator | None) -> Tensor:
        """Nats ``[N]`` (of a sampled loss, not those of the model) for hidden ``[N, P]`` and targets ``[N]``.

        ``generator`` (on the CPU) draws the sample; processes that train together draw the same one.
        """
        if self.samples is None:
            return self(hidden, targets)
        words, tries = draw(self.words, self.samples, generator)
        words = words.to(hidden.device)
        (vectors, biases), (sampled, sampled_biases) = self.vectors_of_both(targets, words)
        own = at_least_single((hidden * vectors).sum(1)) + biases - log_expected_count(targets, self.words, tries)
        others = at_least_single(F.linear(hidden, sampled)) + (
            sampled_biases - log_expected_count(words, self.words, tries)
        )
        return self.loss(own, others, words == targets.unsqueeze(1))

    def forward(self, hidden: Tensor, targets: Tensor, matrix: tuple | None = None) -> Tensor:
        """Negative log-probability (nats) of targets ``[N]`` given hidden ``[N, P]``: ``[N]``, by the full softmax.

        ``matrix``: what :meth:`matrix` gave, to save computing it for every batch.
        """
        vectors, biases = self.matrix() if matrix is None else matrix
        return F.cross_entropy(at_least_single(F.linear(hidden, vectors)) + biases, targets, reduction="none")

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Log-probabilities of all words, ``[N, P]`` -> ``[N, V]``; not of a sharded vocabulary."""
        vectors, biases = self.matrix()
        return F.log_softmax(F.linear(hidden, vectors) + biases, dim=1)


class SampledSoftmax(SampledOutput):
    """A vector and a bias of its own for each word; h has size ``width`` (P)."""

    def __init__(self, width: int, words: int, samples: int | None, loss: Loss = "importance"):
        super().__init__(words, samples, loss)
        self.table, self.bias = Table(words, width), Table(words, 1)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        nn.init.constant_(self.bias.weight, -math.log(words))  # NCE takes exp(z) for a probability, unnormalised

    def vectors(self, words: Tensor, shared: bool = False) -> tuple[Tensor, Tensor]:
        return self.table(words, shared), self.bias(words, shared).squeeze(1)

    def matrix(self) -> tuple[Tensor, Tensor]:
        return self.table.local(), self.bias.local().squeeze(1)

    def training_loss(self, hidden: Tensor, targets: Tensor, generator: torch.Generator | None) -> Tensor:
        if self.samples is None and self.table.mesh is not None:
            raise UserError("the full softmax is trained on one device only; set samples, or use --devices 1")
        return super().training_loss(hidden, targets, generator)

    def forward(self, hidden: Tensor, targets: Tensor, matrix: tuple | None = None) -> Tensor:
        """As of the base class. Of a sharded vocabulary, all processes evaluate the same tokens together."""
        if self.table.mesh is None:
            return super().forward(hidden, targets, matrix)
        vectors, biases = self.matrix() if matrix is None else matrix
        part = (at_least_single(F.linear(hidden, vectors)) + biases).logsumexp(1)
        total = all_gather_tensor(part.unsqueeze(0), 0, self.table.mesh).logsumexp(0)
        vectors, biases = self.vectors(targets, shared=True)
        return total - (hidden * vectors).sum(1) - biases
