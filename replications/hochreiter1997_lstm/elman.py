"""The baseline for contrast: an Elman network, learning on-line by back-propagation through time, compiled.

The whole past of a sequence is kept and the error goes back through all of it; nothing is truncated. On its way from
one step to the one before, an error is multiplied by a weight and a slope of the logistic function, at most 1/4: with
weights of ordinary size it vanishes (1997, section 3.1). That is what the memory cells are for.

The same functions as in :mod:`replications.hochreiter1997_lstm.model` and in the learner, so that a trial may use
either network. ``train``, ``test`` and ``first_misprediction`` are written out here once more, since numba does not
cache compiled functions that are handed other ones.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.errors import UserError
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.learner import is_met, logistic


class Network(NamedTuple):
    """What does not change while a network learns."""

    inputs: int  # I
    hidden: int  # H
    outputs: int  # K


class Memory(NamedTuple):
    """What changes from sequence to sequence."""

    W: np.ndarray  # [H, I + H + 1] into the hidden units: inputs, hidden units one step before, bias
    V: np.ndarray  # [K, H + 1] into the outputs: hidden units, bias
    dW: np.ndarray  # sums of what is to be added to W
    dV: np.ndarray
    output: np.ndarray  # [K] y_k
    error: np.ndarray  # [K] target - y_k


def network(config: Config, inputs: int, outputs: int) -> Network:
    """The network of a setting: ``blocks * size`` hidden units.

    Raises:
        UserError: the setting asks for what only the LSTM learner can do.
    """
    if config.update == "step":
        raise UserError("cell: elman learns by back-propagation through time, which needs the whole sequence; "
                        "it cannot be used with update: step; set update: sequence")
    if config.grow:
        raise UserError("cell: elman has all its hidden units from the start; "
                        "it cannot be used with grow: true; set grow: false")
    return Network(inputs, config.blocks * config.size, outputs)


def parameters(net: Network) -> int:
    """How many weights there are."""
    return net.hidden * (net.inputs + net.hidden + 1) + net.outputs * (net.hidden + 1)


def initial(config: Config, net: Network, rng: np.random.Generator) -> Memory:
    """Weights, biases included, drawn from U[-init_range, init_range]."""
    W = rng.uniform(-config.init_range, config.init_range, (net.hidden, net.inputs + net.hidden + 1))
    V = rng.uniform(-config.init_range, config.init_range, (net.outputs, net.hidden + 1))
    return Memory(W, V, np.zeros(W.shape), np.zeros(V.shape), np.zeros(net.outputs), np.zeros(net.outputs))


@compiled
def step(network, memory, index, value, before, y):
    """One time step: the hidden units ``y [H]`` from those one step before and the inputs that are not 0."""
    W = memory.W
    for u in range(network.hidden):
        net = W[u, -1]
        for a in range(len(index)):
            net += W[u, index[a]] * value[a]
        for m in range(network.hidden):
            net += W[u, network.inputs + m] * before[m]
        y[u] = logistic(net)


@compiled
def respond(network, memory, y):
    """The outputs of a step whose hidden units are ``y``."""
    V = memory.V
    for k in range(network.outputs):
        net = V[k, -1]
        for u in range(network.hidden):
            net += V[k, u] * y[u]
        memory.output[k] = logistic(net)


@compiled
def blame(network, memory, y, back):
    """Adds the gradient of this step's squared error to dV, and its part for the hidden units to ``back [H]``
    (1997, equation 19)."""
    V, dV = memory.V, memory.dV
    for k in range(network.outputs):
        delta = memory.error[k] * memory.output[k] * (1.0 - memory.output[k])
        for u in range(network.hidden):
            back[u] += delta * V[k, u]
            dV[k, u] += delta * y[u]
        dV[k, -1] += delta


@compiled
def through_time(network, memory, index, value, hidden, back):
    """From the last step to the first, adds the gradient to dW (1997, section 3.1).

    Args:
        hidden: ``[T + 1, H]`` the hidden units; row 0 is their rest before the sequence.
        back: ``[T + 1, H]`` what :func:`blame` left for them, to which the errors from later steps are added.
    """
    W, dW, inputs = memory.W, memory.dW, network.inputs
    for t in range(len(index), 0, -1):
        for u in range(network.hidden):
            delta = back[t, u] * hidden[t, u] * (1.0 - hidden[t, u])
            for a in range(index.shape[1]):
                dW[u, index[t - 1, a]] += delta * value[t - 1, a]
            for m in range(network.hidden):
                dW[u, inputs + m] += delta * hidden[t - 1, m]
                back[t - 1, m] += delta * W[u, inputs + m]
            dW[u, -1] += delta


@compiled
def update(memory, rate):
    """Gradient descent with the collected sums, which start anew."""
    W, V, dW, dV = memory.W, memory.V, memory.dW, memory.dV
    W += rate * dW
    V += rate * dV
    dW[:] = 0.0
    dV[:] = 0.0


@compiled
def present(network, memory, index, value, following, target, learn, rate, every_step, last_only):
    """One sequence from a fresh start, after which the weights are updated; arguments and errors as in the learner.

    ``every_step`` is not looked at: :func:`network` refuses it.
    """
    steps = len(index)
    hidden, back = np.zeros((steps + 1, network.hidden)), np.zeros((steps + 1, network.hidden))
    worst, total, judged = 0.0, 0.0, 0
    for t in range(steps):
        step(network, memory, index[t], value[t], hidden[t], hidden[t + 1])
        if len(following) == 0 and t < steps - 1:
            continue
        respond(network, memory, hidden[t + 1])
        for k in range(network.outputs):
            wanted = target[k] if len(following) == 0 else 1.0 if following[t] == k else 0.0
            memory.error[k] = wanted - memory.output[k]
        if learn:
            blame(network, memory, hidden[t + 1], back[t + 1])
        if t == steps - 1 or not last_only:
            for k in range(network.outputs):
                worst = max(worst, abs(memory.error[k]))
                total += abs(memory.error[k])
            judged += network.outputs
    if learn:
        through_time(network, memory, index, value, hidden, back)
        update(memory, rate)
    return worst, total / judged


@compiled
def train(network, memory, window, criterion, index, value, length, following, target, rate, every_step, last_only):
    """Learns from N sequences in turn; returns early, True, when the criterion is met."""
    size = len(window.worst)
    for n in range(len(length)):
        steps = length[n]
        worst, mean = present(network, memory, index[n, :steps], value[n, :steps], following[n, :steps], target[n],
                              True, rate, every_step, last_only)
        place = window.count[0] % size
        window.worst[place], window.mean[place] = worst, mean
        window.count[0] += 1
        if worst < criterion.tolerance and is_met(window, criterion):
            return True
    return False


@compiled
def test(network, memory, criterion, index, value, length, following, target, worst, mean, last_only):
    """Errors of N sequences, weights fixed, into ``worst`` and ``mean`` ``[N]``.

    Returns:
        How many sequences were judged: all, or as many as it took to exceed the allowed wrong ones.
    """
    wrong = 0
    for n in range(len(length)):
        steps = length[n]
        worst[n], mean[n] = present(network, memory, index[n, :steps], value[n, :steps], following[n, :steps],
                                    target[n], False, 0.0, False, last_only)
        wrong += worst[n] >= criterion.tolerance
        if wrong > criterion.allowed:
            return n + 1
    return len(length)


@compiled
def first_misprediction(network, memory, index, value, length, legal):
    """The first of N strings in which some symbol is mispredicted, or N: the outputs of all legal next symbols must be
    larger than all others (1997, section 5.1)."""
    before, y = np.zeros(network.hidden), np.zeros(network.hidden)
    for n in range(len(length)):
        y[:] = 0.0
        for t in range(length[n]):
            before[:] = y
            step(network, memory, index[n, t], value[n, t], before, y)
            respond(network, memory, y)
            least_legal, most_illegal = 2.0, -1.0
            for k in range(network.outputs):
                if legal[n, t, k]:
                    least_legal = min(least_legal, memory.output[k])
                else:
                    most_illegal = max(most_illegal, memory.output[k])
            if least_legal <= most_illegal:
                return n
    return len(length)
