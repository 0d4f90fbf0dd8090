"""BLEU from counts per sentence, for what needs the BLEU of many selections of the same translations.

The counts of sentences add up to those of a corpus: that is all that tuning on n-best lists (Och 2003) and a
bootstrap need. The number is that of :func:`common.metrics.bleu.multi_bleu`.
"""

import base64
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

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
    return np.concatenate(
        [statistics([words], reference) for words, reference in zip(hypotheses, references, strict=True)]
    )


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


def packed(counts: np.ndarray) -> str:
    """Counts of sentences ``[N, 9]`` as text, a hundredth of what JSON makes of so many numbers."""
    return base64.b64encode(zlib.compress(counts.astype("<i2").tobytes(), 9)).decode()


def unpacked(text: str) -> np.ndarray:
    """What :func:`packed` was given."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i2").reshape(-1, WIDTH).astype(np.int64)
