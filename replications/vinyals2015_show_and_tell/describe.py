"""What a trained network is asked: to describe pictures, and how likely a caption is for a picture."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from common.search.beam import Hypothesis, beam_search
from common.text.vocabulary import Vocabulary
from replications.vinyals2015_show_and_tell.data import pad
from replications.vinyals2015_show_and_tell.model import ShowAndTell

PICTURES = 64  # described together
ROWS = 4096  # caption-picture pairs whose probability is computed together


@torch.no_grad()
def describe(networks: Sequence[ShowAndTell], features: Sequence[Tensor], vocabulary: Vocabulary, *, beam_size: int,
             max_length: int, n_best: int = 1, length_norm: bool = False) -> list[list[Hypothesis]]:
    """The best captions of each picture, best first. Several networks form an ensemble: their mean probability.

    Args:
        networks: in evaluation mode, all of one vocabulary.
        features: of the N pictures ``[N, D]``, for each network.

    The unknown word is never written.
    """
    found: list[list[Hypothesis]] = []
    for start in range(0, len(features[0]), PICTURES):
        states = [net.initial(each[start:start + PICTURES]) for net, each in zip(networks, features, strict=True)]
        sizes = [len(state) for state in states]

        def step(words: Tensor, joined: tuple[Tensor, ...], sizes: list[int] = sizes):
            log_p, after, rest = [], [], list(joined)
            for net, size in zip(networks, sizes, strict=True):
                mine, rest = rest[:size], rest[size:]
                one, state = net.step(words, tuple(mine))
                log_p.append(one)
                after += state
            return _mean(log_p), tuple(after)

        found += beam_search(step, tuple(part for state in states for part in state), networks[0].start, vocabulary.eos,
                             beam_size=beam_size, max_length=max_length, length_norm=length_norm,
                             forbidden=[vocabulary.unk], n_best=n_best)
    return found


def _mean(log_p: list[Tensor]) -> Tensor:
    """Log of the mean probability."""
    return log_p[0] if len(log_p) == 1 else torch.stack(log_p).logsumexp(0) - torch.tensor(float(len(log_p))).log()


@torch.no_grad()
def log_likelihoods(network: ShowAndTell, features: Tensor, captions: Sequence[Sequence[int]], stop: int) -> Tensor:
    """log p(caption | picture) of every pair ``[P, C]``.

    Args:
        features: of the P pictures ``[P, D]``.
        captions: C, each the ids of its words, without start and stop.
    """
    scores = features.new_empty(len(features), len(captions))
    for chosen in _by_length(captions, max(1, ROWS // len(features))):
        words, lengths = pad([captions[i] for i in chosen], stop)
        pairs = words.repeat_interleave(len(features), 1)
        m = network(features.repeat(len(chosen), 1), pairs)
        log_p = torch.stack([-F.cross_entropy(network.output(now), target, reduction="none")
                             for now, target in zip(m, pairs, strict=True)])
        counts = torch.arange(len(words))[:, None] < lengths.repeat_interleave(len(features))
        scores[:, chosen] = (log_p * counts).sum(0).view(len(chosen), len(features)).T
    return scores


def _by_length(captions: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    order = sorted(range(len(captions)), key=lambda i: len(captions[i]))
    for start in range(0, len(order), size):
        yield order[start:start + size]
