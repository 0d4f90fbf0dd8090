"""Which source word a target word comes from: links read off attention, an independent aligner, and the error rate."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from common.data.parallel.buckets import Batch, collate
from common.data.parallel.corpus import ParallelCorpus
from common.phrase_based.bitext import Bitext
from common.phrase_based.symmetrise import symmetrise
from common.phrase_based.word_alignment import align

Links = set[tuple[int, int]]  # (source word, target word)
Pair = tuple[np.ndarray, np.ndarray]
BATCH = 64  # sentences


def both_ways(
    train: Sequence[Pair], test: Sequence[Pair], source_size: int, target_size: int
) -> tuple[list[Links], list[Links]]:
    """Sure and possible links of the pairs of ``test``, word ids without ``</s>``, from all pairs together.

    A model gives each target word one source word, another each source word one target word; links that both find are
    sure, links that one finds are possible (Och and Ney 2003).
    """
    text = Bitext.of([*train, *test])
    ways = align(text, source_size), align(text.swapped(), target_size)
    sure, possible = (symmetrise(text, *ways, method) for method in ("intersection", "union"))
    return tuple([links.of(n) for n in range(len(train), len(text))] for links in (sure, possible))


def gold(corpus: ParallelCorpus) -> tuple[list[Links], list[Links]]:
    """Sure and possible links of the test text: its own alignment, where it has one; else what an independent aligner
    finds."""
    found = [set(links) for links in corpus.alignments("test")]
    if any(found):
        return found, found
    texts = [[(source[:-1], target[:-1]) for source, target in pairs] for pairs in (corpus.train, corpus.test)]
    return both_ways(*texts, len(corpus.source), len(corpus.target))


@torch.no_grad()
def weights(look: Callable[[Batch], Tensor], pairs: Sequence[Pair]) -> list[np.ndarray]:
    """alpha ``[T, S]`` of each pair of word ids, both ending in ``</s>``; ``look`` gives a batch its ``[T, B, S]``."""
    found: list[np.ndarray] = [np.empty(0)] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        alphas = look(collate([pairs[i] for i in chosen]))
        for b, i in enumerate(chosen):
            found[i] = alphas[: len(pairs[i][1]), b, : len(pairs[i][0])].numpy()
    return found


def attended(weights: np.ndarray) -> Links:
    """The source word that each target word looks at most, from alpha ``[T, S]``, ``</s>`` last on both sides."""
    best = weights[:-1].argmax(1)
    return {(int(j), i) for i, j in enumerate(best) if j < weights.shape[1] - 1}


def diagonal(source: int, target: int) -> Links:
    """What one would guess from the numbers of words alone."""
    return {(min(source - 1, int((i + 0.5) * source / target)), i) for i in range(target)}


def crossing(links: Links) -> Links:
    """Links that cross another one: where the two languages order words differently."""
    return {(j, i) for j, i in links if any((j - k) * (i - n) < 0 for k, n in links)}


def error_rate(found: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links]) -> float:
    """AER = 1 - (|A & S| + |A & P|) / (|A| + |S|) over all sentences (Och and Ney 2003, equation 35)."""
    hits = sum(len(a & s) + len(a & p) for a, s, p in zip(found, sure, possible, strict=True))
    return 1 - hits / sum(len(a) + len(s) for a, s in zip(found, sure, strict=True))
