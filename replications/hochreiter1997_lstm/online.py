"""On-line learning: one sequence, one update, compiled for either network.

What is written here stands for the LSTM network and is compiled once more for Elman's, whose kernel has functions of
the same names. All of it handles one network and releases the interpreter's lock: networks learn side by side in
threads.
"""

from types import ModuleType, SimpleNamespace
from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from replications.hochreiter1997_lstm import elman_kernel
from replications.hochreiter1997_lstm import lstm_kernel as kernel


class Learning(NamedTuple):
    """How a network learns and is judged."""

    rate: float
    every_step: bool  # update the weights at each step, not at the end of a sequence
    last_only: bool  # judge the last step of a sequence only
    error_at_end: bool = False  # there is an error at the last step only, whatever the targets
    legal: bool = False  # the target is 1 for every symbol that may follow, not for the one that does


class Window(NamedTuple):
    """The errors of the last sequences, by which most experiments of 1997 stop."""

    worst: np.ndarray  # [window] largest absolute error of each
    mean: np.ndarray  # [window] mean absolute error of each
    count: np.ndarray  # [1] sequences so far


class Criterion(NamedTuple):
    """When a training is over, or a test is failed."""

    tolerance: float  # a sequence is wrong if an output is further than this from its target
    allowed: int  # wrong sequences
    mean_below: float  # the mean absolute error is below this


@compiled
def is_met(window, criterion):
    """The window is full, and its sequences meet the criterion."""
    size = len(window.worst)
    if window.count[0] < size:
        return False
    wrong, total = 0, 0.0
    for i in range(size):
        wrong += window.worst[i] >= criterion.tolerance
        total += window.mean[i]
        if wrong > criterion.allowed:
            return False
    return total / size < criterion.mean_below


def present(network, memory, sequences, n, learning, learn):
    """Sequence ``n`` from a fresh start; an update is the sum over all its steps (1997, appendix A.1).

    Returns:
        Largest, mean absolute and (of tests) mean squared error of the outputs, over the judged steps.
    """
    steps, outputs = sequences.length[n], memory.V.shape[0]
    index, value = sequences.index[n, :steps], sequences.value[n, :steps]
    following, legal, target = sequences.next[n, :steps], sequences.legal[n], sequences.target[n]
    past = kernel.past(network, steps)
    worst, total, squares, judged = 0.0, 0.0, 0.0, 0
    kernel.reset(memory)
    for t in range(steps):
        kernel.step(network, memory, index[t], value[t], learn)
        if t == steps - 1 or (len(following) > 0 and not learning.error_at_end):
            kernel.respond(network, memory, index[t], value[t])
            for k in range(outputs):
                if len(following) == 0:
                    wanted = target[k]
                else:
                    wanted = 1.0 if (legal[t, k] if learning.legal else following[t] == k) else 0.0
                memory.error[k] = wanted - memory.output[k]
            if learn:
                kernel.blame(network, memory, index[t], value[t])
                if learning.every_step:
                    kernel.update(network, memory, learning.rate)
            if t == steps - 1 or not learning.last_only:
                for k in range(outputs):
                    worst = max(worst, abs(memory.error[k]))
                    total += abs(memory.error[k])
                for k in range(0 if learn else outputs):
                    squares += memory.error[k] ** 2
                judged += outputs
        if learn:
            kernel.keep(memory, past, t)
    if learn and not learning.every_step:
        kernel.through_time(network, memory, index, value, past)
        kernel.update(network, memory, learning.rate)
    return worst, total / judged, squares / judged


def train(network, memory, sequences, learning, window, criterion):
    """Learns from N sequences in turn; returns early, True, when the criterion is met."""
    size = len(window.worst)
    for n in range(len(sequences.length)):
        worst, mean, _ = present(network, memory, sequences, n, learning, True)
        place = window.count[0] % size
        window.worst[place], window.mean[place] = worst, mean
        window.count[0] += 1
        if worst < criterion.tolerance and is_met(window, criterion):
            return True
    return False


def test(network, memory, sequences, learning, criterion, errors):
    """Judges N sequences, weights fixed: largest, mean absolute and mean squared error into ``errors [3, N]``.

    Returns:
        How many sequences were judged: all, or as many as it took to exceed the allowed wrong ones.
    """
    wrong = 0
    for n in range(len(sequences.length)):
        errors[0, n], errors[1, n], errors[2, n] = present(network, memory, sequences, n, learning, False)
        wrong += errors[0, n] >= criterion.tolerance
        if wrong > criterion.allowed:
            return n + 1
    return len(sequences.length)


@compiled
def stand_out(output, legal):
    """Whether the outputs of all legal symbols are larger than all others."""
    least_legal, most_illegal = 2.0, -1.0
    for k in range(len(output)):
        if legal[k]:
            least_legal = min(least_legal, output[k])
        else:
            most_illegal = max(most_illegal, output[k])
    return least_legal > most_illegal


def first_misprediction(network, memory, sequences):
    """The first of N strings in which some symbol is mispredicted, or N: the outputs of all legal next symbols must be
    larger than all others (1997, section 5.1)."""
    for n in range(len(sequences.length)):
        kernel.reset(memory)
        for t in range(sequences.length[n]):
            index, value, legal = sequences.index[n, t], sequences.value[n, t], sequences.legal[n, t]
            kernel.step(network, memory, index, value, False)
            kernel.respond(network, memory, index, value)
            if not stand_out(memory.output, legal):
                return n
    return len(sequences.length)


def learner(network: ModuleType) -> SimpleNamespace:
    """``train``, ``test`` and ``first_misprediction``, compiled for the network whose functions a kernel has."""
    one = compiled(present, kernel=network)
    return SimpleNamespace(
        train=compiled(train, present=one),
        test=compiled(test, present=one),
        first_misprediction=compiled(first_misprediction, kernel=network),
    )


LSTM, ELMAN = learner(kernel), learner(elman_kernel)
