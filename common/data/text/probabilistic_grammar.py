"""Probabilistic grammars that know the true probability of every next word, and their own entropy.

The grammars are context-free, with features in their symbols, and LL(1): the next word always says which rule
was used. So the parse is known at any place of a text, and the probability of a word is a product over the few
rules that it reveals.
"""

import math
import random
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import accumulate

import numpy as np

from common.errors import UserError

Symbol = tuple | str  # a nonterminal is a tuple (name, feature, ...); a word is a string
Rule = tuple  # (probability, symbol, symbol, ...); (probability,) alone writes nothing
Beginnings = dict[str, tuple[float, tuple[Symbol, ...]]]  # first word: (probability, what is still to come)


class ProbabilisticGrammar:
    """A grammar that writes one endless text.

    Args:
        productions: the rules that rewrite a nonterminal; their probabilities sum to one.
        start: the symbol of the whole text.
        period: the name of the nonterminals at which the text begins anew (its sentences): every sentence
            ends in the symbol of the next, whose features are all that is carried over.
    """

    def __init__(self, productions: Callable[[tuple], Iterable[Rule]], start: tuple, period: str):
        self.start = start
        self.period = period
        self.rules = cache(lambda symbol: tuple(productions(symbol)))
        self.first_words = cache(self._first_words)

    def write(self, rng: random.Random) -> Iterator[str]:
        """Words without end. Only ``rng.random()`` is used, which Python keeps the same in all versions."""
        cumulative = cache(lambda symbol: list(accumulate(p for p, *_ in self.rules(symbol))))
        stack: list[Symbol] = [self.start]
        while True:
            symbol = stack.pop()
            if isinstance(symbol, str):
                yield symbol
                continue
            rules = self.rules(symbol)
            # hi: rounding may leave the last sum a little below one
            chosen = rules[bisect(cumulative(symbol), rng.random(), hi=len(rules) - 1)]
            stack.extend(chosen[:0:-1])

    def _first_words(self, symbol: Symbol) -> tuple[Beginnings, float]:
        """How ``symbol`` can begin, and the probability that it writes nothing.

        Raises ValueError where two rules begin with the same word: the grammar is not LL(1).
        """
        if isinstance(symbol, str):
            return {symbol: (1.0, ())}, 0.0
        beginnings: Beginnings = {}
        empty = 0.0
        for p, *body in self.rules(symbol):
            for place, part in enumerate(body):
                begins, skip = self.first_words(part)
                for word, (q, inner) in begins.items():
                    if word in beginnings:
                        raise ValueError(f"not LL(1): two rules of {symbol} begin with {word!r}")
                    beginnings[word] = (p * q, (*inner, *body[place + 1 :]))
                p *= skip
                if not p:
                    break
            empty += p
        return beginnings, empty

    def entropy_rate(self) -> float:
        """The entropy of the text in nats per word, exactly: the best mean loss that any model can have.

        One rewriting of symbol i gives on average M[i, j] symbols j, so a whole sentence has N = (I - M)^-1
        of them (the mean matrix of a branching process). N times the entropy of each symbol's own choice is the
        entropy of a sentence, for an unambiguous grammar has one derivation per sentence; N times the words
        that each symbol writes is its length. Both are averaged over the stationary distribution of the symbols
        with which sentences start.
        """
        symbols = self.reachable()
        index = {symbol: i for i, symbol in enumerate(symbols)}
        mean = np.zeros((len(symbols), len(symbols)))
        choice = np.zeros(len(symbols))
        words = np.zeros(len(symbols))
        for i, symbol in enumerate(symbols):
            for p, *body in self.rules(symbol):
                choice[i] -= p * math.log(p)
                for part in body:
                    if isinstance(part, str):
                        words[i] += p
                    else:
                        mean[i, index[part]] += p
        starts = [i for i, symbol in enumerate(symbols) if symbol[0] == self.period]
        within = mean.copy()
        within[:, starts] = 0.0  # a sentence stops where the next begins
        used = np.linalg.inv(np.eye(len(symbols)) - within)[starts]
        step = (used @ mean)[:, starts]  # [sentence start, next sentence start], a Markov chain
        balance = np.vstack([step.T - np.eye(len(starts)), np.ones(len(starts))])
        stationary = np.linalg.lstsq(balance, np.append(np.zeros(len(starts)), 1.0), rcond=None)[0]
        return float(stationary @ used @ choice) / float(stationary @ used @ words)

    def reachable(self) -> list[tuple]:
        """Every nonterminal that the start symbol can lead to."""
        found = {self.start: None}
        todo = [self.start]
        while todo:
            for _, *body in self.rules(todo.pop()):
                new = [part for part in body if isinstance(part, tuple) and part not in found]
                found |= dict.fromkeys(new)
                todo += new
        return list(found)


class Parser:
    """Reads a text word by word and knows the true distribution of the next word, given all before."""

    def __init__(self, grammar: ProbabilisticGrammar):
        self.grammar = grammar
        self.stack: list[Symbol] = [grammar.start]  # what is still to come, the next symbol last

    def next_words(self) -> dict[str, float]:
        """The probability of every word that may come next; they sum to one.

        Raises ValueError where a word could begin two different continuations: the grammar is not LL(1).
        """
        distribution: dict[str, float] = {}
        reach = 1.0  # the probability that all symbols so far write nothing
        for symbol in reversed(self.stack):
            beginnings, empty = self.grammar.first_words(symbol)
            for word, (p, _) in beginnings.items():
                if word in distribution:
                    raise ValueError(f"not LL(1): {word!r} begins two continuations of {self.stack[::-1]}")
                distribution[word] = reach * p
            reach *= empty
            if not reach:
                break
        return distribution

    def read(self, word: str) -> float:
        """Take one word and return its log probability in nats. Raises UserError if it cannot stand here."""
        log_p = 0.0
        stack = self.stack.copy()
        while stack:
            beginnings, empty = self.grammar.first_words(stack.pop())
            if word in beginnings:
                p, rest = beginnings[word]
                self.stack = stack + list(reversed(rest))
                return log_p + math.log(p)
            if not empty:
                break
            log_p += math.log(empty)
        raise UserError(f"the grammar does not allow {word!r} here; the oracle knows no text but its own")
