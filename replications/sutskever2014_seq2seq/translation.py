"""From a source sentence to its translation: beam search with one network or several, section 3.2."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from common.evaluation import translation
from common.search.beam import Hypothesis, State
from replications.sutskever2014_seq2seq.model import Seq2Seq


def translate(networks: Sequence[Seq2Seq], sources: Sequence[np.ndarray], **search) -> list[list[Hypothesis]]:
    """The best translations of each sentence, best first: hypotheses are ordered by log p(T | S), as it is.

    Several networks are an ensemble: at each step the *probabilities* of the next word are averaged (the paper does
    not say whether these or their logarithms). No translation is longer than twice the longest source sentence of its
    batch and ten words.

    Args:
        search: as of :func:`common.evaluation.translation.translate`, ``beam_size`` among it.
    """
    end = networks[0].end
    return translation.translate(
        lambda *source: (lambda words, state: step(networks, words, state), read(networks, *source)),
        sources,
        start=end,
        end=end,
        max_length=lambda longest: 2 * longest + 10,
        **search,
    )


def read(networks: Sequence[Seq2Seq], source: Tensor, lengths: Tensor) -> State:
    """The state that each network is left with: h and c of the first, of the second, ...; each ``[B, L, H]``."""
    return tuple(part.transpose(0, 1) for network in networks for part in network.encode(source, lengths))


def step(networks: Sequence[Seq2Seq], words: Tensor, state: State) -> tuple[Tensor, State]:
    """The networks' common log-probabilities of the next word ``[N, V]``, and their states.

    Args:
        words: the word before of each of N hypotheses ``[N]``.
        state: as :func:`read` gives it, ``[N, L, H]``.
    """
    log_p, after = [], []
    for i, network in enumerate(networks):
        h, c = (part.transpose(0, 1).contiguous() for part in state[2 * i : 2 * i + 2])
        hidden, new = network.decode(words.unsqueeze(0), (h, c))
        log_p.append(network.output(hidden[0]).log_softmax(-1))
        after += [part.transpose(0, 1) for part in new]
    average = log_p[0] if len(networks) == 1 else torch.stack(log_p).logsumexp(0) - math.log(len(networks))
    return average, tuple(after)
