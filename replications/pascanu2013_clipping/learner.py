"""Many updates of one small network as machine code: what :mod:`.model` and :mod:`.update` say, for short sequences.

A call makes many updates on sequences that were drawn before, without the interpreter's lock, so that threads carry
trials. Arrays are float32 (or float64, in tests); the way back and the regulariser are those of ``model.Scan``.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from replications.pascanu2013_clipping.model import DEAD
from replications.pascanu2013_clipping.model_kernel import ONE, ZERO, backward, forward
from replications.pascanu2013_clipping.update import HUGE, SHRINK

LAST_CLASS, EVERY_CLASS, NUMBER = range(3)  # what a network answers: a class at the end, at every step, a number

TWO = np.float32(2)
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
    return Memory(
        states,
        *(np.zeros_like(states[1:]) for _ in range(3)),
        np.zeros((batch, outputs), states.dtype),
        np.zeros_like(weights.recurrent),
    )


def zeros(weights: Weights) -> Weights:
    return Weights(*(np.zeros_like(weight) for weight in weights))


@compiled
def enter(weights, index, value, drive):
    """``drive [T, B, H]`` by the inputs that are not zero, ``index`` and ``value [T, B, K]``."""
    steps, batch, inputs = index.shape
    for t in range(steps):
        for b in range(batch):
            driven = drive[t, b]
            driven[:] = ZERO
            for k in range(inputs):
                row, size = weights.input[index[t, b, k]], value[t, b, k]
                for i in range(len(driven)):
                    driven[i] += size * row[i]


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
        np.dot(left[t : t + group].reshape(now, hidden).T, right[t : t + group].reshape(now, hidden), outer)
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
    enter(weights, index, value, memory.blame)
    forward(memory.blame, weights.bias, weights.recurrent, memory.states, is_tanh)
    gradient.output[:], gradient.output_bias[:] = ZERO, ZERO
    memory.signals[:] = ZERO
    backwards = weights.output.T.copy()
    for t in range(0 if kind == EVERY_CLASS else steps - 1, steps):
        respond(weights, memory.states[t + 1], memory.answers)
        blame_answers(memory.answers, target[t if kind == EVERY_CLASS else 0], kind, share)
        gradient.output[:] += np.dot(memory.states[t + 1].T, memory.answers)
        for b in range(batch):
            gradient.output_bias[:] += memory.answers[b]
        np.dot(memory.answers, backwards, memory.signals[t])

    backward(memory.states, memory.signals, memory.blame, memory.carried, weights.recurrent, is_tanh)
    gradient.input[:], gradient.bias[:], gradient.recurrent[:] = ZERO, ZERO, ZERO
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            blamed = memory.blame[t, b]
            for i in range(hidden):
                gradient.bias[i] += blamed[i]
            for k in range(index.shape[2]):
                c, size = index[t, b, k], value[t, b, k]
                for i in range(hidden):
                    gradient.input[c, i] += size * blamed[i]
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
def step(weight, gradient, factor):
    """weight <- weight - factor gradient, of arrays of one dimension."""
    for i in range(len(weight)):
        weight[i] -= factor * gradient[i]


@compiled
def descend(weights, gradient, rate, threshold):
    """As :class:`.update.ClippedDescent`; returns the norm of the gradient before clipping."""
    norm = np.sqrt(squared_norm(gradient))
    if threshold < np.inf and not norm <= HUGE:
        weights.recurrent[:] *= np.float32(1 - rate * SHRINK)
        return norm
    factor = np.float32(rate * (threshold / norm) if norm > threshold else rate)
    step(weights.bias, gradient.bias, factor)
    step(weights.output_bias, gradient.output_bias, factor)
    for weight, change in (
        (weights.input, gradient.input),
        (weights.recurrent, gradient.recurrent),
        (weights.output, gradient.output),
    ):
        step(weight.reshape(-1), change.reshape(-1), factor)
    return norm


@compiled
def learn(weights, gradient, memory, index, value, target, kind, is_tanh, alpha, rate, threshold, norms):
    """An update for each B of the sequences ``index``, ``value [T, n, K]``, ``target [T or 1, n]``; fills ``norms``."""
    batch = memory.signals.shape[1]
    for n in range(len(norms)):
        part = slice(n * batch, (n + 1) * batch)
        differentiate(weights, gradient, memory, index[:, part], value[:, part], target[:, part], kind, is_tanh, alpha)
        norms[n] = descend(weights, gradient, rate, threshold)


@compiled
def count_wrong(weights, index, value, target, kind, is_tanh, enough):
    """How many sequences are answered wrongly (a number: with a squared error above ``enough``)."""
    batch = index.shape[1]
    states = np.zeros((2, batch, len(weights.bias)), weights.bias.dtype)  # before and after a step
    drive, answers = np.zeros_like(states[1:]), np.zeros((batch, len(weights.output_bias)), weights.bias.dtype)
    wrong = np.zeros(batch, np.bool_)
    for t in range(len(index)):
        enter(weights, index[t : t + 1], value[t : t + 1], drive)
        forward(drive, weights.bias, weights.recurrent, states, is_tanh)
        if kind == EVERY_CLASS or t == len(index) - 1:
            respond(weights, states[1], answers)
            expected = target[t if kind == EVERY_CLASS else 0]
            for b in range(batch):
                if kind == NUMBER:
                    wrong[b] |= not (answers[b, 0] - expected[b]) ** 2 <= enough
                else:
                    wrong[b] |= answers[b].argmax() != int(expected[b])
        states[0] = states[1]
    return wrong.sum()
