"""Using a trained network: translations by beam search, and where it looks while it reads a given translation."""

from collections.abc import Sequence

import numpy as np
import torch

from common.data.parallel.buckets import collate
from common.evaluation import translation
from common.layers.encoder_decoder import shifted
from common.search.beam import Hypothesis
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder


def translate(
    network: EncoderDecoder, sources: Sequence[np.ndarray], config: Config, **search
) -> list[list[Hypothesis]]:
    """The best translations of each source, word ids that end in ``</s>``.

    Args:
        search: as of :func:`common.evaluation.translation.translate`: ``forbidden=[<unk>]`` for the column "No UNK".
    """
    return translation.translate(
        network.begin,
        sources,
        start=network.end,
        end=network.end,
        max_length=lambda _: config.max_output,
        beam_size=config.beam_size,
        length_exponent=config.length_exponent,
        **search,
    )


@torch.no_grad()
def weights(network: EncoderDecoder, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """alpha ``[T, S]`` of each pair of word ids, both ending in ``</s>``: where RNNsearch looks at each target word."""
    found: list[np.ndarray] = [np.empty(0)] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    for start in range(0, len(order), translation.BATCH):
        chosen = order[start : start + translation.BATCH]
        batch = collate([pairs[i] for i in chosen])
        decoded = network.decode(shifted(batch.target, network.end), *network.encode(*batch[:2]))
        for b, i in enumerate(chosen):
            found[i] = decoded.weights[: len(pairs[i][1]), b, : len(pairs[i][0])].numpy()
    return found
