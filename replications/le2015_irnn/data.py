"""Sequences of one length, each with an answer: the adding problem, and pictures pixel by pixel."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data import catalog, fetch
from common.data.order import Loader, batch_count
from common.data.pictures import digits, idx
from common.data.synthetic.adding import marked_numbers
from common.errors import UserError
from common.training.provenance import sha256_json
from replications.le2015_irnn.config import Config

SPLITS = ("train", "valid", "test")
SIDE = 9  # pixels, of a drawn digit
TOGETHER = 500  # sequences of an evaluation at a time
ORDER = 0  # seed of the one permutation of the pixels
DRAWN = {"train": 1, "valid": 2, "test": 3}  # seeds of what is made up


class Batch(NamedTuple):
    """A process's share of a minibatch of ``total`` sequences."""

    inputs: Tensor  # [T, B, I]
    target: Tensor  # [B] a number, or a class
    total: int


@dataclass(frozen=True)
class Sequences:
    """What is learnt from, chosen by and tested on: inputs ``[N, T, I]`` and answers ``[N]`` of each split."""

    splits: dict[str, tuple[np.ndarray, np.ndarray]]
    inputs: int  # I
    outputs: int  # classes; 1: a number is asked for
    fingerprint: str

    @cached_property
    def tensors(self) -> dict[str, tuple[Tensor, Tensor]]:
        return {name: (torch.from_numpy(x), torch.from_numpy(y)) for name, (x, y) in self.splits.items()}

    def _read(self, split: str, chosen: np.ndarray, rank: int = 0, world: int = 1) -> Batch:
        inputs, target = self.tensors[split]
        mine = torch.from_numpy(chosen[rank::world])
        return Batch(inputs[mine].transpose(0, 1).contiguous(), target[mine], len(chosen))

    def train(self, batch_size: int, seed: int, rank: int = 0, world: int = 1) -> Loader:
        """Minibatches in another order in each epoch. Raises UserError where they are too small for the processes."""
        examples = len(self.splits["train"][1])
        count = batch_count(examples, batch_size, world, "sequences")

        def plan(epoch: int) -> list[np.ndarray]:
            return np.array_split(np.random.default_rng([seed, epoch]).permutation(examples), count)

        return Loader(count, plan, lambda chosen: self._read("train", chosen, rank, world))

    def split(self, name: str) -> Loader:
        """All of a split in its own order."""
        examples = len(self.splits[name][1])
        parts = np.array_split(np.arange(examples), -(-examples // TOGETHER))
        return Loader(len(parts), lambda epoch: parts, lambda chosen: self._read(name, chosen))


def adding(count: int, length: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """One mark in each half; the answer is the sum."""
    draw, half = np.random.default_rng([DRAWN[split], length]), length // 2
    sequences, marked = marked_numbers(draw, length, count, (0, half), (half, length))
    return sequences.transpose(1, 0, 2), marked.sum(0)


def mnist(counts: dict[str, int | None]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images ``[N, 28, 28]`` in [0, 1] and classes. Raises UserError where more are asked for than there are."""
    folder, found = fetch.fetch("mnist"), {}
    for kind in ("train", "t10k"):
        images, labels = idx.labelled(folder / f"{kind}-images-idx3-ubyte", folder / f"{kind}-labels-idx1-ubyte")
        found[kind] = images.astype(np.float32) / 255, labels.astype(np.int64)
    there, tested = (len(found[kind][1]) for kind in ("train", "t10k"))
    if counts["train"] + counts["valid"] > there or (counts["test"] or 0) > tested:
        raise UserError(f"mnist has {there:,} images for examples and valid_examples and {tested:,} to test; ask less")
    places = {"train": slice(counts["train"]), "valid": slice(there - counts["valid"], None)}
    splits = {name: tuple(part[place] for part in found["train"]) for name, place in places.items()}
    return splits | {"test": tuple(part[: counts["test"]] for part in found["t10k"])}


def by_pixel(images: np.ndarray, pool: int, permuted: bool) -> np.ndarray:
    """Images ``[N, height, width]`` as sequences ``[N, T, 1]`` of pixels, row by row or in the one random order.

    Raises:
        UserError: squares of ``pool`` pixels do not fit.
    """
    count, height, width = images.shape
    if height % pool or width % pool:
        raise UserError(f"pool {pool}: squares of {pool} pixels do not fill an image of {height} x {width}")
    small = images.reshape(count, height // pool, pool, width // pool, pool).mean((2, 4)).reshape(count, -1, 1)
    return small[:, np.random.default_rng(ORDER).permutation(small.shape[1])] if permuted else small


def load(config: Config) -> Sequences:
    """The sequences of a setting, fetched or made."""
    counts = dict(zip(SPLITS, (config.examples, config.valid_examples, config.test_examples), strict=True))
    known = {key: getattr(config, key) for key in ("corpus", "length", "pool", "permuted")} | counts
    if config.corpus == "adding":
        splits = {name: adding(count or 10_000, config.length, name) for name, count in counts.items()}
        return Sequences(splits, 2, 1, sha256_json(known))
    if config.corpus == "mnist":
        known["files"] = {name: file.sha256 for name, file in catalog.entry("mnist").files.items()}
        pictures = mnist(counts)
    else:
        pictures = {
            name: digits.drawn(np.random.default_rng(DRAWN[name]), count or 10_000, SIDE)
            for name, count in counts.items()
        }
    splits = {name: (by_pixel(x, config.pool, config.permuted), y) for name, (x, y) in pictures.items()}
    return Sequences(splits, 1, 10, sha256_json(known))
