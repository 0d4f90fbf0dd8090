"""Phrase pairs of an aligned text (Och and Ney 2004; Koehn, Och and Marcu 2003, section 3).

Two phrases, runs of words, are a pair if a link joins them and no link of a word of one leads outside the other. Words
without a link at the edge of the target phrase may belong to it or not: both are pairs.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.phrase_based.bitext import Bitext, Links


class Occurrences(NamedTuple):
    """M phrase pairs where they occur, as places in the flat text: words ``start`` to ``end - 1``."""

    source_start: np.ndarray  # [M]
    source_end: np.ndarray
    target_start: np.ndarray
    target_end: np.ndarray


def extract(text: Bitext, links: Links, longest: int) -> Occurrences:
    """All phrase pairs of at most ``longest`` words on either side, sentence by sentence."""
    arrays = *links, text.source_starts, text.target_starts, longest
    found = np.empty((_extract(np.empty((0, 4), np.int64), *arrays), 4), np.int64)
    _extract(found, *arrays)
    return Occurrences(*np.ascontiguousarray(found.T))


@compiled
def _extract(found, link_source, link_target, link_starts, source_starts, target_starts, longest):
    """Writes the rows of ``found``, as far as there are any, and returns how many there should be."""
    count = 0
    for n in range(len(source_starts) - 1):
        source, target = source_starts[n + 1] - source_starts[n], target_starts[n + 1] - target_starts[n]
        first, last = link_starts[n], link_starts[n + 1]
        linked = np.zeros(target, np.bool_)
        for link in range(first, last):
            linked[link_target[link]] = True
        for start in range(source):
            for end in range(start + 1, min(start + longest, source) + 1):
                low, high = target, -1  # the target words that the source phrase is linked to
                for link in range(first, last):
                    if start <= link_source[link] < end:
                        low, high = min(low, link_target[link]), max(high, link_target[link])
                if high < 0 or high - low >= longest:
                    continue
                consistent = True
                for link in range(first, last):
                    if low <= link_target[link] <= high and not start <= link_source[link] < end:
                        consistent = False
                        break
                if not consistent:
                    continue
                begin = low
                while True:
                    stop = high + 1
                    while True:
                        if stop - begin <= longest:
                            if count < len(found):
                                found[count, 0] = source_starts[n] + start
                                found[count, 1] = source_starts[n] + end
                                found[count, 2] = target_starts[n] + begin
                                found[count, 3] = target_starts[n] + stop
                            count += 1
                        stop += 1
                        if stop > target or linked[stop - 1]:
                            break
                    begin -= 1
                    if begin < 0 or linked[begin]:
                        break
    return count
