"""The hidden Markov model of the hybrid: a state per phone, a phone bigram, Viterbi (section 5.2).

A state is left with probability 1 / (mean duration of its phone). What the network gives is divided by the prior of the
label, so that it can stand for the likelihood of the frame (Bourlard and Morgan 1994): per phone the priors and the two
transitions are 3 x 61 = 183 numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.compiled import compiled
from common.data.speech.corpus import Utterance
from common.ngram.kneser_ney import KneserNey

FLAT_START_ROUNDS = 8


@dataclass(frozen=True)
class HMM:
    """K symbols, of which 0 (the blank of CTC, here the end of a sentence) is no state."""

    log_prior: np.ndarray  # [K]
    log_stay: np.ndarray  # [K]
    log_leave: np.ndarray  # [K]
    log_bigram: np.ndarray  # [K, K]: row 0 begins a sentence, column 0 ends it

    @classmethod
    def count(cls, utterances: Sequence[Utterance], alignments: Sequence[np.ndarray], symbols: int) -> "HMM":
        """Priors and durations from aligned frames, the bigram (modified Kneser-Ney) from the transcripts."""
        frames = np.bincount(np.concatenate(alignments), minlength=symbols) + 1.0
        segments = np.bincount(np.concatenate([one.labels for one in utterances]), minlength=symbols) + 1.0
        leave = np.minimum(segments / frames, 0.99)
        frames[0] = 1.0
        text = np.concatenate([np.append(one.labels, 0) for one in utterances])
        bigram = KneserNey(2, text, symbols, 0)
        rows = [bigram.distribution(np.array([label] if label else [], dtype=np.int64)) for label in range(symbols)]
        with np.errstate(divide="ignore"):
            return cls(
                np.log(frames / frames.sum()),
                np.log1p(-leave),
                np.log(leave),
                np.log(np.maximum(np.stack(rows), 1e-12)),
            )

    def align(self, log_likelihood: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The label of each frame ``[T]`` on the best path through ``labels`` in order, a frame at least for each."""
        return labels[_align(log_likelihood[:, labels], self.log_stay[labels], self.log_leave[labels])]

    def decode(self, log_likelihood: np.ndarray, bigram_weight: float) -> list[int]:
        """The phones of the best path of ``[T, K]`` (symbol 0 ignored)."""
        path = _viterbi(log_likelihood, self.log_stay, self.log_leave, bigram_weight * self.log_bigram)
        return path.tolist()


@compiled
def _align(emitted, stay, leave):
    steps, length = emitted.shape
    best = np.full((steps, length), -np.inf)
    advanced = np.zeros((steps, length), np.bool_)
    best[0, 0] = emitted[0, 0]
    for t in range(1, steps):
        for u in range(max(0, length - steps + t), min(length, t + 1)):
            best[t, u] = best[t - 1, u] + stay[u]
            if u and best[t - 1, u - 1] + leave[u - 1] > best[t, u]:
                best[t, u], advanced[t, u] = best[t - 1, u - 1] + leave[u - 1], True
            best[t, u] += emitted[t, u]
    path = np.empty(steps, np.int64)
    u = length - 1
    for t in range(steps - 1, -1, -1):
        path[t] = u
        if advanced[t, u]:
            u -= 1
    return path


@compiled
def _viterbi(emitted, stay, leave, bigram):
    steps, symbols = emitted.shape
    best = bigram[0] + emitted[0]
    best[0] = -np.inf
    entered = np.full((steps, symbols), -1, np.int64)  # the phone before, where a phone begins
    for t in range(1, steps):
        after = best + stay
        for k in range(1, symbols):
            for j in range(1, symbols):
                score = best[j] + leave[j] + bigram[j, k]
                if score > after[k]:
                    after[k], entered[t, k] = score, j
        best = after + emitted[t]
        best[0] = -np.inf
    k = 1
    for j in range(1, symbols):
        if best[j] + leave[j] + bigram[j, 0] > best[k] + leave[k] + bigram[k, 0]:
            k = j
    phones = np.empty(steps, np.int64)
    at = steps
    for t in range(steps - 1, -1, -1):
        if t == 0 or entered[t, k] >= 0:
            at -= 1
            phones[at] = k
            k = entered[t, k]
    return phones[at:]


def flat_start(utterances: Sequence[Utterance], symbols: int) -> list[np.ndarray]:
    """Alignments from nothing but transcripts: one Gaussian per phone, refined from phones of equal length.

    Viterbi training of a monophone model, for corpora whose boundaries nobody set by hand.
    """
    alignments = [one.labels[np.arange(one.frames) * len(one.labels) // one.frames] for one in utterances]
    for _ in range(FLAT_START_ROUNDS):
        hmm = HMM.count(utterances, alignments, symbols)
        gaussians = Gaussians(utterances, alignments, symbols)
        alignments = [hmm.align(gaussians(one.features), one.labels) for one in utterances]
    return alignments


class Gaussians:
    """A diagonal Gaussian per symbol, fitted to aligned frames."""

    def __init__(self, utterances: Sequence[Utterance], alignments: Sequence[np.ndarray], symbols: int):
        frames = np.concatenate([one.features for one in utterances]).astype(np.float64)
        labels = np.concatenate(alignments)
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels, minlength=symbols)
        ends = np.cumsum(counts)
        self.mean, self.precision = np.zeros((2, symbols, frames.shape[1]))
        for k in np.flatnonzero(counts):
            mine = frames[order[ends[k] - counts[k] : ends[k]]]
            self.mean[k], self.precision[k] = mine.mean(0), 1 / np.maximum(mine.var(0), 0.01)
        self.constant = 0.5 * np.log(np.maximum(self.precision, 1e-10)).sum(1)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """ln of the likelihood of each frame under each symbol, a constant apart ``[T, K]``."""
        x = features.astype(np.float64)
        scaled = self.mean * self.precision
        square = x**2 @ self.precision.T - 2 * x @ scaled.T + (self.mean * scaled).sum(1)
        return self.constant - square / 2
