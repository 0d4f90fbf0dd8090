"""The adding problem: two of many numbers are marked, and what they come to is to be said at the end.

Hochreiter and Schmidhuber (1997), experiment 4; Pascanu et al. (2013), section 4.1; Le et al. (2015), section 4.1.
"""

import numpy as np


def marked_numbers(
    draw: np.random.Generator, length: int, count: int, first: tuple[int, int], second: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences ``[T, N, 2]`` float32, channel 0 the marks, channel 1 numbers from U[0, 1); the marked ones ``[2, N]``.

    Args:
        length, count: T and N.
        first, second: bounds of the places of the first and of the second mark, the last excluded.
    """
    sequences = np.zeros((length, count, 2), np.float32)
    sequences[..., 1] = draw.random((length, count), dtype=np.float32)
    each = np.arange(count)
    places = draw.integers(*first, count), draw.integers(*second, count)
    for place in places:
        sequences[place, each, 0] = 1
    return sequences, np.stack([sequences[place, each, 1] for place in places])
