"""Points of many dimensions as a picture: t-SNE (van der Maaten and Hinton 2008), computed exactly.

The paper uses an approximation for many points (Barnes-Hut-SNE); for a few hundred there is nothing to approximate.
"""

import numpy as np


def neighbours(points: np.ndarray, perplexity: float) -> np.ndarray:
    """How much each point takes each other for a neighbour, symmetric, sum 1 ``[N, N]``: equations 1 and 4."""
    square = ((points[:, None] - points) ** 2).sum(2)
    p = np.zeros_like(square)
    for i, row in enumerate(square):
        others = np.arange(len(row)) != i
        low, high, beta = 0.0, np.inf, 1.0 / max(row[others].mean(), 1e-12)
        for _ in range(60):  # bisection: the width at which so many neighbours count
            weight = np.exp(-beta * (row[others] - row[others].min()))
            weight /= weight.sum()
            entropy = -(weight * np.log(weight + 1e-300)).sum()
            low, high = (beta, high) if entropy > np.log(perplexity) else (low, beta)
            beta = 2 * beta if np.isinf(high) else (low + high) / 2
        p[i, others] = weight
    return (p + p.T) / (2 * len(p))


def tsne(points: np.ndarray, *, perplexity: float = 15.0, iterations: int = 400) -> np.ndarray:
    """``[N, 2]``, from the plane of the two main axes on; nothing is random.

    Args:
        points: ``[N, D]``, N > 3 x perplexity (it is lowered otherwise).
    """
    points = np.asarray(points, float)
    p = neighbours(points, min(perplexity, (len(points) - 1) / 3))
    centred = points - points.mean(0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]
    y = centred @ axes.T
    y *= 1e-2 / max(y.std(), 1e-12)
    speed, gain = np.zeros_like(y), np.ones_like(y)
    for step in range(iterations):
        difference = y[:, None] - y
        near = 1 / (1 + (difference**2).sum(2))
        np.fill_diagonal(near, 0.0)
        pull = ((4.0 if step < 100 else 1.0) * p - near / near.sum()) * near  # exaggerated at first
        gradient = 4 * (pull[:, :, None] * difference).sum(1)
        gain = np.maximum(np.where(np.sign(gradient) == np.sign(speed), 0.8 * gain, gain + 0.2), 0.01)
        speed = (0.5 if step < 100 else 0.8) * speed - len(y) / 12 * gain * gradient
        y = y + speed
        y -= y.mean(0)
    return y
