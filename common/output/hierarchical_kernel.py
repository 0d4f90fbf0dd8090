"""The walk down the tree of ``hierarchical.py`` as machine code: its losses, and gradients of what lies on the ways."""

import numpy as np

from common.compiled import compiled


@compiled
def losses(hidden, weight, direct, contexts, targets, first, nodes, right, loss, errors, by_hidden):
    """Fills ``loss [N]``, ``errors`` with P(right) - right of each choice, way after way, and ``by_hidden [N, H]``,
    which begins as zeros (no rows: it is not wanted)."""
    at, width = 0, hidden.shape[1]
    for n in range(len(targets)):
        total = 0.0
        for step in range(first[targets[n]], first[targets[n] + 1]):
            node = nodes[step]
            score = loss.dtype.type(0)
            for k in range(width):
                score += hidden[n, k] * weight[node, k]
            for k in range(contexts.shape[1]):
                score += direct[(contexts[n, k] + node) % len(direct), 0]
            against = -score if right[step] else score  # log1p(exp(x)) without overflow
            total += max(against, 0.0) + np.log1p(np.exp(-abs(against)))
            error = loss.dtype.type(1 / (1 + np.exp(-score))) - loss.dtype.type(right[step])
            errors[at] = error
            at += 1
            if len(by_hidden) > 0:
                for k in range(width):
                    by_hidden[n, k] += error * weight[node, k]
        loss[n] = total


@compiled
def places(targets, first, nodes, place):
    """Numbers the nodes that lie on a way, in ``place [V-1]``, which begins as -1; how many they are."""
    for n in range(len(targets)):
        for step in range(first[targets[n]], first[targets[n] + 1]):
            place[nodes[step]] = 0
    count = 0
    for node in range(len(place)):
        if place[node] == 0:
            place[node] = count
            count += 1
    return count


@compiled
def gradients(hidden, scale, contexts, targets, first, nodes, errors, place, rows, slots, by_slot, table):
    """Fills ``rows [U, H]``, which begin as zeros, with the gradients of the numbered nodes, and ``slots``, ``by_slot``
    with those of the direct connections, of which the table has ``table``; token n's loss counts ``scale[n]`` times."""
    at, width, slot = 0, hidden.shape[1], 0
    for n in range(len(targets)):
        for step in range(first[targets[n]], first[targets[n] + 1]):
            error = errors[at] * scale[n]
            row = place[nodes[step]]
            at += 1
            for k in range(width):
                rows[row, k] += error * hidden[n, k]
            for k in range(contexts.shape[1]):
                slots[slot] = (contexts[n, k] + nodes[step]) % table
                by_slot[slot, 0] = error
                slot += 1
