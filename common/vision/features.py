"""Features of pictures, computed once into a file and memory-mapped from there."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from common import paths
from common.data.pictures.files import to_square
from common.locks import locked
from common.vision.encoders import fingerprint

BATCH = 32


def squares(open_picture: Callable[[int], Image.Image], indices: list[int], size: int) -> Tensor:
    """Some pictures as an encoder takes them, uint8 ``[B, 3, size, size]``."""
    return torch.from_numpy(np.stack([to_square(open_picture(i), size) for i in indices]))


def cached(
    open_picture: Callable[[int], Image.Image], count: int, content: str, network: nn.Module, size: int, width: int
) -> np.ndarray:
    """Features of pictures 0..N-1, float32 ``[N, D]``, read-only; computed if no earlier call has.

    Args:
        open_picture: the i-th picture in RGB.
        count: N.
        content: identifies the pictures and their order: a checksum over them.
        network: an encoder in evaluation mode.
        size: pixels of a side of what it is given.
        width: D.

    Raises:
        UserError: a picture that cannot be read.
        OSError: a disk that refuses.
    """
    key = hashlib.sha256(f"{content} {count} {fingerprint(network)} {size}".encode()).hexdigest()[:24]
    path = paths.BUILD / "features" / f"{key}.npy"
    found = _open(path, (count, width))
    if found is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(Path(f"{path}.lock")):
            if _open(path, (count, width)) is None:
                _write(path, open_picture, count, network, size, width)
        found = _open(path, (count, width))
    return found


def _open(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """What is in the file, or None when it is absent or not whole."""
    try:
        found = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return None
    return found if found.shape == shape else None


@torch.no_grad()
def _write(
    path: Path, open_picture: Callable[[int], Image.Image], count: int, network: nn.Module, size: int, width: int
) -> None:
    partial = path.with_suffix(".partial")
    network = network.to(memory_format=torch.channels_last)  # three times as fast on a CPU
    features = np.lib.format.open_memmap(partial, "w+", np.float32, (count, width))
    with tqdm(total=count, desc="features", unit="picture", disable=None if not os.environ.get("CI") else True) as bar:
        for start in range(0, count, BATCH):
            some = list(range(start, min(start + BATCH, count)))
            features[start : start + len(some)] = network(squares(open_picture, some, size)).numpy()
            bar.update(len(some))
    features.flush()
    os.replace(partial, path)
