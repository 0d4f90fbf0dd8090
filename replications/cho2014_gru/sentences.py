"""The network as a translator of its own: whole sentences, without a phrase-based system (Cho et al. 2014b)."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from common.data.parallel.corpus import Pairs
from common.evaluation import translation
from common.evaluation.translation import Words
from common.search.beam import State, Step
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.model import START, EncoderDecoder
from replications.cho2014_gru.phrases import Shortlist

BIN = 5  # source words, of the figure


def shortened(found: Pairs, source: Shortlist, target: Shortlist) -> Pairs:
    """Sentence pairs in the network's ids."""
    return Pairs(source.of[found.source], target.of[found.target], found.source_starts, found.target_starts)


def translate(network: EncoderDecoder, sources: Sequence[np.ndarray], config: Config) -> list[tuple[int, ...]]:
    """The best translation of each source, ids without ``</s>``, by log-probability per word."""

    def begin(source: Tensor, lengths: Tensor) -> tuple[Step, State]:
        c = network.encode(source, lengths)
        return step, (network.begin(c), c)

    def step(words: Tensor, state: State) -> tuple[Tensor, State]:
        log_p, h = network.step(words, *state)
        return log_p, (h, state[1])

    found = translation.translate(
        begin,
        sources,
        max_length=lambda longest: config.max_output,
        start=START,
        end=network.end,
        beam_size=config.beam_size,
        length_exponent=1.0,
    )
    return [outputs[0].words for outputs in found]


def breakdown(
    hypotheses: Words, references: Words, lengths: np.ndarray, unknown: np.ndarray
) -> tuple[dict[str, float], dict[str, list[dict]]]:
    """How BLEU depends on length and on unknown words: single numbers, and rows for the figure.

    Args:
        lengths: source words of each sentence ``[N]``.
        unknown: words of source and reference that the network does not know ``[N]``.
    """
    numbers = translation.short_and_long(hypotheses, references, lengths)
    numbers |= {
        name: translation.bleu_of(hypotheses, references, np.flatnonzero(group))
        for name, group in (("known", unknown == 0), ("unknown", unknown > 0))
        if group.any()
    }
    if {"known", "unknown"} <= numbers.keys():
        numbers["unknown_drop"] = numbers["known"] - numbers["unknown"]
    return numbers, {
        "by_length": translation.by_group(hypotheses, references, (lengths - 1) // BIN * BIN + 1),
        "by_unknown": translation.by_group(hypotheses, references, np.minimum(unknown, 4)),
    }
