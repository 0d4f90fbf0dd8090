"""The networks of ``model.py`` learning, compiled: an update after every step."""

from math import exp

import numpy as np

from common.compiled import compiled

CONTEXTS = ("elman", "frozen", "jordan_own", "jordan_targets")


@compiled
def learn(hidden, b, output, d, context, inputs, targets, kind, decay, rate):
    """One pass of gradient descent on half the squared error; weights and ``context`` change in place.

    Args:
        hidden, b: W U ``[H, K + C]`` and its bias ``[H]``.
        output, d: V ``[K, H]`` and its bias ``[K]``.
        context: c ``[C]``.
        inputs, targets: ``[N, K]``.
        kind: a place in ``CONTEXTS``.

    Returns:
        The sum of the squared errors.
    """
    units, size, squares = len(b), len(d), 0.0
    read, h, back, y = np.empty(hidden.shape[1]), np.empty(units), np.empty(units), np.empty(size)
    for t in range(len(inputs)):
        read[:size], read[size:] = inputs[t], context
        for u in range(units):
            net = b[u]
            for j in range(len(read)):
                net += hidden[u, j] * read[j]
            h[u] = 1.0 / (1.0 + exp(-net))
        back[:] = 0.0
        for k in range(size):
            net = d[k]
            for u in range(units):
                net += output[k, u] * h[u]
            y[k] = 1.0 / (1.0 + exp(-net))
            error = targets[t, k] - y[k]
            squares += error * error
            delta = error * y[k] * (1.0 - y[k])
            for u in range(units):
                back[u] += delta * output[k, u]
                output[k, u] += rate * delta * h[u]
            d[k] += rate * delta
        for u in range(units):
            step = rate * back[u] * h[u] * (1.0 - h[u])
            for j in range(len(read)):
                hidden[u, j] += step * read[j]
            b[u] += step
        if kind == 0:
            context[:] = h
        elif kind > 1:
            for k in range(size):
                context[k] = decay * context[k] + (y[k] if kind == 2 else targets[t, k])
    return squares
