"""The IDX format, in which MNIST comes: a few bytes that say how many axes there are and how long, then the values."""

import math
import struct
from pathlib import Path

import numpy as np

from common.errors import UserError

MAGIC = b"\0\0\x08"  # two zeros, then the code of unsigned bytes; the number of axes follows


def read(path: Path, axes: int) -> np.ndarray:
    """The bytes of a file as an array with so many ``axes``, uint8.

    Raises:
        UserError: the file cannot be read, is of another kind, or is longer or shorter than it says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    head = 4 + 4 * axes
    if content[:3] != MAGIC or len(content) < head:
        packed = "; it is compressed: unpack it with gunzip" if content[:2] == b"\x1f\x8b" else "; get it again"
        raise UserError(f"{path}: not an IDX file of bytes{packed}")
    if content[3] != axes:
        raise UserError(
            f"{path}: an IDX file with {content[3]} axes instead of {axes}; are images and labels mixed up?"
        )
    shape = struct.unpack(f">{axes}I", content[4:head])
    if len(content) - head != math.prod(shape):
        raise UserError(
            f"{path}: {len(content) - head:,} values instead of {math.prod(shape):,}; it is cut off or damaged: "
            "get it again"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def labelled(images: Path, labels: Path, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Images ``[N, height, width]`` and their classes ``[N]``, both uint8.

    Raises:
        UserError: as of :func:`read`; not as many labels as images; a label that is no class.
    """
    pictures, numbers = read(images, 3), read(labels, 1)
    if len(pictures) != len(numbers):
        raise UserError(f"{labels}: {len(numbers):,} labels for {len(pictures):,} images of {images.name}")
    if len(wrong := np.flatnonzero(numbers >= classes)):
        raise UserError(f"{labels}: label {wrong[0]:,} is {numbers[wrong[0]]}; the classes are 0 to {classes - 1}")
    return pictures, numbers
