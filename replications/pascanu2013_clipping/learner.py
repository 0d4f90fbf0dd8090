"""Many updates of one small network as machine code: what :mod:`.model` and :mod:`.update` say, for short sequences.

A call makes many updates on sequences that were drawn before, without the interpreter's lock, so that threads carry
replicas. Arrays are float32 (or float64, in tests); the way back and the regulariser are those of ``model.Scan``.
"""

from typing import NamedTuple

import numpy as np

from common.cells.tanh import logistic, tanh
from common.compiled import compiled
from replications.pascanu2013_clipping.model import DEAD
from replications.pascanu2013_clipping.update import HUGE, SHRINK

LAST_CLASS, EVERY_CLASS, NUMBER = range(3)  # what a network answers: a class at the end, at every step, a number
UNCLIPPED, BY_NORM, BY_ELEMENT = range(3)

# Constants that leave float32 what it is.
ONE, TWO, ZERO = (np.float32(x) for x in (1, 2, 0))
ONE_THREAD = 250_000  # multiplications of a product of matrices


class Weights(NamedTuple):
    """``input [I, H]``, ``recurrent [H, H]``, ``bias [H]``, ``output [H, O]``, ``output_bias [O]``."""

    input: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray


class Memory(NamedTuple):
    """What an update needs for T steps of B sequences: ``states [T + 1, B, H]``, and ``[T, B, H]`` for the way back."""

    states: np.ndarray
    signals: np.ndarray  # d_t = dE / dh_t
    blame: np.ndarray  # d_t . act'
    carried: np.ndarray  # v_t = (d_{t+1} . act') W_rec^T
    answers: np.ndarray  # [B, O]
    outer: np.ndarray  # [H, H] a few steps' part of a gradient


def memory(weights: Weights, steps: int, batch: int) -> Memory:
    hidden, outputs = weights.output.shape
    states = np.zeros((steps + 1, batch, hidden), weights.bias.dtype)
    return Memory(states, *(np.zeros_like(states[1:]) for _ in range(3)), np.zeros((batch, outputs), states.dtype),
                  np.zeros_like(weights.recurrent))


def zeros(weights: Weights) -> Weights:
    return Weights(*(np.zeros_like(weight) for weight in weights))


@compiled
def forward(weights, before, state, index, value, is_tanh):
    """One step: ``state [B, H]`` after ``before``, of the inputs that are not zero, ``index`` and ``value [B, K]``."""
    np.dot(before, weights.recurrent, state)
    batch, hidden = state.shape
    for b in range(batch):
        for k in range(index.shape[1]):
            row, size = weights.input[index[b, k]], value[b, k]
            for i in range(hidden):
                state[b, i] += size * row[i]
        if is_tanh:
            for i in range(hidden):
                state[b, i] = tanh(state[b, i] + weights.bias[i])
        else:
            for i in range(hidden):
                state[b, i] = logistic(state[b, i] + weights.bias[i])


@compiled
def respond(weights, state, answers):
    """``answers [B, O]`` of ``state [B, H]``, before any softmax."""
    np.dot(state, weights.output, answers)
    answers += weights.output_bias


@compiled
def blame_answers(answers, target, kind, share):
    """Turns answers into dE / d(answer), E being the mean of the sequences' losses (each counts ``share``).

    The cross-entropy of a class, or the squared error of a number.
    """
    for b in range(len(answers)):
        if kind == NUMBER:
            answers[b, 0] = TWO * (answers[b, 0] - target[b]) * share
            continue
        top = answers[b].max()
        total = ZERO
        for k in range(answers.shape[1]):
            answers[b, k] = np.exp(answers[b, k] - top)
            total += answers[b, k]
        for k in range(answers.shape[1]):
            answers[b, k] *= share / total
        answers[b, int(target[b])] -= share


@compiled
def add_outer(total, left, right, outer):
    """Adds the outer products of ``left`` and ``right [T, B, H]`` to ``total [H, H]``, a few steps at a time.

    A BLAS would share a larger product among its own threads, with sums in another order.
    """
    steps, batch, hidden = left.shape
    group = max(1, ONE_THREAD // (hidden * hidden * batch))
    for t in range(0, steps, group):
        now = min(group, steps - t) * batch
        np.dot(left[t:t + group].reshape(now, hidden).T, right[t:t + group].reshape(now, hidden), outer)
        total += outer


@compiled
def regularise(memory, alpha):
    """Turns v_t, in ``carried``, into h_t + alpha dOmega / dv_t (:func:`.model.regulariser_left`)."""
    steps, batch, hidden = memory.signals.shape
    alive = 0
    for t in range(steps - 1):
        for b in range(batch):
            power, carried = ZERO, ZERO
            for i in range(hidden):
                power += memory.signals[t + 1, b, i] * memory.signals[t + 1, b, i]
                carried += memory.carried[t, b, i] * memory.carried[t, b, i]
            weight = ZERO
            if power > DEAD:
                alive += 1
                weight = np.float32(4) * (carried / power - ONE) / power
            for i in range(hidden):
                memory.carried[t, b, i] *= weight
    scale = np.float32(alpha / max(alive, 1))
    for t in range(steps - 1):
        for b in range(batch):
            for i in range(hidden):
                memory.carried[t, b, i] = memory.states[t + 1, b, i] + scale * memory.carried[t, b, i]


@compiled
def differentiate(weights, gradient, memory, index, value, target, kind, is_tanh, alpha):
    """Fills ``gradient`` for sequences ``index``, ``value [T, B, K]`` and ``target [T or 1, B]``.

    With ``alpha > 0`` that of W_rec has the regulariser's part, its immediate derivative (:class:`.model.Scan`).
    """
    steps, batch, hidden = memory.signals.shape
    share = ONE / np.float32(batch * len(target))
    gradient.output[:], gradient.output_bias[:] = ZERO, ZERO
    memory.signals[:] = ZERO
    backwards = weights.output.T.copy()
    for t in range(steps):
        forward(weights, memory.states[t], memory.states[t + 1], index[t], value[t], is_tanh)
        if kind == EVERY_CLASS or t == steps - 1:
            respond(weights, memory.states[t + 1], memory.answers)
            blame_answers(memory.answers, target[t if kind == EVERY_CLASS else 0], kind, share)
            gradient.output[:] += np.dot(memory.states[t + 1].T, memory.answers)
            for b in range(batch):
                gradient.output_bias[:] += memory.answers[b]
            np.dot(memory.answers, backwards, memory.signals[t])

    gradient.input[:], gradient.bias[:], gradient.recurrent[:] = ZERO, ZERO, ZERO
    backwards = weights.recurrent.T.copy()
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            for i in range(hidden):
                h = memory.states[t + 1, b, i]
                slope = ONE - h * h if is_tanh else h * (ONE - h)
                memory.blame[t, b, i] = memory.signals[t, b, i] * slope
                gradient.bias[i] += memory.blame[t, b, i]
            for k in range(index.shape[2]):
                c, size = index[t, b, k], value[t, b, k]
                for i in range(hidden):
                    gradient.input[c, i] += size * memory.blame[t, b, i]
        if t > 0:
            np.dot(memory.blame[t], backwards, memory.carried[t - 1])
            for b in range(batch):
                for i in range(hidden):
                    memory.signals[t - 1, b, i] += memory.carried[t - 1, b, i]
    if alpha > 0:
        regularise(memory, alpha)  # nothing stands left of the first step: h_0 = 0
        add_outer(gradient.recurrent, memory.carried[:-1], memory.blame[1:], memory.outer)
    else:
        add_outer(gradient.recurrent, memory.states[:-1], memory.blame, memory.outer)


@compiled
def squared_norm(gradient):
    total = 0.0
    for part in (gradient.input, gradient.recurrent, gradient.output):
        total += (part * part).sum()
    return total + (gradient.bias * gradient.bias).sum() + (gradient.output_bias * gradient.output_bias).sum()


@compiled
def step(weight, gradient, factor, bound):
    """weight <- weight - factor gradient, entries of the gradient within [-bound, bound]; arrays of one dimension."""
    for i in range(len(weight)):
        weight[i] -= factor * min(max(gradient[i], -bound), bound)


@compiled
def descend(weights, gradient, rate, clipping, threshold):
    """:func:`.update.descend` for one network; returns the norm of the gradient before clipping."""
    norm = np.sqrt(squared_norm(gradient))
    if clipping != UNCLIPPED and not norm <= HUGE:
        weights.recurrent[:] *= np.float32(1 - rate * SHRINK)
        return norm
    factor = np.float32(rate * min(1.0, threshold / norm) if clipping == BY_NORM and norm > 0 else rate)
    bound = np.float32(threshold if clipping == BY_ELEMENT else np.inf)
    step(weights.bias, gradient.bias, factor, bound)
    step(weights.output_bias, gradient.output_bias, factor, bound)
    for weight, change in ((weights.input, gradient.input), (weights.recurrent, gradient.recurrent),
                           (weights.output, gradient.output)):
        step(weight.reshape(-1), change.reshape(-1), factor, bound)
    return norm


@compiled
def learn(weights, gradient, memory, index, value, target, kind, is_tanh, alpha, rate, clipping, threshold, norms):
    """An update for each B of the sequences ``index``, ``value [T, n, K]``, ``target [T or 1, n]``; fills ``norms``."""
    batch = memory.signals.shape[1]
    for n in range(len(norms)):
        part = slice(n * batch, (n + 1) * batch)
        differentiate(weights, gradient, memory, index[:, part], value[:, part], target[:, part], kind, is_tanh, alpha)
        norms[n] = descend(weights, gradient, rate, clipping, threshold)


@compiled
def count_wrong(weights, index, value, target, kind, is_tanh, enough):
    """How many sequences are answered wrongly (a number: with a squared error above ``enough``)."""
    batch = index.shape[1]
    before = np.zeros((batch, len(weights.bias)), weights.bias.dtype)
    state, answers = np.zeros_like(before), np.zeros((batch, len(weights.output_bias)), weights.bias.dtype)
    wrong = np.zeros(batch, np.bool_)
    for t in range(len(index)):
        forward(weights, before, state, index[t], value[t], is_tanh)
        if kind == EVERY_CLASS or t == len(index) - 1:
            respond(weights, state, answers)
            expected = target[t if kind == EVERY_CLASS else 0]
            for b in range(batch):
                if kind == NUMBER:
                    wrong[b] |= not (answers[b, 0] - expected[b]) ** 2 <= enough
                else:
                    wrong[b] |= answers[b].argmax() != int(expected[b])
        before, state = state, before
    return wrong.sum()
