"""Which unit of a network follows something: searched in one half of a text, measured in the other."""

import numpy as np


def correlations(units: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pearson's r ``[H]`` of units ``[..., H]`` with ``wanted [...]``; 0 where either never changes."""
    x, y = units.reshape(-1, units.shape[-1]).astype(np.float64), wanted.ravel().astype(np.float64)
    x, y = x - x.mean(0), y - y.mean()
    size = np.sqrt((x**2).sum(0) * (y**2).sum())
    return np.divide(y @ x, size, out=np.zeros(len(size)), where=size > 0)


def best_unit(units: np.ndarray, wanted: np.ndarray) -> tuple[int, float]:
    """The unit of ``[B, n, H]`` that has the largest absolute r with ``wanted [B, n]`` in the first half of the rows.

    Returns its number, and its r in the other half.
    """
    half = len(units) // 2
    best = int(np.abs(correlations(units[:half], wanted[:half])).argmax())
    return best, float(correlations(units[half:, :, best : best + 1], wanted[half:])[0])


def control(units: np.ndarray, wanted: np.ndarray) -> float:
    """The r of the same search for what no unit can know of: what goes on in the next row, from a random place on."""
    shifts = np.random.default_rng(1).integers(wanted.shape[1], size=len(wanted))
    elsewhere = [np.roll(row, shift) for row, shift in zip(np.roll(wanted, 1, axis=0), shifts, strict=True)]
    return best_unit(units, np.stack(elsewhere))[1]
