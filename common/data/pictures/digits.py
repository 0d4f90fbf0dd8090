"""Made-up digits: a small bitmap font, turned, stretched and shifted a little, on a noisy ground."""

import numpy as np
from scipy.ndimage import affine_transform

FONT = (  # rows of five dots, as the bits of numbers
    (14, 17, 19, 21, 25, 17, 14), (4, 12, 4, 4, 4, 4, 14), (14, 17, 1, 2, 4, 8, 31), (31, 2, 4, 2, 1, 17, 14),
    (2, 6, 10, 18, 31, 2, 2), (31, 16, 30, 1, 1, 17, 14), (6, 8, 16, 30, 17, 17, 14), (31, 1, 2, 4, 8, 8, 8),
    (14, 17, 17, 14, 17, 17, 14), (14, 17, 17, 15, 1, 2, 12),
)  # fmt: skip
BITMAPS = np.array([[[row >> bit & 1 for bit in range(4, -1, -1)] for row in rows] for rows in FONT], np.float32)
TURN, STRETCH, SHIFT, NOISE = 0.05, 0.05, 0.25, 0.05  # radians; parts; dots; of full ink: all standard deviations


def drawn(draw: np.random.Generator, count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` images ``[N, side, side]`` float32 in [0, 1], and the digits that they show ``[N]`` int64."""
    labels, scale = draw.integers(10, size=count), 7 / (side - 2)  # dots of the font a pixel: a margin of one pixel
    images = np.empty((count, side, side), np.float32)
    for image, label in zip(images, labels, strict=True):
        turn, shift = draw.normal(0, TURN), draw.normal(0, SHIFT, 2)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = scale * rotation * (1 + draw.normal(0, STRETCH, 2))
        offset = (3, 2) + shift - matrix @ np.full(2, (side - 1) / 2)  # the middle of the bitmap in that of the image
        affine_transform(BITMAPS[label], matrix, offset, (side, side), image, order=1)
    return np.clip(images + draw.normal(0, NOISE, images.shape), 0, 1).astype(np.float32), labels
