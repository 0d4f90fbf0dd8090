"""A phrase-based translation system, whole: from a parallel corpus to n-best lists and their tuned weights.

Its parts, in the order in which they are made: word alignment both ways, phrase table, language model, decoder,
weights. A model of another kind joins it in one of two ways: by a score of each phrase pair, which becomes a column of
the phrase table and is used while decoding (``extra``), or by a score of whole translations, which reorders n-best
lists (:func:`with_scores`, :func:`rerank`).
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.data.parallel.corpus import ParallelCorpus
from common.ngram.kneser_ney import KneserNey
from common.phrase_based import phrase_table, tuning
from common.phrase_based.bitext import Bitext, Links, read_links
from common.phrase_based.decoder import Decoder, NBest
from common.phrase_based.options import LOCAL, Options, local_features, options_of
from common.phrase_based.symmetrise import align_both_ways
from common.search.ngram_automaton import compile_automaton

# where tuning starts: LOCAL, then the language model and distortion
START = np.array([0.2, 0.1, 0.2, 0.1, 0.0, -0.3, 0.5, 0.3])
SCATTER = 0.1  # of further starts around it


class Settings(NamedTuple):
    """Sizes of a system; the defaults are those of one that others are compared with."""

    longest_phrase: int = 5  # words
    options: int = 20  # translations per source phrase
    lm_order: int = 5
    distortion_limit: int = 6  # words
    stack: int = 50  # hypotheses per stack
    tuning_stack: int = 20  # the same while tuning
    paths: int = 200  # through the search graph, for n-best lists
    tuning_rounds: int = 4


def starts(count: int) -> np.ndarray:
    """Where tuning begins ``[count, F]``: at START, and always at the same places around it.

    What tuning finds depends on it a little, and so does a system's BLEU.
    """
    scatter = np.random.default_rng(0).normal(0, SCATTER, (count, len(START)))
    scatter[0] = 0
    return START + scatter


class PhraseSystem:
    """Built from the training text of a corpus that is loaded with all its words (no shortlist).

    Args:
        links: alignment of the training text; a file with one; None: aligned here.

    Raises:
        UserError: a file that does not fit the text, or a text without a phrase pair.
    """

    def __init__(self, corpus: ParallelCorpus, settings: Settings = Settings(), links: Links | Path | None = None):
        self.corpus, self.settings = corpus, settings
        text = Bitext.of((source[:-1], target[:-1]) for source, target in corpus.train)
        if isinstance(links, Path):
            links = read_links(links, text)
        self.links = links or align_both_ways(text, len(corpus.source), len(corpus.target))
        self.table = phrase_table.build(text, self.links, settings.longest_phrase)
        self.lm = compile_automaton(
            KneserNey(settings.lm_order, corpus.train.target, len(corpus.target), corpus.target.eos)
        )
        self.options = cache(self._options)

    def decoder(self, stack: int) -> Decoder:
        return Decoder(
            self.lm,
            self.corpus.target.eos,
            longest=self.settings.longest_phrase,
            stack=stack,
            distortion_limit=self.settings.distortion_limit,
        )

    def options_of(self, text: str) -> Options:
        """What a sentence as written may become. Raises UserError for one of more than 1,000 words."""
        written = self.corpus.source_tokeniser.tokenise(text)
        return options_of(
            self.corpus.encode_source(text)[:-1], written, self.table, self.corpus.target, self.settings.options
        )

    def _options(self, split: str) -> list[Options]:
        return [self.options_of(text) for text in self.corpus.sources(split)]

    def rows(self, *splits: str) -> np.ndarray:
        """The rows of the phrase table that the sentences of some splits may need, each once."""
        return np.unique(np.concatenate([options.row for split in splits for options in self.options(split)]))

    def lists(
        self,
        split: str,
        weights: np.ndarray,
        *,
        extra: np.ndarray | None = None,
        paths: int = 1,
        stack: int | None = None,
        count: int | None = None,
    ) -> list[NBest]:
        """The best translations of every sentence of ``valid`` or ``test``, or of the first ``count``.

        Args:
            extra: more scores of each row of the phrase table ``[P + 1, E]``; their weights stand behind the first
                ``len(LOCAL)``.
        """
        options = self.options(split)[:count]
        local = [local_features(each, self.table, extra) for each in options]
        return self.decoder(stack or self.settings.stack).translate_all(options, local, weights, paths)

    def tune(self, start: np.ndarray = START, *, extra: np.ndarray | None = None) -> np.ndarray:
        """Weights that give the validation text a high BLEU."""
        settings = self.settings
        weights, _ = tuning.decode_and_tune(
            lambda weights: self.lists(
                "valid", weights, extra=extra, paths=settings.paths, stack=settings.tuning_stack
            ),
            self.corpus.tokenised_references("valid"),
            start,
            rounds=settings.tuning_rounds,
        )
        return weights

    def with_extra(self, weights: np.ndarray, value: float = 0.1) -> np.ndarray:
        """A start for one more score of phrase pairs, from the weights of the system without it."""
        return np.insert(weights, len(weights) - (len(START) - len(LOCAL)), value)


def with_scores(lists: Sequence[NBest], score: Callable[[list[list[str]]], np.ndarray]) -> list[NBest]:
    """The same candidates with one more feature: ``score`` of a sentence's candidates ``[N]``."""
    return [found._replace(features=np.column_stack([found.features, score(found.words)])) for found in lists]


def tune_reranking(lists: Sequence[NBest], references: Sequence[Sequence[str]], start: np.ndarray) -> np.ndarray:
    """Weights that choose well among given candidates."""
    pool = tuning.Pool(references)
    pool.add(lists)
    return tuning.tune(pool, start)[0]


def rerank(lists: Sequence[NBest], weights: np.ndarray) -> list[list[str]]:
    """The best candidate of each sentence under these weights."""
    return [found.words[found.best(weights)] for found in lists]
