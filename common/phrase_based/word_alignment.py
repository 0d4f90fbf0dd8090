"""Which source word a target word comes from: IBM model 1, then a hidden Markov model of the positions.

Model 1 (Brown et al. 1993) learns t(target word | source word) from which words occur together and knows no order. The
Markov model (Vogel, Ney and Tillmann 1996) goes on from there: the position of the source word is a hidden state, and
how far it jumps from one target word to the next has a probability. Each target word may come from no source word (the
empty word); the position is then remembered (Och and Ney 2003, section 2.3). Both are trained by EM.
"""

import numpy as np

from common.compiled import compiled
from common.phrase_based.bitext import Bitext

EMPTY = 0.2  # probability of the empty word, as in Och and Ney (2003)
FARTHEST = 20  # longer jumps share one probability per direction
UNSEEN = 1e-7  # t of two words whose count vanished


class Cells:
    """Every (source word or empty word, target word) of every pair, and which word pair it is.

    ``cell`` ``[sum of T (S + 1)]``: per target word, the source words and then the empty word. ``t`` is a probability
    per word pair.
    """

    def __init__(self, text: Bitext, source_size: int):
        sources, targets = [], []
        for n in range(len(text)):
            source = np.append(text.source[text.source_starts[n] : text.source_starts[n + 1]], source_size)
            target = text.target[text.target_starts[n] : text.target_starts[n + 1]]
            sources.append(np.tile(source, len(target)))
            targets.append(np.repeat(target, len(source)))
        source, target = np.concatenate(sources), np.concatenate(targets)
        width = int(text.target.max()) + 1
        known, self.cell = np.unique(source * width + target, return_inverse=True)
        self.of_source = known // width
        lengths = np.diff(text.source_starts) + 1
        words = np.diff(text.target_starts)
        self.word = np.repeat(np.arange(len(text.target)), np.repeat(lengths, words))  # target word of each cell
        self.starts = np.concatenate([[0], np.cumsum(lengths * words)])  # [N + 1]
        self.t = np.ones(len(known))

    def normalise(self, count: np.ndarray) -> None:
        """t from expected counts."""
        self.t = np.maximum(count / np.bincount(self.of_source, count)[self.of_source], UNSEEN)

    def model1(self, iterations: int) -> None:
        for _ in range(iterations):
            weight = self.t[self.cell]
            weight /= np.bincount(self.word, weight)[self.word]  # how likely each source word gave this target word
            self.normalise(np.bincount(self.cell, weight))


def align(text: Bitext, source_size: int, *, model1: int = 5, hmm: int = 5) -> np.ndarray:
    """The most likely source position of every target word, -1 for the empty word ``[sum of T]``.

    Args:
        source_size: number of source word ids.
        model1, hmm: iterations of EM.
    """
    cells = Cells(text, source_size)
    cells.model1(model1)
    jumps = np.ones(2 * FARTHEST + 1)
    arrays = cells.cell, cells.starts, text.source_starts, text.target_starts
    for _ in range(hmm):
        counts, jumps = _expect(cells.t, jumps, *arrays)
        cells.normalise(counts)
        jumps = jumps / jumps.sum() + 1e-6
    return _best(np.log(cells.t), jumps, *arrays)


@compiled
def _transitions(jumps, length):
    """p(next position | position) ``[S + 1, S]``; row 0 is before the sentence, row i source word i - 1."""
    matrix = np.empty((length + 1, length))
    for before in range(length + 1):
        total = 0.0
        for after in range(length):
            jump = min(max(after + 1 - before, -FARTHEST), FARTHEST)
            matrix[before, after] = jumps[jump + FARTHEST]
            total += matrix[before, after]
        for after in range(length):
            matrix[before, after] *= (1 - EMPTY) / total
    return matrix


@compiled
def _expect(t, jumps, cell, starts, source_starts, target_starts):
    """E step: expected counts of word pairs ``[W]`` and of jumps, by the forward-backward algorithm.

    States 0 ... S - 1 are source words; S + i is the empty word with i words' positions remembered (0: none yet).
    """
    counts, jump_counts = np.zeros(len(t)), np.zeros(len(jumps))
    for n in range(len(starts) - 1):
        source, target = source_starts[n + 1] - source_starts[n], target_starts[n + 1] - target_starts[n]
        move = _transitions(jumps, source)
        emit = np.empty((target, source + 1))
        for j in range(target):
            for i in range(source + 1):
                emit[j, i] = t[cell[starts[n] + j * (source + 1) + i]]
        forward, backward = np.zeros((target, 2 * source + 1)), np.zeros((target, 2 * source + 1))
        before = np.zeros((target, source + 1))
        before[0, 0] = 1.0
        for j in range(target):
            total = 0.0
            for i in range(source + 1):  # i: the position remembered before, 0 for none
                if j:
                    before[j, i] = forward[j - 1, source + i]
                    if i:
                        before[j, i] += forward[j - 1, i - 1]
                if before[j, i] == 0.0:
                    continue
                forward[j, source + i] += before[j, i] * EMPTY * emit[j, source]
                for k in range(source):
                    forward[j, k] += before[j, i] * move[i, k] * emit[j, k]
            for state in range(2 * source + 1):
                total += forward[j, state]
            for state in range(2 * source + 1):
                forward[j, state] /= total
        for j in range(target - 1, -1, -1):
            total = 0.0
            for i in range(source + 1):
                if j == target - 1:
                    value = 1.0
                else:
                    value = EMPTY * emit[j + 1, source] * backward[j + 1, source + i]
                    for k in range(source):
                        value += move[i, k] * emit[j + 1, k] * backward[j + 1, k]
                backward[j, source + i] = value
                if i:
                    backward[j, i - 1] = value
            for state in range(2 * source + 1):
                total += forward[j, state] * backward[j, state]
            for state in range(2 * source + 1):
                backward[j, state] /= total
            for state in range(2 * source + 1):
                word = min(state, source)
                counts[cell[starts[n] + j * (source + 1) + word]] += forward[j, state] * backward[j, state]
        for j in range(target):
            total = 0.0
            for i in range(source + 1):
                total += before[j, i] * EMPTY * emit[j, source] * backward[j, source + i]
                for k in range(source):
                    total += before[j, i] * move[i, k] * emit[j, k] * backward[j, k]
            for i in range(source + 1):
                for k in range(source):
                    jump = min(max(k + 1 - i, -FARTHEST), FARTHEST)
                    jump_counts[jump + FARTHEST] += before[j, i] * move[i, k] * emit[j, k] * backward[j, k] / total
    return counts, jump_counts


@compiled
def _best(log_t, jumps, cell, starts, source_starts, target_starts):
    """The likeliest sequence of states (Viterbi)."""
    found = np.empty(target_starts[-1], np.int64)
    for n in range(len(starts) - 1):
        source, target = source_starts[n + 1] - source_starts[n], target_starts[n + 1] - target_starts[n]
        move = _transitions(jumps, source)
        for i in range(source + 1):
            for k in range(source):
                move[i, k] = np.log(move[i, k])
        score = np.full((target + 1, 2 * source + 1), -np.inf)  # row j: after j words
        came = np.zeros((target + 1, 2 * source + 1), np.int64)
        score[0, source] = 0.0
        for j in range(target):
            row = starts[n] + j * (source + 1)
            for state in range(2 * source + 1):
                if score[j, state] == -np.inf:
                    continue
                memory = state + 1 if state < source else state - source
                value = score[j, state] + np.log(EMPTY) + log_t[cell[row + source]]
                if value > score[j + 1, source + memory]:
                    score[j + 1, source + memory], came[j + 1, source + memory] = value, state
                for k in range(source):
                    value = score[j, state] + move[memory, k] + log_t[cell[row + k]]
                    if value > score[j + 1, k]:
                        score[j + 1, k], came[j + 1, k] = value, state
        state = 0
        for other in range(1, 2 * source + 1):
            if score[target, other] > score[target, state]:
                state = other
        for j in range(target, 0, -1):
            found[target_starts[n] + j - 1] = state if state < source else -1
            state = came[j, state]
    return found
