"""Using a trained network: translations by beam search, and where it looks while it reads a given translation."""

from collections.abc import Sequence

import numpy as np

from common.evaluation import alignment, translation
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


def weights(network: EncoderDecoder, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """alpha ``[T, S]`` of each pair of word ids, both ending in ``</s>``: where RNNsearch looks at each target word."""
    return alignment.weights(
        lambda batch: network.decode(shifted(batch.target, network.end), *network.encode(*batch[:2])).weights, pairs
    )
