"""One alignment from two: a model that gives each target word one source word, and one of the other direction.

Where both agree, a link is probably right but many are missing; what either finds has more of them and more errors. The
heuristic grow-diag-final-and (Koehn, Och and Marcu 2003; Koehn et al. 2005) starts from the first and adds of the
second what touches it.
"""

import numpy as np

from common.compiled import compiled
from common.errors import unknown
from common.phrase_based.bitext import Bitext, Links
from common.phrase_based.word_alignment import align

METHODS = ("intersection", "union", "grow-diag-final-and")


def align_both_ways(text: Bitext, source_size: int, target_size: int, method: str = METHODS[2]) -> Links:
    """Links of every pair of ``text``, which is all there is to learn from."""
    return symmetrise(text, align(text, source_size), align(text.swapped(), target_size), method)


def symmetrise(text: Bitext, forwards: np.ndarray, backwards: np.ndarray, method: str) -> Links:
    """Links from the source position of every target word and the target position of every source word, -1 for none.

    Raises:
        UserError: an unknown method.
    """
    if method not in METHODS:
        raise unknown("way to join two alignments", method, METHODS)
    return Links(*_join(forwards, backwards, text.source_starts, text.target_starts, METHODS.index(method)))


@compiled
def _touches(links, i, j):
    """Whether a link is beside (i, j), diagonally included."""
    for a in range(max(0, i - 1), min(links.shape[0], i + 2)):
        for b in range(max(0, j - 1), min(links.shape[1], j + 2)):
            if links[a, b]:
                return True
    return False


@compiled
def _join(forwards, backwards, source_starts, target_starts, method):
    pairs = len(source_starts) - 1
    source_words = np.empty(len(forwards) + len(backwards), np.int64)
    target_words, starts, found = np.empty_like(source_words), np.zeros(pairs + 1, np.int64), 0
    for n in range(pairs):
        ahead = forwards[target_starts[n] : target_starts[n + 1]]
        back = backwards[source_starts[n] : source_starts[n + 1]]
        votes = np.zeros((len(back), len(ahead)), np.int64)
        for j in range(len(ahead)):
            if ahead[j] >= 0:
                votes[ahead[j], j] += 1
        for i in range(len(back)):
            if back[i] >= 0:
                votes[i, back[i]] += 1
        links = np.zeros((len(back), len(ahead)), np.bool_)
        row, column = np.zeros(len(back), np.bool_), np.zeros(len(ahead), np.bool_)
        for i in range(len(back)):
            for j in range(len(ahead)):
                if votes[i, j] == 2 or votes[i, j] and method == 1:
                    links[i, j] = row[i] = column[j] = True
        if method == 2:
            grown = True
            while grown:  # grow-diag: neighbours that link a word without a link
                grown = False
                for i in range(len(back)):
                    for j in range(len(ahead)):
                        if votes[i, j] and not links[i, j] and not (row[i] and column[j]) and _touches(links, i, j):
                            links[i, j] = row[i] = column[j] = grown = True
            for i in range(len(back)):  # final-and: what links two words without a link
                for j in range(len(ahead)):
                    if votes[i, j] and not row[i] and not column[j]:
                        links[i, j] = row[i] = column[j] = True
        for i in range(len(back)):
            for j in range(len(ahead)):
                if links[i, j]:
                    source_words[found], target_words[found] = i, j
                    found += 1
        starts[n + 1] = found
    return source_words[:found], target_words[:found], starts
