"""The baseline for contrast: one small Elman network, compiled, and back-propagation through time.

The whole past of a sequence is kept and the error goes back through all of it; nothing is truncated. On its way from
one step to the one before, an error is multiplied by a weight and a slope of the logistic function, at most 1/4: with
weights of ordinary size it vanishes (1997, section 3.1). That is what the memory cells are for.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.errors import UserError
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.lstm_kernel import blame_outputs, logistic
from replications.hochreiter1997_lstm.lstm_kernel import respond as respond  # the outputs are the same
from replications.hochreiter1997_lstm.lstm_kernel import update as update


class Network(NamedTuple):
    """What does not change while a network learns."""

    inputs: int  # I
    hidden: int  # H
    output_slope: bool
    present: np.ndarray  # [H, I + H + 1] 1 where W has a connection: everywhere
    present_out: np.ndarray  # [K, H + I + 1]


class Memory(NamedTuple):
    """What changes from step to step."""

    W: np.ndarray  # [H, I + H + 1] into the hidden units: inputs, hidden units one step before, bias
    V: np.ndarray  # [K, H + I + 1] into the outputs: hidden units, inputs (0 without shortcuts), bias
    dW: np.ndarray  # sums of what is to be added to W
    dV: np.ndarray
    hidden: np.ndarray  # [H] activations y
    before: np.ndarray  # [H] activations one step before
    back: np.ndarray  # [H] this step's part of the error of each hidden unit
    output: np.ndarray  # [K] y_k
    error: np.ndarray  # [K] target - y_k


def network(config: Config, inputs: int, outputs: int) -> Network:
    """The network of a setting: ``blocks * size`` hidden units.

    Raises:
        UserError: the setting asks for what only the LSTM network can do.
    """
    if config.update == "step":
        raise UserError(
            "cell: elman learns by back-propagation through time, which needs the whole sequence; "
            "it cannot be used with update: step; set update: sequence"
        )
    if config.grow:
        raise UserError(
            "cell: elman has all its hidden units from the start; it cannot be used with grow: true; set grow: false"
        )
    hidden = config.blocks * config.size
    present_out = np.ones((outputs, hidden + inputs + 1))
    present_out[:, hidden:-1] = config.outputs_see_inputs
    return Network(inputs, hidden, config.output_slope, np.ones((hidden, inputs + hidden + 1)), present_out)


def parameters(net: Network) -> int:
    """How many weights there are."""
    return int(net.present.sum() + net.present_out.sum())


def initial(config: Config, net: Network, rng: np.random.Generator) -> Memory:
    """Weights, biases included, drawn from U[-init_range, init_range]."""
    W = rng.uniform(-config.init_range, config.init_range, (net.hidden, net.inputs + net.hidden + 1))
    V = np.zeros(net.present_out.shape)
    V[net.present_out == 1] = rng.uniform(-config.init_range, config.init_range, int(net.present_out.sum()))
    hidden, before, back = np.zeros((3, net.hidden))
    return Memory(W, V, np.zeros(W.shape), np.zeros(V.shape), hidden, before, back, *np.zeros((2, len(V))))


@compiled
def reset(memory):
    """The start of a sequence: no activation."""
    memory.hidden[:] = 0.0


@compiled
def step(network, memory, index, value, learn):
    """One time step: the hidden units from those one step before and the inputs that are not 0.

    Args:
        index, value: ``[A]`` the inputs that are not 0.
    """
    W, y, before = memory.W, memory.hidden, memory.before
    for u in range(network.hidden):
        before[u], memory.back[u] = y[u], 0.0
    for u in range(network.hidden):
        net = W[u, -1]
        for a in range(len(index)):
            net += W[u, index[a]] * value[a]
        for m in range(network.hidden):
            net += W[u, network.inputs + m] * before[m]
        y[u] = logistic(net)


@compiled
def blame(network, memory, index, value):
    """Adds the gradient of this step's squared error to dV, and its part for the hidden units to ``back``
    (1997, equation 19)."""
    blame_outputs(network, memory, index, value, memory.back)


@compiled
def past(network, steps):
    """``[2, T + 1, H]`` room for the hidden units and their errors; row 0 is their rest before the sequence."""
    return np.zeros((2, steps + 1, network.hidden))


@compiled
def keep(memory, past, t):
    """Keeps this step."""
    for u in range(len(memory.hidden)):
        past[0, t + 1, u], past[1, t + 1, u] = memory.hidden[u], memory.back[u]


@compiled
def through_time(network, memory, index, value, past):
    """From the last step to the first, adds the gradient to dW (1997, section 3.1)."""
    W, dW, inputs, hidden, back = memory.W, memory.dW, network.inputs, past[0], past[1]
    for t in range(len(index), 0, -1):
        for u in range(network.hidden):
            delta = back[t, u] * hidden[t, u] * (1.0 - hidden[t, u])
            for a in range(index.shape[1]):
                dW[u, index[t - 1, a]] += delta * value[t - 1, a]
            for m in range(network.hidden):
                dW[u, inputs + m] += delta * hidden[t - 1, m]
                back[t - 1, m] += delta * W[u, inputs + m]
            dW[u, -1] += delta
