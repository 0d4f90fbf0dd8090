"""From a source sentence to its translation: beam search with one network or several, section 3.2."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from common.data.parallel.buckets import pad
from common.search.beam import Hypothesis, State, beam_search
from replications.sutskever2014_seq2seq.model import Seq2Seq


@torch.no_grad()
def translate(networks: Sequence[Seq2Seq], sources: Sequence[np.ndarray], *, beam_size: int, n_best: int = 1,
              batch_size: int = 64) -> list[list[Hypothesis]]:
    """The best translations of each sentence, best first: hypotheses are ordered by log p(T | S), as it is.

    Several networks are an ensemble: at each step the *probabilities* of the next word are averaged (the paper does
    not say whether these or their logarithms). No translation is longer than twice the longest source sentence of its
    batch and ten words.

    Args:
        sources: ids of sentences ``[S]``, each ending in ``</s>``; of an empty sentence that is all there is.
    """
    device = networks[0].output.weight.device
    order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))  # similar lengths together
    found: dict[int, list[Hypothesis]] = {}
    for start in range(0, len(order), batch_size):
        chosen = order[start:start + batch_size]
        source, lengths = pad([sources[i] for i in chosen], device)
        state = tuple(part.transpose(0, 1) for network in networks for part in network.encode(source, lengths))
        end = networks[0].end
        outputs = beam_search(lambda words, state: step(networks, words, state), state, end, end, beam_size=beam_size,
                              max_length=2 * len(source) + 10, n_best=n_best)
        found.update(zip(chosen, outputs, strict=True))
    return [found[i] for i in range(len(sources))]


def step(networks: Sequence[Seq2Seq], words: Tensor, state: State) -> tuple[Tensor, State]:
    """The networks' common log-probabilities of the next word ``[N, V]``, and their states.

    Args:
        words: the word before of each of N hypotheses ``[N]``.
        state: h and c of the first network, of the second, ...; each ``[N, L, H]``.
    """
    log_p, after = [], []
    for i, network in enumerate(networks):
        h, c = (part.transpose(0, 1).contiguous() for part in state[2 * i:2 * i + 2])
        hidden, new = network.decode(words.unsqueeze(0), (h, c))
        log_p.append(network.output(hidden[0]).log_softmax(-1))
        after += [part.transpose(0, 1) for part in new]
    average = log_p[0] if len(networks) == 1 else torch.stack(log_p).logsumexp(0) - math.log(len(networks))
    return average, tuple(after)
