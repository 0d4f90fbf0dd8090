"""The mechanics (sections 2 and 3): a cliff, signals on their way back, a linear unit. In float64, no training."""

import time
from typing import NamedTuple

import numpy as np

from common.training.run import Run

LAGS = 50  # steps over which signals are followed
UNITS = 50
GAMMA = {"tanh": 1.0, "sigmoid": 0.25}  # the largest slope of the nonlinearity
SCALES = (0.5, 0.9, 1.1, 1.5, 3.0, 6.0)  # largest singular value of W_rec, times gamma

START, TARGET, STEPS = 0.5, 0.7, 50  # the one-unit network of figure 6
WEIGHTS, BIASES, GRID = (4.0, 6.5), (-3.6, -1.4), 100  # the part of its parameter plane with the wall
RATE, THRESHOLD, DESCENT, DRAWN = 1.0, 0.1, 2000, 400  # of the descents there, and how many steps a figure shows

LINEAR_WEIGHTS, LINEAR_STEPS = (1.0, 1.01, 0.99, 0.01), 1000


class Point(NamedTuple):
    """Loss of the one-unit network and its derivatives, each of the shape of the parameters."""

    loss: np.ndarray
    by_weight: np.ndarray
    by_bias: np.ndarray


def one_unit(weight: np.ndarray, bias: np.ndarray) -> Point:
    """x_t = w sigma(x_{t-1}) + b from x_0 = 0.5; the loss is (sigma(x_50) - 0.7)^2 (figure 6)."""
    weight, bias = np.broadcast_arrays(weight, bias)
    x = np.full(weight.shape, START)
    by_weight, by_bias = np.zeros_like(x), np.zeros_like(x)
    for _ in range(STEPS):
        s = logistic(x)
        onward = weight * s * (1 - s)
        x, by_weight, by_bias = weight * s + bias, s + onward * by_weight, 1 + onward * by_bias
    s = logistic(x)
    outer = 2 * (s - TARGET) * s * (1 - s)
    return Point((s - TARGET) ** 2, outer * by_weight, outer * by_bias)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))


def descents(starts: np.ndarray, clipped: bool) -> np.ndarray:
    """The paths of gradient descent from ``starts [S, 2]`` (weight, bias): ``[steps + 1, S, 2]``."""
    path = [starts]
    for _ in range(DESCENT):
        _, *derivatives = one_unit(*path[-1].T)
        gradient = np.stack(derivatives, -1)
        norm = np.linalg.norm(gradient, axis=-1, keepdims=True)
        rate = RATE * THRESHOLD / np.maximum(norm, THRESHOLD) if clipped else RATE
        path.append(path[-1] - rate * gradient)
    return np.array(path)


def signal_norms(scale: float, activation: str, rng: np.random.Generator) -> np.ndarray:
    """|dE/dx_{t-k}| / |dE/dx_t| for k = 0 ... 50 ``[51]``, W_rec Gaussian with largest singular value scale / gamma.

    The states come from small random inputs, the signal at the end has a random direction. A bias keeps the states of
    logistic units around 0, where they are as steep as they can be.
    """

    def squash(x: np.ndarray) -> np.ndarray:
        return np.tanh(x) if activation == "tanh" else logistic(x) - 0.5

    recurrent = rng.normal(size=(UNITS, UNITS))
    recurrent *= scale / GAMMA[activation] / np.linalg.norm(recurrent, 2)
    before, slopes = rng.normal(0, 0.1, UNITS), []
    for _ in range(2 * LAGS):  # half of them to forget how it began
        state = recurrent @ squash(before) + rng.normal(0, 0.1, UNITS)
        slopes.append(1 - squash(state) ** 2 if activation == "tanh" else 0.25 - squash(state) ** 2)
        before = state
    signal = rng.normal(size=UNITS)
    norms = [np.linalg.norm(signal)]
    for k in range(LAGS):
        signal = slopes[-2 - k] * (recurrent.T @ signal)
        norms.append(np.linalg.norm(signal))
    return np.array(norms) / norms[0]


def spread(norms: np.ndarray) -> dict[str, list[float]]:
    """Geometric mean, least and largest over the networks of norms ``[networks, lags]``."""
    found = {"mean": np.exp(np.log(norms).mean(0)), "low": norms.min(0), "high": norms.max(0)}
    return {name: [float(f"{value:.4g}") for value in values] for name, values in found.items()}


def run(run: Run) -> None:
    """Per seed: a descent from a random place, with clipping and without; a random W_rec at every scale."""
    seeds, signals = run.config.seeds, {f"{activation}/{scale:g}": [] for activation in GAMMA for scale in SCALES}
    started = time.monotonic()
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = np.array([(rng.uniform(4.4, 5.8), rng.uniform(-2.0, -1.6)) for rng in rngs])
    paths = {"plain": descents(starts, clipped=False), "clipped": descents(starts, clipped=True)}
    for seed, rng, *both in zip(seeds, rngs, *(path.swapaxes(0, 1) for path in paths.values()), strict=True):
        for name, path in zip(paths, both, strict=True):
            run.record(f"step/{name}", seed, np.linalg.norm(np.diff(path, axis=0), axis=-1).max())
            run.record(f"loss/{name}", seed, one_unit(*path[-100:].T).loss.mean())
        for activation in GAMMA:
            for scale in SCALES:
                norms = signal_norms(scale, activation, rng)
                run.record(f"growth/{activation}/{scale:g}", seed, norms[-1] ** (1 / LAGS))
                run.record(f"worst/{activation}/{scale:g}", seed, (norms[1:] / norms[:-1]).max())
                signals[f"{activation}/{scale:g}"].append(norms.tolist())
    for weight in LINEAR_WEIGHTS:
        run.record(f"power/{weight:g}", seeds[0], weight**LINEAR_STEPS)
    run.seconds = {str(seed): (time.monotonic() - started) / len(seeds) for seed in seeds}
    weights, biases = np.linspace(*WEIGHTS, GRID), np.linspace(*BIASES, GRID)
    thrown = int(np.argmax(list(run.metrics["step/plain"].values())))
    run.figures = {
        "surface": {
            "weights": weights.round(5).tolist(),
            "biases": biases.round(5).tolist(),
            "loss": one_unit(weights[:, None], biases[None]).loss.round(5).tolist(),
            "paths": {name: path[:DRAWN, thrown].round(5).tolist() for name, path in paths.items()},
        },
        "signals": {name: spread(np.array(norms)) for name, norms in signals.items()},
        "linear": {f"{weight:g}": [weight**k for k in range(0, LINEAR_STEPS + 1, 20)] for weight in LINEAR_WEIGHTS},
    }
