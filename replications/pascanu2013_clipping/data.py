"""Music and text as minibatches: sequences of at most so many steps (section 4.2)."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.io
import torch
from torch import Tensor
from torch.nn import functional

from common.data import catalog, fetch
from common.data.order import Loader, batch_count, by_length
from common.data.text import corpora
from common.errors import UserError
from replications.pascanu2013_clipping.config import Config

FILES = {"nottingham": "Nottingham.mat", "piano_midi": "Piano_midi.mat", "musedata": "MuseData.mat"}
NOTES = 88
SPLITS = ("train", "valid", "test")
EVALUATED = 16  # pieces, or parts of a text, side by side in an evaluation
POOL = 16  # minibatches of music whose parts are sorted by length together


class Batch(NamedTuple):
    """A process's share of a minibatch: what goes in, what should come out, which steps count, what is divided by."""

    inputs: Tensor  # [T, B, I] notes, or [T, B] characters
    target: Tensor  # [T, B, O] notes, or [T, B] characters
    counts: Tensor  # [T, B] 1 or 0
    total: int  # of the whole minibatch: its sequences (config.total), or its steps


@dataclass(frozen=True)
class Music:
    """Piano rolls: at every step, which of 88 notes sound next, each a coin of its own."""

    pieces: dict[str, list[np.ndarray]]  # split -> [T, 88]
    fingerprint: str
    inputs = outputs = NOTES
    carries, counted, unit, nats = False, "steps", "nll", 1.0

    def train(self, config: Config, seed: int, rank: int = 0, world: int = 1) -> Loader:
        """Every piece in even parts of at most ``window`` steps, parts of about the same length together.

        Raises:
            UserError: minibatches too small for the processes.
        """
        parts = [part for piece in self.pieces["train"] for part in cut(piece, config.window)]
        lengths = np.array([len(part) for part in parts])
        count = batch_count(len(parts), config.batch, world, "parts of pieces")

        def read(chosen: np.ndarray) -> Batch:
            total = len(chosen) if config.total else int((lengths[chosen] - 1).sum())
            return batch([parts[i] for i in chosen[rank::world]], total)

        return Loader(count, lambda epoch: by_length([lengths], count, POOL, seed, epoch), read)

    def split(self, name: str) -> Loader:
        """Whole pieces, long ones together."""
        pieces = sorted(self.pieces[name], key=len)
        starts = range(0, len(pieces), EVALUATED)
        return Loader(len(starts), lambda epoch: starts, lambda start: batch(pieces[start : start + EVALUATED]))

    def losses(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Nats per step ``[T, B]``, summed over the notes."""
        return functional.binary_cross_entropy_with_logits(outputs, target, reduction="none").sum(-1)


@dataclass(frozen=True)
class Characters:
    """A text: at every character, which one comes next (or comes as the fifth from here)."""

    text: dict[str, np.ndarray]  # split -> [T]
    size: int  # of the alphabet
    ahead: int
    fingerprint: str
    note: str = ""
    carries, counted, unit, nats = True, "characters", "bits", math.log(2)

    @property
    def inputs(self) -> int:
        return self.size

    outputs = inputs

    def train(self, config: Config, seed: int, rank: int = 0, world: int = 1) -> Loader:
        """The text, a circle, from a place that is another one in every epoch, in ``batch`` parts side by side.

        Raises:
            UserError: more processes than parts, or more parts than text.
        """
        text = self.text["train"]
        batch_count(config.batch, config.batch, world, "parts of a text")

        def start(epoch: int) -> int:
            return int(np.random.default_rng([seed, epoch + 1]).integers(len(text)))

        return self.windows(text, config.batch, config.window, start, slice(rank, None, world), config.total)

    def split(self, name: str) -> Loader:
        """The text in parts side by side."""
        return self.windows(self.text[name], EVALUATED, 200)

    def windows(
        self,
        text: np.ndarray,
        parts: int,
        window: int,
        start: Callable[[int], int] = lambda epoch: 0,
        mine: slice = slice(None),
        sequences: bool = False,
    ) -> Loader:
        """Windows of a text in ``parts`` side by side, in order, an incomplete row left out."""
        rows = len(text) // parts
        if rows <= self.ahead:
            raise UserError(f"{len(text)} characters are too few for {parts} parts side by side; give a longer text")
        columns, begins = np.arange(parts)[mine] * rows, range(0, rows - self.ahead, window)

        def read(place: tuple[int, int]) -> Batch:
            first, row = place
            steps = min(window, rows - self.ahead - row)
            places = first + columns + np.arange(row, row + steps + self.ahead)[:, None]
            found = torch.from_numpy(text[places % len(text)].astype(np.int64))
            return Batch(
                found[:steps],
                found[self.ahead :],
                torch.ones(steps, len(columns)),
                parts if sequences else parts * steps,
            )

        return Loader(len(begins), lambda epoch: [(start(epoch), row) for row in begins], read)

    def losses(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Nats per character ``[T, B]``."""
        return functional.cross_entropy(outputs.flatten(0, 1), target.flatten(), reduction="none").view(target.shape)


def batch(parts: list[np.ndarray], total: int = 0) -> Batch:
    """Parts ``[T, 88]`` side by side: each step predicts the next."""
    rolls = torch.zeros(max(map(len, parts)), len(parts), NOTES)
    counts = torch.zeros(len(rolls) - 1, len(parts))
    for b, part in enumerate(parts):
        rolls[: len(part), b] = torch.from_numpy(part)
        counts[: len(part) - 1, b] = 1
    return Batch(rolls[:-1], rolls[1:], counts, total)


def cut(piece: np.ndarray, window: int) -> list[np.ndarray]:
    """Even parts of at most ``window`` predictions; a part begins with the step at which the one before ended."""
    number = -(-(len(piece) - 1) // window)
    bounds = np.linspace(0, len(piece) - 1, number + 1).round().astype(int)
    return [piece[start : end + 1] for start, end in zip(bounds, bounds[1:], strict=False)]


def load(config: Config) -> Music | Characters:
    """The corpus of an experiment, fetched when it is absent."""
    if config.task == "characters":
        corpus = corpora.load(config.corpus, unit="characters")
        texts = {name: getattr(corpus, name) for name in SPLITS}
        return Characters(texts, len(corpus.vocabulary), config.ahead, corpus.fingerprint, corpus.note)
    if config.corpus not in FILES:
        raise UserError(f"corpus {config.corpus!r}: music is one of {', '.join(FILES)}")
    name = FILES[config.corpus]
    path = fetch.fetch("music") / name
    found = scipy.io.loadmat(path)
    pieces = {split: [piece.astype(np.float32) for piece in found[f"{split}data"][0]] for split in SPLITS}
    fingerprint = hashlib.sha256(f"{name} {catalog.entry('music').files[name].sha256}".encode()).hexdigest()
    return Music(pieces, fingerprint)
