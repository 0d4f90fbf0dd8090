"""The network as a translator of its own: whole sentences, without a phrase-based system (Cho et al. 2014b)."""

from collections.abc import Sequence

import numpy as np
import torch

from common.data.parallel.buckets import pad
from common.data.parallel.corpus import Pairs
from common.metrics.bleu import multi_bleu
from common.search.beam import beam_search
from replications.cho2014_gru.model import START, EncoderDecoder
from replications.cho2014_gru.phrases import Shortlist

BIN = 5  # source words, of the figure
BATCH = 100  # sentences


def shortened(found: Pairs, source: Shortlist, target: Shortlist) -> Pairs:
    """Sentence pairs in the network's ids."""
    return Pairs(source.of[found.source], target.of[found.target], found.source_starts, found.target_starts)


@torch.no_grad()
def translate(network: EncoderDecoder, sources: Sequence[np.ndarray], *, beam_size: int, max_output: int,
              ) -> list[tuple[int, ...]]:
    """The best translation of each source, ids that end in ``</s>``, by log-probability per word."""
    found: dict[int, tuple[int, ...]] = {}
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    for begin in range(0, len(order), BATCH):
        chosen = order[begin:begin + BATCH]
        c = network.encode(*pad([sources[i] for i in chosen]))

        def step(words, state):
            log_p, h = network.step(words, *state)
            return log_p, (h, state[1])

        outputs = beam_search(step, (network.begin(c), c), START, network.end, beam_size=beam_size,
                              max_length=max_output, length_exponent=1.0)
        found.update((i, each[0].words) for i, each in zip(chosen, outputs, strict=True))
    return [found[i] for i in range(len(sources))]


def by_group(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]], groups: np.ndarray,
             ) -> list[dict]:
    """BLEU of the sentences of each group ``[N]``, in rising order of the groups' numbers."""
    rows = []
    for group in np.unique(groups).tolist():
        chosen = np.flatnonzero(groups == group)
        rows.append({"group": group, "sentences": len(chosen),
                     "bleu": multi_bleu([hypotheses[i] for i in chosen], [references[i] for i in chosen]).bleu})
    return rows


def breakdown(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]], lengths: np.ndarray,
              unknown: np.ndarray) -> tuple[dict[str, float], dict[str, list[dict]]]:
    """How BLEU depends on length and on unknown words: single numbers, and rows for the figure.

    Args:
        lengths: source words of each sentence ``[N]``.
        unknown: words of source and reference that the network does not know ``[N]``.
    """
    def bleu_of(chosen: np.ndarray) -> float:
        return multi_bleu([hypotheses[i] for i in chosen], [references[i] for i in chosen]).bleu

    short, long = lengths <= np.median(lengths), lengths > np.quantile(lengths, 0.75)
    numbers = {name: bleu_of(np.flatnonzero(group)) for name, group in
               (("short", short), ("long", long), ("known", unknown == 0), ("unknown", unknown > 0)) if group.any()}
    if "long" in numbers:
        numbers["drop"] = numbers["short"] - numbers["long"]
    if {"known", "unknown"} <= numbers.keys():
        numbers["unknown_drop"] = numbers["known"] - numbers["unknown"]
    return numbers, {"by_length": by_group(hypotheses, references, (lengths - 1) // BIN * BIN + 1),
                     "by_unknown": by_group(hypotheses, references, np.minimum(unknown, 4))}
