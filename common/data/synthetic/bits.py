"""Temporal exclusive or: two random bits, then their exclusive or; nothing says where three begin."""

import numpy as np


def temporal_xor(count: int, draw: np.random.Generator) -> list[str]:
    """``count`` groups of three bits, to be joined (Elman 1990, exclusive-or)."""
    return [f"{a}{b}{a ^ b}" for a, b in draw.integers(2, size=(count, 2)).tolist()]
