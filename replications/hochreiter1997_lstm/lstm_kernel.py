"""One small LSTM network, compiled: its steps and the learning algorithm of the appendix of the 1997 paper.

The truncated gradient needs no pass backwards in time. An error that reaches a memory cell stays in it, so all that a
weight into a cell or its input gate must remember of the past is one number per cell, the partial derivative of the
cell's state, which is carried forward beside the state. The cost of a step does not depend on its place in the
sequence, and nothing is stored.

The network's weights are two matrices (see :func:`common.cells.lstm.connections`): ``W [U, I + U + 1]`` into the U
hidden units (cells, input gates, output gates, forget gates) from the I inputs, the hidden units one step before and
the bias; ``V [K, C + I + 1]`` into the K outputs from the C cells, the inputs and the bias. Absent connections are 0.

The same cell, to be read, is :mod:`common.cells.lstm`. Sequences are presented by
:mod:`replications.hochreiter1997_lstm.online`, streams by :mod:`replications.hochreiter1997_lstm.streams`.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled


class Network(NamedTuple):
    """What does not change while a network learns. Offsets are rows of W; -1 where there are no such gates."""

    blocks: int  # J
    size: int  # S cells in a block
    inputs: int  # I
    recurrent: int  # so many hidden units are seen one step later: none, the cells, or all
    output_gates: int
    forget_gates: int
    decay: float  # the state is multiplied by it at every step; 1 in the papers' own networks
    g: tuple[float, float]  # the range of a cell's squashed input, whatever the logistic function gives stretched to it
    h: tuple[float, float]  # the same of its output; two equal ends: the identity
    output_slope: bool  # errors of outputs are multiplied by the slope of their logistic function, as printed
    present: np.ndarray  # [U, I + U + 1] 1 where W has a connection, else 0
    present_out: np.ndarray  # [K, C + I + 1]


class Memory(NamedTuple):
    """What changes from step to step."""

    W: np.ndarray  # [U, I + U + 1]
    V: np.ndarray  # [K, C + I + 1]
    dW: np.ndarray  # sums of what is to be added to W
    dV: np.ndarray
    state: np.ndarray  # [C] s_c
    hidden: np.ndarray  # [U] activations y
    before: np.ndarray  # [U] activations one step before
    squashed: np.ndarray  # [C] h(s_c)
    carried: np.ndarray  # [3, C, I + U + 1] ds_c/dw for the weights into the cell, its input gate, its forget gate
    output: np.ndarray  # [K] y_k
    error: np.ndarray  # [K] target - y_k


@compiled
def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


@compiled
def squash(x, ends):
    low, high = ends
    return x if low == high else low + (high - low) * logistic(x)


@compiled
def slope(y, ends):
    """The derivative of :func:`squash` where it gives y."""
    low, high = ends
    return 1.0 if low == high else (y - low) * (high - y) / (high - low)


@compiled
def reset(memory):
    """The start of a sequence: no activation, no state, no past."""
    memory.state[:] = 0.0
    memory.hidden[:] = 0.0
    memory.carried[:] = 0.0


@compiled
def step(network, memory, index, value, learn):
    """One time step: activations of the hidden units, states, and their derivatives (1997, appendix A.1).

    Args:
        index, value: ``[A]`` the inputs that are not 0.
    """
    cells, inputs, size = network.blocks * network.size, network.inputs, network.size
    W, y, before, carried = memory.W, memory.hidden, memory.before, memory.carried
    before[:] = y
    for u in range(W.shape[0]):  # net(t)
        net = W[u, -1]
        for a in range(len(index)):
            net += W[u, index[a]] * value[a]
        for m in range(network.recurrent):
            net += W[u, inputs + m] * before[m]
        y[u] = net if u < cells else logistic(net)
    for c in range(cells):
        block = c // size
        y_in = y[cells + block]
        y_out = y[network.output_gates + block] if network.output_gates >= 0 else 1.0
        y_forget = y[network.forget_gates + block] if network.forget_gates >= 0 else 1.0
        keep = y_forget * network.decay
        g = squash(y[c], network.g)
        s = memory.state[c]
        if learn:
            by_cell, by_input_gate = slope(g, network.g) * y_in, g * y_in * (1.0 - y_in)
            by_forget_gate = s * network.decay * y_forget * (1.0 - y_forget)
            for kind in range(3 if network.forget_gates >= 0 else 2):
                by = by_cell if kind == 0 else by_input_gate if kind == 1 else by_forget_gate
                if keep != 1.0:
                    for m in range(inputs + network.recurrent):
                        carried[kind, c, m] *= keep
                    carried[kind, c, -1] *= keep
                for a in range(len(index)):
                    carried[kind, c, index[a]] += by * value[a]
                for m in range(network.recurrent):
                    carried[kind, c, inputs + m] += by * before[m]
                carried[kind, c, -1] += by
        s = keep * s + y_in * g
        memory.state[c] = s
        memory.squashed[c] = squash(s, network.h)
        y[c] = y_out * memory.squashed[c]


@compiled
def respond(network, memory, index, value):
    """The outputs of this step (1997, equation for y_k): logistic units that see the cells, perhaps the inputs."""
    V, y = memory.V, memory.hidden
    seen = V.shape[1] - network.inputs - 1
    for k in range(V.shape[0]):
        net = V[k, -1]
        for c in range(seen):
            net += V[k, c] * y[c]
        for a in range(len(index)):
            net += V[k, seen + index[a]] * value[a]
        memory.output[k] = logistic(net)


@compiled
def blame_outputs(network, memory, index, value, back):
    """Adds the gradient of this step's squared error to dV, and to ``back`` the error of each unit that outputs see."""
    V, dV, y = memory.V, memory.dV, memory.hidden
    seen = V.shape[1] - network.inputs - 1
    for k in range(V.shape[0]):
        delta = memory.error[k]
        if network.output_slope:
            delta = memory.error[k] * memory.output[k] * (1.0 - memory.output[k])
        for c in range(seen):
            back[c] += delta * V[k, c]
            dV[k, c] += delta * y[c]
        for a in range(len(index)):
            dV[k, seen + index[a]] += delta * value[a]
        dV[k, -1] += delta


@compiled
def blame(network, memory, index, value):
    """Adds the truncated gradient of this step's squared error to dW and dV (1997, appendix A.1)."""
    inputs, size, dW, carried = network.inputs, network.size, memory.dW, memory.carried
    cells, y = network.blocks * size, memory.hidden
    back = np.zeros(cells)
    blame_outputs(network, memory, index, value, back)
    for block in range(network.blocks):
        y_out = 1.0
        if network.output_gates >= 0:
            gate = network.output_gates + block
            y_out, delta = y[gate], 0.0
            for c in range(block * size, (block + 1) * size):
                delta += memory.squashed[c] * back[c]
            delta *= y_out * (1.0 - y_out)
            for a in range(len(index)):
                dW[gate, index[a]] += delta * value[a]
            for m in range(network.recurrent):
                dW[gate, inputs + m] += delta * memory.before[m]
            dW[gate, -1] += delta
        for c in range(block * size, (block + 1) * size):
            # e_s: enters the carousel here and does not change on its way back
            error = y_out * slope(memory.squashed[c], network.h) * back[c]
            for m in range(dW.shape[1]):
                dW[c, m] += error * carried[0, c, m]
                dW[cells + block, m] += error * carried[1, c, m]
            if network.forget_gates >= 0:
                for m in range(dW.shape[1]):
                    dW[network.forget_gates + block, m] += error * carried[2, c, m]


@compiled
def update(network, memory, rate):
    """Gradient descent with the collected sums, which start anew."""
    W, V, dW, dV = memory.W, memory.V, memory.dW, memory.dV
    for u in range(W.shape[0]):
        for m in range(W.shape[1]):
            W[u, m] += rate * dW[u, m] * network.present[u, m]
            dW[u, m] = 0.0
    for k in range(V.shape[0]):
        for m in range(V.shape[1]):
            V[k, m] += rate * dV[k, m] * network.present_out[k, m]
            dV[k, m] = 0.0


@compiled
def past(network, steps):
    """Nothing: all that the truncated gradient needs of the past is carried forward."""
    return 0


@compiled
def keep(memory, past, t):
    """Nothing."""


@compiled
def through_time(network, memory, index, value, past):
    """Nothing: the gradient is complete at every step."""
