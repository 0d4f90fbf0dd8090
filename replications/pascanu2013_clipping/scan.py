"""The loops over time of ``model.Scan`` as machine code, for few sequences.

Each sequence is a product of a vector and a matrix then, which a library's products of matrices do not make faster, and
a call of the library for each step costs as much as half of its arithmetic.
"""

import numpy as np
import torch
from torch import Tensor

from common.cells.tanh import logistic, tanh
from common.compiled import compiled

FEW = 8  # sequences of a replica


def suits(drive: Tensor) -> bool:
    """Whether ``[T, R, B, H]`` is for these loops: few sequences, in single precision, on a CPU."""
    return drive.shape[2] <= FEW and drive.dtype == torch.float32 and drive.device.type == "cpu"


@compiled
def forward(drive, recurrent, start, states, is_tanh):
    """Fills ``states`` from ``drive [T, R, B, H]``, ``recurrent [R, H, H]`` and ``start [R, B, H]``."""
    steps, replicas, batch, hidden = drive.shape
    for t in range(steps):
        before = states[t - 1] if t else start
        for r in range(replicas):
            for b in range(batch):
                state, driven = states[t, r, b], drive[t, r, b]
                np.dot(before[r, b], recurrent[r], state)
                if is_tanh:
                    for i in range(hidden):
                        state[i] = tanh(state[i] + driven[i])
                else:
                    for i in range(hidden):
                        state[i] = logistic(state[i] + driven[i])


@compiled
def backward(signals, blame, carried, transposed):
    """From dE/dh_t by the outputs alone and act', in ``signals`` and ``blame [T, R, B, H]``, to d_t and d_t . act'.

    Fills ``carried`` with v_t; ``transposed [R, H, H]`` is W_rec^T.
    """
    steps, replicas, batch, hidden = signals.shape
    for t in range(steps - 1, -1, -1):
        for r in range(replicas):
            for b in range(batch):
                d, blamed = signals[t, r, b], blame[t, r, b]
                for i in range(hidden):
                    blamed[i] *= d[i]
                if t:
                    earlier, back = signals[t - 1, r, b], carried[t - 1, r, b]
                    np.dot(blamed, transposed[r], back)
                    for i in range(hidden):
                        earlier[i] += back[i]
