"""Using a trained network: translations by beam search, and where it looks while it reads a given translation."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from common.data.parallel.buckets import collate, pad
from common.layers.encoder_decoder import shifted
from common.search.beam import Hypothesis, beam_search
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.model import EncoderDecoder

BATCH = 100  # sentences


@torch.no_grad()
def translate(network: EncoderDecoder, sources: Sequence[np.ndarray], config: Config, *, forbidden: Iterable[int] = (),
              n_best: int = 1, batch_size: int = BATCH) -> list[list[Hypothesis]]:
    """The best translations of each source, word ids that end in ``</s>``; sentences of similar length together.

    Args:
        forbidden: target words that are never written (``<unk>``, for the column "No UNK").
    """
    found: list[list[Hypothesis]] = [[] for _ in sources]
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    device = network.context.weight.device
    for start in range(0, len(order), batch_size):
        chosen = order[start:start + batch_size]
        ids, lengths = pad([sources[i] for i in chosen])
        state, memory = network.encode(ids.to(device), lengths.to(device))

        def step(words, state, prepared=network.prepare(memory)):
            log_p, s = network.step(words, *state, prepared)
            return log_p, (s,)

        outputs = beam_search(step, (state,), network.end, network.end, beam_size=config.beam_size, n_best=n_best,
                              max_length=config.max_output, length_exponent=float(config.length_norm),
                              forbidden=forbidden)
        for i, output in zip(chosen, outputs, strict=True):
            found[i] = output
    return found


@torch.no_grad()
def weights(network: EncoderDecoder, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """alpha ``[T, S]`` of each pair of word ids, both ending in ``</s>``: where RNNsearch looks at each target word."""
    found: list[np.ndarray] = [np.empty(0)] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    for start in range(0, len(order), BATCH):
        chosen = order[start:start + BATCH]
        batch = collate([pairs[i] for i in chosen])
        decoded = network.decode(shifted(batch.target, network.end), *network.encode(*batch[:2]))
        for b, i in enumerate(chosen):
            found[i] = decoded.weights[:len(pairs[i][1]), b, :len(pairs[i][0])].numpy()
    return found
