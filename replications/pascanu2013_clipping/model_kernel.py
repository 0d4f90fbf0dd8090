"""The loops over time of :class:`.model.Scan` as machine code.

For few sequences, a call of a library for each step costs as much as half of its arithmetic.
"""

import numpy as np

from common.cells.tanh import logistic, tanh
from common.compiled import compiled

FEW = 8  # sequences
ONE, ZERO = np.float32(1), np.float32(0)


@compiled
def turned(matrix, yes):
    """``matrix``, or its transpose."""
    return matrix.T.copy() if yes else matrix


@compiled
def multiply(left, matrix, out):
    """``out [B, J] = left [B, H] matrix`` of ``matrix [H, J]``, which for few sequences is given transposed.

    They go four by four: each number read is used four times.
    """
    if len(left) > FEW:
        np.dot(left, matrix, out)
        return
    rows = matrix
    (batch, hidden), (outputs, _) = left.shape, rows.shape
    together = batch - batch % 4
    for b in range(0, together, 4):
        x0, x1, x2, x3 = left[b], left[b + 1], left[b + 2], left[b + 3]
        for j in range(0, outputs - outputs % 4, 4):
            w0, w1, w2, w3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = ZERO
            for i in range(hidden):
                w, x, y, z = w0[i], w1[i], w2[i], w3[i]
                a0, a1, a2, a3 = a0 + x0[i] * w, a1 + x0[i] * x, a2 + x0[i] * y, a3 + x0[i] * z
                b0, b1, b2, b3 = b0 + x1[i] * w, b1 + x1[i] * x, b2 + x1[i] * y, b3 + x1[i] * z
                c0, c1, c2, c3 = c0 + x2[i] * w, c1 + x2[i] * x, c2 + x2[i] * y, c3 + x2[i] * z
                d0, d1, d2, d3 = d0 + x3[i] * w, d1 + x3[i] * x, d2 + x3[i] * y, d3 + x3[i] * z
            out[b, j], out[b, j + 1], out[b, j + 2], out[b, j + 3] = a0, a1, a2, a3
            out[b + 1, j], out[b + 1, j + 1], out[b + 1, j + 2], out[b + 1, j + 3] = b0, b1, b2, b3
            out[b + 2, j], out[b + 2, j + 1], out[b + 2, j + 2], out[b + 2, j + 3] = c0, c1, c2, c3
            out[b + 3, j], out[b + 3, j + 1], out[b + 3, j + 2], out[b + 3, j + 3] = d0, d1, d2, d3
        for j in range(outputs - outputs % 4, outputs):
            for k in range(b, b + 4):
                out[k, j] = np.dot(left[k], rows[j])
    for b in range(together, batch):
        np.dot(rows, left[b], out[b])


@compiled
def forward(drive, bias, recurrent, states, is_tanh):
    """Fills ``states [T + 1, B, H]`` after the first from ``drive [T, B, H]``, ``bias [H]``, W_rec ``[H, H]``."""
    steps, batch, hidden = drive.shape
    matrix = turned(recurrent, batch <= FEW)
    for t in range(steps):
        multiply(states[t], matrix, states[t + 1])
        for b in range(batch):
            state, driven = states[t + 1, b], drive[t, b]
            for i in range(hidden):
                state[i] += driven[i]
            if is_tanh:
                for i in range(hidden):
                    state[i] = tanh(state[i] + bias[i])
            else:
                for i in range(hidden):
                    state[i] = logistic(state[i] + bias[i])


@compiled
def backward(states, signals, blame, carried, recurrent, is_tanh):
    """From dE/dh_t by the outputs alone, in ``signals [T, B, H]``, to d_t.

    Fills ``blame`` with d_t . act'_t and ``carried``, but for its last step, with v_t.
    """
    steps, batch, hidden = signals.shape
    matrix = turned(recurrent, batch > FEW)
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            state, d, blamed = states[t + 1, b], signals[t, b], blame[t, b]
            for i in range(hidden):
                blamed[i] = d[i] * (ONE - state[i] * state[i] if is_tanh else state[i] * (ONE - state[i]))
        if t:
            multiply(blame[t], matrix, carried[t - 1])
            for b in range(batch):
                earlier, back = signals[t - 1, b], carried[t - 1, b]
                for i in range(hidden):
                    earlier[i] += back[i]
