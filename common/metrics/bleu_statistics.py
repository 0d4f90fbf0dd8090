"""BLEU from counts per sentence, for what needs the BLEU of many selections of the same translations.

The counts of sentences add up to those of a corpus: that is all that tuning on n-best lists (Och 2003) and the
bootstrap (Koehn 2004) need. The number is that of :func:`common.metrics.bleu.multi_bleu`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from common.compiled import compiled

ORDER = 4
WIDTH = 2 * ORDER + 1  # matching 1- to 4-grams, all 1- to 4-grams, words of the reference


def ngrams(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All 1- to 4-grams."""
    for n in range(1, ORDER + 1):
        yield from zip(*(words[i:] for i in range(n)), strict=False)


def statistics(hypotheses: Sequence[Sequence[str]], reference: Sequence[str]) -> np.ndarray:
    """Counts of each of N translations of one sentence ``[N, 9]``."""
    wanted = Counter(ngrams(reference))
    found = []
    for words in hypotheses:
        matching, left = [0] * ORDER, dict(wanted)
        for gram in ngrams(words):
            if left.get(gram):
                left[gram] -= 1
                matching[len(gram) - 1] += 1
        found.append([*matching, *(max(0, len(words) - n) for n in range(ORDER)), len(reference)])
    return np.array(found, np.int64).reshape(-1, WIDTH)


def corpus_statistics(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> np.ndarray:
    """Counts of the translations of N sentences ``[N, 9]``."""
    return np.concatenate([statistics([words], reference)
                           for words, reference in zip(hypotheses, references, strict=True)])


@compiled
def bleu_of(counts):
    """BLEU in percent of summed counts ``[9]``; 0 where no n-gram of some order matches."""
    log = 0.0
    for n in range(ORDER):
        if counts[n] == 0:
            return 0.0
        log += np.log(counts[n] / counts[ORDER + n]) / ORDER
    shortage = 1 - counts[2 * ORDER] / counts[ORDER]
    return 100 * np.exp(log + min(0.0, shortage))


class Comparison(NamedTuple):
    """What system A gains over B on the same sentences."""

    gain: float  # BLEU of A less that of B
    low: float  # 95 % interval
    high: float
    p: float  # how often A is not better, over the resamples


def paired_bootstrap(a: np.ndarray, b: np.ndarray, *, samples: int = 1000, seed: int = 1) -> Comparison:
    """Whether a difference would hold on other sentences of the same kind (Koehn 2004, section 4).

    Sentences are drawn with replacement, the same for both systems, as many as there are.

    Args:
        a, b: counts of each sentence ``[N, 9]``.

    Raises:
        ValueError: unequal numbers of sentences, or none.
    """
    if a.shape != b.shape or not len(a):
        raise ValueError(f"{len(a)} and {len(b)} sentences cannot be compared in pairs")
    draw = np.random.default_rng(seed)
    gains = np.empty(samples)
    for i in range(samples):
        chosen = np.bincount(draw.integers(0, len(a), len(a)), minlength=len(a))
        gains[i] = bleu_of(chosen @ a) - bleu_of(chosen @ b)
    low, high = np.quantile(gains, [0.025, 0.975])
    return Comparison(bleu_of(a.sum(0)) - bleu_of(b.sum(0)), float(low), float(high), float((gains <= 0).mean()))
