"""Byte-pair encoding of words (Sennrich, Haddow and Birch 2016): frequent words stay whole, rare ones fall apart.

A word is its characters and an end mark. Learning joins the most frequent pair of neighbours, again and again; a word
is then cut by the same joins in the same order. Pieces that do not end a word carry ``@@``.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

END = "\n"  # in no word
CONTINUED = "@@"
Merge = tuple[str, str]


def learn(counts: Mapping[str, int], merges: int) -> list[Merge]:
    """Up to ``merges`` joins, from the number of times that each word occurs; none joins a pair that occurs once.

    Among equally frequent pairs the longest is joined, among those the first one met.
    """
    words = [([*word, END], count) for word, count in counts.items()]
    pairs: Counter[Merge] = Counter()
    where: dict[Merge, dict[int, None]] = defaultdict(dict)  # words that a pair was seen in, in order
    for i, (pieces, count) in enumerate(words):
        for pair in pairwise(pieces):
            pairs[pair] += count
            where[pair][i] = None
    met = {pair: number for number, pair in enumerate(pairs)}
    # A heap of counts, some of them out of date: a pair is pushed again whenever its count changes.
    heap = [(-count, -len("".join(pair)), met[pair], pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    learnt: list[Merge] = []
    while heap and len(learnt) < merges:
        count, _, _, best = heapq.heappop(heap)
        if -count != pairs[best]:
            continue
        if -count < 2:
            break
        learnt.append(best)
        changed: dict[Merge, None] = {}
        for i in where.pop(best):
            pieces, count = words[i]
            joined = join(pieces, best)
            words[i] = joined, count
            for pair in pairwise(pieces):
                pairs[pair] -= count
                changed[pair] = None
            for pair in pairwise(joined):
                pairs[pair] += count
                where[pair][i] = None
                changed[pair] = None
        for pair in changed:
            if pairs[pair]:
                number = met.setdefault(pair, len(met))
                heapq.heappush(heap, (-pairs[pair], -len("".join(pair)), number, pair))
    return learnt


def join(pieces: list[str], pair: Merge) -> list[str]:
    """``pieces`` with every occurrence of ``pair``, from the left, as one piece."""
    joined: list[str] = []
    i = 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            joined.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            joined.append(pieces[i])
            i += 1
    return joined


class BPE:
    """Cuts words by learnt joins, and puts pieces together again."""

    def __init__(self, merges: Iterable[Merge]):
        self.ranks = {(left, right): rank for rank, (left, right) in enumerate(merges)}
        self.known: dict[str, list[str]] = {}

    def pieces(self, word: str) -> list[str]:
        """``lowest`` -> ``low@@ est``, for example."""
        if word not in self.known:
            pieces = [*word, END]
            while len(pieces) > 1:
                best = min(pairwise(pieces), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if best not in self.ranks:
                    break
                pieces = join(pieces, best)
            last = pieces.pop().removesuffix(END)
            pieces = [*pieces, last] if last else pieces  # the end mark alone is no piece
            self.known[word] = [*(piece + CONTINUED for piece in pieces[:-1]), pieces[-1]]
        return self.known[word]

    def encode(self, words: Iterable[str]) -> list[str]:
        """The pieces of all words."""
        return [piece for word in words for piece in self.pieces(word)]

    @staticmethod
    def decode(pieces: Iterable[str]) -> list[str]:
        """Words again; a last piece that waits for another one is a word."""
        text = " ".join(pieces) + " "
        return text.replace(CONTINUED + " ", "").split()
