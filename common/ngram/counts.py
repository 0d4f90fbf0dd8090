"""N-gram counts of a corpus, in sorted arrays.

An n-gram is written as a pair (context, word), where the context is the id of an (n-1)-gram. Numbering the
distinct pairs order by order gives every n-gram an id below the corpus length, so that a pair always fits an
int64 however large V^n is, and the n-grams that share a context lie side by side.
"""

from dataclasses import dataclass

import numpy as np

from common.errors import UserError


@dataclass(frozen=True)
class Grams:
    """The G distinct n-grams of one order, sorted by context, then word; an n-gram's id is its row.

    Order 1 is dense: row w is word w, seen or not, and the last row (V) is the begin mark, a context only.
    """

    context: np.ndarray  # [G] id of the first n-1 words among the (n-1)-grams; 0 at order 1
    word: np.ndarray  # [G] the last word
    suffix: np.ndarray  # [G] id of the last n-1 words among the (n-1)-grams; 0 at order 1
    count: np.ndarray  # [G] occurrences
    begins: np.ndarray  # [G] bool: the first of the n words is the begin mark

    def __len__(self) -> int:
        return len(self.word)


class NGramCounts:
    """All n-grams up to ``order`` that lie within a sentence, with one begin mark before each sentence.

    ``grams[n - 1]`` holds order n. The begin mark (id V) is only ever a context: it is never counted itself,
    as in SRILM and KenLM.

    Args:
        tokens: [N] word ids below ``vocabulary_size``, every sentence ended by ``eos``.

    Raises:
        UserError: the corpus is empty, or a word id or the order is out of range.
    """

    def __init__(self, tokens: np.ndarray, vocabulary_size: int, eos: int, order: int):
        if order < 1:
            raise UserError(f"there are no n-grams of order {order}; ask for an order of at least 1")
        if len(tokens) == 0:
            raise UserError("cannot count the n-grams of an empty corpus; give at least one sentence")
        self.vocabulary_size, self.eos, self.order = vocabulary_size, eos, order
        text = self._mark_sentences(tokens)
        self.grams = [self._unigrams(text)]
        ids = text
        for n in range(2, order + 1):
            keys = self._keys(ids, text)
            (positions,) = np.nonzero(keys >= 0)
            unique, first, rank, count = np.unique(
                keys[positions], return_index=True, return_inverse=True, return_counts=True
            )
            first = positions[first]
            context, word = np.divmod(unique, vocabulary_size + 1)
            begins = text[first - n + 1] == vocabulary_size
            self.grams.append(Grams(context, word, ids[first], count, begins))
            ids = np.full_like(text, -1)
            ids[positions] = rank
        # Looking a pair up is a binary search among these keys; the last one stands for "beyond all".
        end = np.iinfo(np.int64).max
        self._sorted = [np.append(self._key(grams.context, grams.word), end) for grams in self.grams]

    def lookup(self, tokens: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """For n = 1 ... order, two arrays [N]: the id of each token's context, and of the n-gram it ends.

        The context has n-1 words and belongs to order n-1; -1 stands for one that was never counted or that
        would reach back beyond the begin of the sentence.
        """
        text = self._mark_sentences(tokens)
        events = text != self.vocabulary_size
        ids, found = text, [(np.zeros(len(tokens), np.int64), text[events])]
        for n in range(2, self.order + 1):
            keys = self._keys(ids, text)
            context = np.concatenate(([-1], ids[:-1]))
            ids = self._search(n, keys)
            found.append((context[events], ids[events]))
        return found

    def contexts(self, words: np.ndarray) -> list[int]:
        """Ids of the last 1, 2, ... order-1 words of the text ``words`` [T], -1 as in :meth:`lookup`."""
        words = np.asarray(words, dtype=np.int64)
        (ends,) = np.nonzero(words == self.eos)
        sentence = words[ends[-1] + 1 :] if len(ends) else words
        return [int(context[-1]) for context, _ in self.lookup(np.append(sentence, self.eos))[1:]]

    def extensions(self, n: int, context: int) -> slice:
        """The rows of ``grams[n - 1]`` that extend ``context``, the id of an (n-1)-gram."""
        ends = [self._key(context, 0), self._key(context + 1, 0)]
        return slice(*np.searchsorted(self._sorted[n - 1], ends))

    def _mark_sentences(self, tokens: np.ndarray) -> np.ndarray:
        tokens = np.asarray(tokens, dtype=np.int64)
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < self.vocabulary_size:
            raise UserError(
                f"word ids from {tokens.min()} to {tokens.max()} do not fit a vocabulary of "
                f"{self.vocabulary_size} words; number the text with the vocabulary of this model"
            )
        (ends,) = np.nonzero(tokens[:-1] == self.eos)
        starts = np.concatenate(([0], ends + 1)) if len(tokens) else ends
        return np.insert(tokens, starts, self.vocabulary_size)

    def _unigrams(self, text: np.ndarray) -> Grams:
        words = np.arange(self.vocabulary_size + 1)
        count = np.bincount(text, minlength=len(words))
        count[-1] = 0
        zeros = np.zeros_like(words)
        return Grams(zeros, words, zeros, count, words == self.vocabulary_size)

    def _key(self, context, word):
        return context * (self.vocabulary_size + 1) + word

    def _keys(self, ids: np.ndarray, text: np.ndarray) -> np.ndarray:
        """[T] the pair (n-gram that ends one word earlier, this word), -1 where there is none."""
        context = np.concatenate(([-1], ids[:-1]))
        return np.where((context >= 0) & (text != self.vocabulary_size), self._key(context, text), -1)

    def _search(self, n: int, keys: np.ndarray) -> np.ndarray:
        known = self._sorted[n - 1]
        rows = np.searchsorted(known, keys)
        return np.where(known[rows] == keys, rows, -1)
