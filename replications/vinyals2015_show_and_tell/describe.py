"""What a trained network is asked: to describe pictures, and how likely a caption is for a picture."""

from collections.abc import Sequence

import torch
from torch import Tensor

from common.data.pictures.batches import pad
from common.search.beam import Hypothesis, beam_search
from common.text.vocabulary import Vocabulary
from replications.vinyals2015_show_and_tell.model import ShowAndTell

PICTURES = 64  # described together


@torch.no_grad()
def describe(
    networks: Sequence[ShowAndTell],
    features: Sequence[Tensor],
    vocabulary: Vocabulary,
    *,
    beam_size: int,
    max_length: int,
    n_best: int = 1,
    length_exponent: float = 0.0,
) -> list[list[Hypothesis]]:
    """The best captions of each picture, best first. Several networks form an ensemble: their mean probability.

    Args:
        networks: in evaluation mode, all of one vocabulary.
        features: of the N pictures ``[N, D]``, for each network.
        length_exponent: captions are ordered by log p(S) / N^length_exponent, N their words, the stop word counted.

    The unknown word is never written.
    """
    found: list[list[Hypothesis]] = []
    for start in range(0, len(features[0]), PICTURES):
        states = [net.initial(each[start : start + PICTURES]) for net, each in zip(networks, features, strict=True)]
        sizes = [len(state) for state in states]

        def step(words: Tensor, joined: tuple[Tensor, ...], sizes: list[int] = sizes):
            log_p, after, rest = [], [], list(joined)
            for net, size in zip(networks, sizes, strict=True):
                mine, rest = rest[:size], rest[size:]
                one, state = net.step(words, tuple(mine))
                log_p.append(one)
                after += state
            return _mean(log_p), tuple(after)

        found += beam_search(
            step,
            tuple(part for state in states for part in state),
            networks[0].start,
            vocabulary.eos,
            beam_size=beam_size,
            max_length=max_length,
            length_exponent=length_exponent,
            forbidden=[vocabulary.unk],
            n_best=n_best,
        )
    return found


def _mean(log_p: list[Tensor]) -> Tensor:
    """Log of the mean probability."""
    return log_p[0] if len(log_p) == 1 else torch.stack(log_p).logsumexp(0) - torch.tensor(float(len(log_p))).log()


@torch.no_grad()
def log_likelihoods(network: ShowAndTell, features: Tensor, captions: Sequence[Sequence[int]], stop: int) -> Tensor:
    """log p(caption | picture) of every pair ``[P, C]``.

    What captions begin with in common is read once: step t has a row for each different beginning of t words.

    Args:
        features: of the P pictures ``[P, D]``.
        captions: C, each the ids of its words, without start and stop.
    """
    words, lengths = pad(captions, stop)
    steps, beginning = [], torch.zeros(len(captions), dtype=torch.long)
    shorter, last = torch.tensor([0]), torch.tensor([network.start])  # of each beginning: all but a word, and that word
    for t in range(len(words)):
        there, longer = ((lengths > more).nonzero().squeeze(1) for more in (t, t + 1))
        steps.append((shorter, last, there, beginning[there], words[t, there]))
        (shorter, last), beginning[longer] = torch.unique(
            torch.stack([beginning[longer], words[t, longer]]), dim=1, return_inverse=True
        )
    scores = features.new_zeros(len(features), len(captions))
    for picture in range(len(features)):
        state = network.initial(features[picture : picture + 1])
        for shorter, last, there, row, word in steps:
            log_p, state = network.step(last, tuple(part[shorter] for part in state))
            scores[picture, there] += log_p[row, word]
    return scores
