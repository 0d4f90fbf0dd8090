"""The networks of Mikolov's thesis, chapters 2 and 3: Elman's language model, and Bengio's before it.

Notation of the paper: w(t) the current word, s(t) the hidden state, y(t) the distribution of the next word,
U, W, V the matrices input-hidden, hidden-hidden, hidden-output. All weights start as the RNNLM toolkit starts them.
"""

import numpy as np
import torch
from torch import Tensor, nn

from common.cells.elman import Elman, toolkit_init_
from common.output.class_factorised import ClassFactorised
from common.output.full import FullSoftmax
from common.output.hierarchical import HierarchicalSoftmax, hashed_contexts
from common.output.sampled import SampledOutput
from replications.mikolov2010_rnnlm.config import Config

State = tuple[Tensor, Tensor]  # hidden state before the remembered words [B, H], the remembered words [K, B]


class ImportanceSampledSoftmax(SampledOutput):
    """y = softmax(V s), trained by importance sampling (Bengio and Senecal 2003) and evaluated in full.

    An update sees ``samples`` words, the same for the whole block, besides those that were read.
    """

    def __init__(self, width: int, words: int, samples: int):
        super().__init__(words, samples)
        self.weight = nn.Parameter(torch.empty(words, width))

    def vectors(self, words: Tensor, shared: bool = False) -> tuple[Tensor, float]:
        return self.weight.index_select(0, words), 0.0  # the gradient is not sparse: weights decay at every update

    def vectors_of_both(self, targets: Tensor, sample: Tensor) -> tuple[tuple, tuple]:
        """As of the base class, looked up together: a gradient as large as V once instead of twice."""
        own, others = self.vectors(torch.cat([targets, sample]))[0].split([len(targets), len(sample)])
        return (own, 0.0), (others, 0.0)

    def matrix(self) -> tuple[Tensor, float]:
        return self.weight, 0.0


def output_layer(config: Config, width: int, counts: np.ndarray, bias: bool = False) -> nn.Module:
    """y(t): one softmax (2010, equation 3) or one over classes and one within a class (2011, section 4)."""
    if config.tree:
        return HierarchicalSoftmax(width, counts, config.slots if config.ngrams else 0)
    if config.samples is not None:
        return ImportanceSampledSoftmax(width, len(counts), config.samples)
    if config.classes is None or config.classes >= len(counts):
        return FullSoftmax(width, len(counts), bias)
    return ClassFactorised(width, counts, config.classes)


class RNNLM(nn.Module):
    """s(t) = f(U w(t) + W s(t-1)), y(t) = g(V s(t)), f logistic, g softmax: 2010, equations 1-5.

    The state carries the last ``bptt`` words besides s: a block of words is unfolded together with them, so that the
    error of its first word still reaches ``bptt`` steps back (2011, section 3; toolkit ``-bptt``, ``-bptt-block``).
    """

    def __init__(self, config: Config, counts: np.ndarray):
        super().__init__()
        self.bptt, self.ngrams, self.slots = config.bptt, config.ngrams, config.slots
        self.elman = Elman(len(counts), config.hidden, clip=config.error_clip, through_time=config.bptt > 0)
        self.output = output_layer(config, config.hidden, counts)
        for weight in self.output.parameters():
            if weight.shape[1] > 1:  # direct connections start at zero
                toolkit_init_(weight)

    def initial(self, batch: int) -> State:
        """The state before the first word, ``[B, H]`` and no words ``[0, B]``."""
        state = self.elman.initial(batch)
        return state, torch.empty(0, batch, dtype=torch.long, device=state.device)

    def forward(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """Words ``[T, B]`` to what the output layer reads ``[T, B, H]``, and the state after them."""
        before, remembered = state
        unfolded = torch.cat([remembered, words])
        hidden = self.elman(unfolded, before)
        read = max(len(unfolded) - self.bptt, 0)  # from here on, words are remembered
        if read:
            before = hidden[read - 1].detach()
        return hidden[len(remembered) :], (before, unfolded[read:])

    def contexts(self, words: Tensor, state: State) -> tuple[Tensor, ...]:
        """What the output layer reads besides, with direct connections: hashed contexts ``[T * B, K]`` of ``[T, B]``.

        The words before the first of the text are word 0.
        """
        if not self.ngrams:
            return ()
        known = max(self.ngrams - 2, 0)
        read = torch.cat([words.new_zeros(known, words.shape[1]), state[1], words])[-known - len(words) :]
        return (hashed_contexts(read, self.ngrams, self.slots).flatten(0, 1),)


class NNLM(nn.Module):
    """y = softmax(b + W x + U tanh(d + H x)), x the features of the last n - 1 words: Bengio et al. (2003), section 2.

    The output layer computes b + [U W] [tanh(d + H x); x]: the direct connections W are optional.
    """

    def __init__(self, config: Config, counts: np.ndarray):
        super().__init__()
        self.context = config.order - 1
        width = self.context * config.embedding
        self.features = nn.Embedding(len(counts), config.embedding, sparse=True)  # C
        self.hidden = nn.Linear(width, config.hidden)  # H, d
        self.direct = config.direct
        self.output = output_layer(config, config.hidden + (width if config.direct else 0), counts, bias=True)
        for weight in (self.features.weight, self.hidden.weight, *self.output.parameters()):
            if weight.dim() > 1:
                toolkit_init_(weight)

    def initial(self, batch: int) -> State:
        """No hidden state; the words before the first are word 0, ``[n-2, B]``."""
        device = self.hidden.weight.device
        return torch.empty(0, device=device), torch.zeros(self.context - 1, batch, dtype=torch.long, device=device)

    def forward(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """Words ``[T, B]`` to what the output layer reads ``[T, B, h (+ (n-1) m)]``, and the state after them."""
        none, remembered = state
        read = torch.cat([remembered, words])
        features = self.features(read).unfold(0, self.context, 1)  # [T, B, m, n-1]
        x = features.transpose(2, 3).flatten(2)
        hidden = torch.tanh(self.hidden(x))
        return torch.cat([hidden, x], 2) if self.direct else hidden, (none, read[len(words) :])

    def contexts(self, words: Tensor, state: State) -> tuple[Tensor, ...]:
        """The output layer reads nothing besides."""
        return ()


def language_model(config: Config, counts: np.ndarray) -> RNNLM | NNLM:
    """The network of a setting, for a vocabulary with these training counts ``[V]``, sorted and falling."""
    return (RNNLM if config.model == "rnn" else NNLM)(config, counts)
