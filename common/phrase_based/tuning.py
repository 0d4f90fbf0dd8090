"""Weights of a log-linear model that maximise BLEU, found on lists of candidates.

The papers' minimum error rate training (Och 2003) maximises the BLEU of the best candidate of each sentence: a step
function, whose best step on a few hundred sentences is partly luck. We maximise the BLEU of the *expected* counts
under p(candidate) = softmax(weights . features) instead (minimum risk: Smith and Eisner 2006): a smooth function with
a gradient, and nothing random. As the weights grow, p settles on the best candidate, and the two become the same.

New weights give new candidates, so decoding and tuning take turns, and candidates are kept.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from common.errors import UserError
from common.metrics.bleu_statistics import ORDER, statistics
from common.phrase_based.decoder import NBest, require_numbers

SHRINK = 0.0001  # of log BLEU per squared weight, each in units of its feature's spread: keeps a useless feature at 0


class Pool:
    """The candidates of N sentences that were found so far, each with its features and BLEU counts."""

    def __init__(self, references: Sequence[Sequence[str]]):
        self.references = references
        self.seen: list[set[bytes]] = [set() for _ in references]
        self.features: list[list[np.ndarray]] = [[] for _ in references]
        self.counts: list[list[np.ndarray]] = [[] for _ in references]

    def add(self, lists: Sequence[NBest]) -> int:
        """How many of the candidates are new."""
        new = 0
        for n, found in enumerate(lists):
            fresh = []
            for i, (words, features) in enumerate(zip(found.words, found.features, strict=True)):
                key = "\0".join(words).encode() + np.round(features, 5).tobytes()
                if key not in self.seen[n]:
                    self.seen[n].add(key)
                    fresh.append(i)
            if fresh:
                self.features[n].append(found.features[fresh])
                self.counts[n].append(statistics([found.words[i] for i in fresh], self.references[n]))
            new += len(fresh)
        return new

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features ``[C, F]`` and counts ``[C, 9]`` of all candidates, and where each sentence's begin ``[N + 1]``.

        Raises:
            UserError: a feature that is not a number.
        """
        features = np.concatenate([part for sentence in self.features for part in sentence])
        if not np.isfinite(features).all():
            raise UserError("tuning: a feature of a candidate is not a number; a model gives a probability of 0")
        counts = np.concatenate([part for sentence in self.counts for part in sentence])
        sizes = [sum(map(len, sentence)) for sentence in self.counts]
        return features, counts, np.concatenate([[0], np.cumsum(sizes)])


def tune(pool: Pool, start: np.ndarray) -> tuple[np.ndarray, float]:
    """The best weights on a pool, and the BLEU in percent that they give in expectation.

    Raises:
        UserError: weights that are not finite at the start, or grow without limit.
    """
    features, counts, starts = pool.arrays()
    require_numbers(start)
    sentence = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    centred = features - (np.add.reduceat(features, starts[:-1]) / np.diff(starts)[:, None])[sentence]
    spread = centred.std(0)
    spread[spread == 0] = 1.0  # the same in all candidates of a sentence: any weight will do
    centred = centred / spread

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = log_bleu(centred, counts, starts, sentence, weights)
        return SHRINK * weights @ weights - value, 2 * SHRINK * weights - slope

    found = minimize(loss, start * spread, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights = found.x / spread
    require_numbers(weights)
    return weights, 100 * float(np.exp(log_bleu(centred, counts, starts, sentence, found.x)[0]))


def log_bleu(
    features: np.ndarray, counts: np.ndarray, starts: np.ndarray, sentence: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """The logarithm of BLEU of the expected counts, and its gradient ``[F]``.

    Args:
        features, counts: of all candidates ``[C, F]``, ``[C, 9]``.
        starts: where each sentence's begin ``[N + 1]``.
        sentence: of each candidate ``[C]``.
    """
    score = features @ weights
    p = np.exp(score - np.maximum.reduceat(score, starts[:-1])[sentence])
    p /= np.add.reduceat(p, starts[:-1])[sentence]
    expected = p @ counts
    matching, all_, words = expected[:ORDER] + 1e-9, expected[ORDER : 2 * ORDER] + 1e-9, expected[-1]
    shortage = min(0.0, 1 - words / all_[0])
    slope = np.zeros(len(expected))  # of log BLEU, by each count
    slope[:ORDER], slope[ORDER : 2 * ORDER] = 1 / (ORDER * matching), -1 / (ORDER * all_)
    if shortage < 0:
        slope[ORDER] += words / all_[0] ** 2
    gain = counts @ slope
    gain -= np.add.reduceat(p * gain, starts[:-1])[sentence]
    return float(np.log(matching / all_).mean() + shortage), features.T @ (p * gain)


def decode_and_tune(
    decode: Callable[[np.ndarray], list[NBest]], references: Sequence[Sequence[str]], start: np.ndarray, *, rounds: int
) -> tuple[np.ndarray, float]:
    """Weights and their expected BLEU: decodes with the present weights, adds the candidates to those of before, tunes
    on all of them; until nothing new is found, or for so many rounds.

    Raises:
        UserError: no round, or weights that diverge.
    """
    if rounds < 1:
        raise UserError(f"tuning: {rounds} rounds; at least one is needed")
    pool = Pool(references)
    weights, bleu = np.asarray(start, float), 0.0
    for _ in range(rounds):
        if not pool.add(decode(weights)):
            break
        weights, bleu = tune(pool, weights)
    return weights, bleu
