"""The phrase-based decoder: from options and weights to the best translations, with their features.

The model is log-linear (Och and Ney 2002): the score of a translation is the weighted sum of its features, each a
logarithm of a probability or a count. Adding a model to the system means adding a feature.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common.errors import UserError
from common.phrase_based.options import GLOBAL, Options
from common.phrase_based.search import alone, best_paths, search
from common.search.ngram_automaton import Automaton

HUGE = 1e4  # a weight beyond this is no weight
FARTHEST = 48  # a greater jump does not fit into the bits of a hypothesis, together with a phrase


class NBest(NamedTuple):
    """N different translations of a sentence, best first."""

    words: list[list[str]]
    features: np.ndarray  # [N, F] local features, then log p of the language model, then minus the words jumped over
    options: list[np.ndarray]  # of each, the options it is made of, in the order of the target

    def best(self, weights: np.ndarray) -> int:
        """Which one has the highest score; of equals, the first."""
        return int(np.argmax(self.features @ weights))


class Decoder:
    """Translates by stack search.

    Args:
        lm: automaton of a language model of the target.
        eos: ``</s>`` in it.
        longest: words of a phrase at most.
        stack: hypotheses kept per number of covered words.
        distortion_limit: how far the next phrase may begin from the end of the last one.

    Raises:
        UserError: a distortion limit or a phrase length beyond what a hypothesis can note down.
    """

    def __init__(self, lm: Automaton, eos: int, *, longest: int, stack: int = 100, distortion_limit: int = 6):
        if not 0 <= distortion_limit <= FARTHEST or not 1 <= longest <= 12:
            raise UserError(
                f"decoder: distortion_limit={distortion_limit} and longest_phrase={longest}; choose at "
                f"most {FARTHEST} and 12"
            )
        self.lm, self.eos, self.longest, self.stack, self.limit = lm, eos, longest, stack, distortion_limit

    def translate(self, options: Options, local: np.ndarray, weights: np.ndarray, paths: int = 1) -> NBest:
        """The translations along the best paths; several paths (cuts into phrases) may give the same one.

        Args:
            local: features of each option ``[O, L]``.
            weights: of these, of the language model and of distortion ``[L + 2]``.

        Raises:
            UserError: weights that are not numbers.
        """
        require_numbers(weights)
        width = local.shape[1]
        if not options.words:  # nothing to translate
            return NBest([[]], np.zeros((1, width + len(GLOBAL))), [np.zeros(0, np.int64)])
        score = local @ weights[:width]
        lm_weight, jump_weight = weights[width:]
        guess = score + lm_weight * alone(self.lm, *joined(options.target))
        span = options.start * self.longest + options.end - options.start - 1
        order = np.lexsort((-guess, span))
        first = np.searchsorted(span[order], np.arange(options.words * self.longest + 1))
        targets = joined([options.target[i] for i in order])
        graph = search(
            self.lm,
            self.eos,
            options.words,
            first,
            self.longest,
            *targets,
            score[order],
            guess[order],
            lm_weight,
            jump_weight,
            self.stack,
            self.limit,
        )
        chosen, log_p, jumps, _ = best_paths(*graph, options.words, paths)
        used = np.where(chosen >= 0, order[chosen], len(order))  # [N, options], padded with a last one that is nothing
        features = np.concatenate(
            [np.append(local, np.zeros((1, width)), 0)[used].sum(1), log_p[:, None], -jumps[:, None]], 1
        )
        written = [" ".join(text) for text in options.text]
        first_with: dict[str, int] = {}
        for i, row in enumerate(used.tolist()):
            first_with.setdefault(" ".join([written[option] for option in row if option < len(written)]), i)
        different = list(first_with.values())
        return NBest(
            [text.split(" ") for text in first_with],
            features[different],
            [used[i][used[i] < len(order)] for i in different],
        )

    def translate_all(
        self, options: Sequence[Options], local: Sequence[np.ndarray], weights: np.ndarray, paths: int = 1
    ) -> list[NBest]:
        """One list per sentence."""
        return [self.translate(each, features, weights, paths) for each, features in zip(options, local, strict=True)]


def joined(phrases: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The words of phrases, one after another, and where each begins."""
    return np.concatenate(phrases), np.concatenate([[0], np.cumsum([len(ids) for ids in phrases])])


def require_numbers(weights: np.ndarray) -> None:
    """Raises UserError for weights that are not finite, huge, or all zero: what they came from has diverged."""
    if not (np.abs(weights) < HUGE).all() or not np.any(weights):
        raise UserError(
            f"the weights of the log-linear model are {np.array2string(np.asarray(weights), precision=3)}: "
            "tuning has diverged; start it from finite weights, with more sentences or fewer features"
        )
