"""The phrase table: what a source phrase may become, with the four scores of Koehn, Och and Marcu (2003).

Scores are natural logarithms: p(source phrase | target phrase) and p(target phrase | source phrase), relative
frequencies of how often the pair was extracted; and the same word by word ("lexical weighting"), which does not trust
pairs that were seen once, as most are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.errors import UserError
from common.phrase_based.bitext import Bitext, Links
from common.phrase_based.extraction import extract

SCORES = ("p(source|target)", "lex(source|target)", "p(target|source)", "lex(target|source)")
Phrase = tuple[int, ...]


@dataclass(frozen=True)
class PhraseTable:
    """P different pairs, those of a source phrase side by side; row P stands for an unknown word that is copied."""

    source_words: np.ndarray  # the text that the phrases point into
    target_words: np.ndarray
    source_spans: np.ndarray  # [Q, 2] where each of the Q source phrases first occurs
    target_spans: np.ndarray  # [U, 2]
    source: np.ndarray  # [P] source phrase of each pair, rising
    target: np.ndarray  # [P]
    count: np.ndarray  # [P] how often it was extracted
    scores: np.ndarray  # [P + 1, 4]
    longest: int  # words of a phrase

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def ids(self) -> dict[Phrase, int]:
        """Number of each source phrase."""
        words = self.source_words.tolist()
        return {tuple(words[start:end]): i for i, (start, end) in enumerate(self.source_spans.tolist())}

    @cached_property
    def starts(self) -> np.ndarray:
        """Pairs of source phrase q: rows starts[q] to starts[q + 1]."""
        return np.searchsorted(self.source, np.arange(len(self.source_spans) + 1))

    def rows(self, phrase: Phrase) -> range:
        """The pairs of a source phrase, none for an unknown one."""
        number = self.ids.get(phrase)
        return range(0) if number is None else range(self.starts[number], self.starts[number + 1])

    def source_phrase(self, row: int) -> np.ndarray:
        start, end = self.source_spans[self.source[row]]
        return self.source_words[start:end]

    def target_phrase(self, row: int) -> np.ndarray:
        start, end = self.target_spans[self.target[row]]
        return self.target_words[start:end]


def build(text: Bitext, links: Links, longest: int) -> PhraseTable:
    """The table of an aligned text.

    Raises:
        UserError: there is no phrase pair: no pair of sentences has a link.
    """
    found = extract(text, links, longest)
    if not len(found.source_start):
        raise UserError(
            f"the phrase table is empty: no phrase pair in {len(text)} aligned sentence pairs; the "
            "alignment has no links, or every phrase is longer than longest_phrase"
        )
    source, source_spans = number(text.source, text.source_starts, found.source_start, found.source_end)
    target, target_spans = number(text.target, text.target_starts, found.target_start, found.target_end)
    lexical = [
        sums[end] - sums[start]
        for sums, start, end in (
            (
                lexical_weights(text.swapped(), Links(links.target, links.source, links.starts)),
                found.source_start,
                found.source_end,
            ),
            (lexical_weights(text, links), found.target_start, found.target_end),
        )
    ]
    pairs, pair, count = np.unique(source * len(target_spans) + target, return_inverse=True, return_counts=True)
    source, target = np.divmod(pairs, len(target_spans))
    scores = np.zeros((len(pairs) + 1, 4))
    scores[:-1, 0] = np.log(count / np.bincount(target, count)[target])
    scores[:-1, 2] = np.log(count / np.bincount(source, count)[source])
    for column, weights in zip((1, 3), lexical, strict=True):  # of the occurrence whose alignment explains it best
        best = np.full(len(pairs), -np.inf)
        np.maximum.at(best, pair, weights)
        scores[:-1, column] = best
    return PhraseTable(text.source, text.target, source_spans, target_spans, source, target, count, scores, longest)


def number(words: np.ndarray, starts: np.ndarray, begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal phrases get equal numbers: ``[M]``, and the first occurrence of each ``[Q, 2]``.

    A phrase of n words is a phrase of n - 1 words and a last one, so that numbers stay small however many words.
    """
    lengths = end - begin
    numbers, spans, before = np.empty(len(begin), np.int64), [], 0
    known = words.astype(np.int64)  # number of the phrase of n words that starts here
    for n in range(1, int(lengths.max()) + 1):
        if n > 1:
            last = np.append(words[n - 1 :], np.zeros(n - 1, np.int64))
            _, known = np.unique(known * (int(words.max()) + 1) + last, return_inverse=True)
        (rows,) = np.nonzero(lengths == n)
        _, first, numbers_here = np.unique(known[begin[rows]], return_index=True, return_inverse=True)
        numbers[rows] = before + numbers_here
        spans.append(np.stack([begin[rows[first]], end[rows[first]]], 1))
        before += len(first)
    return numbers, np.concatenate(spans)


def lexical_weights(text: Bitext, links: Links) -> np.ndarray:
    """Sums ``[W + 1]``: the log lexical weight of target words a ... b - 1 is ``sums[b] - sums[a]``.

    A word's weight is the mean of w(target word | source word) over its links, w(target word | no word) without one; w
    are relative frequencies among the links. In a phrase pair every word has all its links, so nothing here depends on
    the phrase.
    """
    pair = np.repeat(np.arange(len(text)), np.diff(links.starts))
    target_place = text.target_starts[pair] + links.target
    source = text.source[text.source_starts[pair] + links.source]
    unlinked = np.ones(len(text.target), bool)
    unlinked[target_place] = False
    place = np.concatenate([target_place, np.flatnonzero(unlinked)])
    of = np.concatenate([source, np.full(unlinked.sum(), text.source.max() + 1)])
    _, link, count = np.unique(
        of * (int(text.target.max()) + 1) + text.target[place], return_inverse=True, return_counts=True
    )
    w = count[link] / np.bincount(of)[of]
    weight = np.bincount(place, w) / np.bincount(place)
    return np.concatenate([[0.0], np.cumsum(np.log(weight))])
