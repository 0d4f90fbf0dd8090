"""Music and text as minibatches of the replicas: sequences of at most so many steps (section 4.2)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.io
import torch
from torch import Tensor
from torch.nn import functional

from common.data import catalog, fetch
from common.data.text import corpora
from common.errors import UserError
from replications.pascanu2013_clipping.config import Config

FILES = {"nottingham": "Nottingham.mat", "piano_midi": "Piano_midi.mat", "musedata": "MuseData.mat"}
NOTES = 88
SPLITS = ("train", "valid", "test")
EVALUATED = 16  # pieces, or parts of a text, side by side in an evaluation
JITTER = 10  # steps by which sequences of one minibatch may differ in length, about


class Batch(NamedTuple):
    """A minibatch: what goes in, what should come out, which steps count, whether the state before is carried on."""

    inputs: Tensor  # [T, R, B, I] notes, or [T, R, B] characters
    target: Tensor  # [T, R, B, O] notes, or [T, R, B] characters
    counts: Tensor  # [T, R, B] 1 or 0
    carried: bool


@dataclass(frozen=True)
class Music:
    """Piano rolls: at every step, which of 88 notes sound next, each a coin of its own."""

    pieces: dict[str, list[np.ndarray]]  # split -> [T, 88]
    fingerprint: str
    inputs = outputs = NOTES

    def epoch(self, config: Config, seeds: list[int], number: int) -> Iterator[Batch]:
        """Every piece in even parts of at most ``window`` steps, each from h_0 = 0; alike lengths together.

        The parts of a replica's minibatches are its own; that all replicas go from short to long in the same random
        order keeps the padding small.
        """
        parts = [part for piece in self.pieces["train"] for part in cut(piece, config.window)]
        lengths = np.array([len(part) for part in parts])
        rngs = [np.random.default_rng([seed, number]) for seed in seeds]
        orders = [np.argsort(lengths + rng.uniform(0, JITTER, len(parts))) for rng in rngs]
        starts = np.arange(0, len(parts), config.batch)
        for start in np.random.default_rng(number).permutation(starts):
            yield self.batch([[parts[i] for i in order[start:start + config.batch]] for order in orders])

    def split(self, name: str, replicas: int) -> Iterator[Batch]:
        """Whole pieces, the same for all replicas; long ones together."""
        pieces = sorted(self.pieces[name], key=len)
        for start in range(0, len(pieces), EVALUATED):
            batch = self.batch([pieces[start:start + EVALUATED]])
            yield Batch(*(part.expand(-1, replicas, *part.shape[2:]) for part in batch[:3]), False)

    def batch(self, chosen: list[list[np.ndarray]]) -> Batch:
        """A minibatch of parts ``[T, 88]``, a list for each replica: each step predicts the next."""
        steps = max(len(part) for parts in chosen for part in parts) - 1
        rolls = torch.zeros(steps + 1, len(chosen), len(chosen[0]), NOTES)
        counts = torch.zeros(steps, len(chosen), len(chosen[0]))
        for r, parts in enumerate(chosen):
            for b, part in enumerate(parts):
                rolls[:len(part), r, b] = torch.from_numpy(part)
                counts[:len(part) - 1, r, b] = 1
        return Batch(rolls[:-1], rolls[1:], counts, False)

    def losses(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Nats per step ``[T, R, B]``, summed over the notes."""
        return functional.binary_cross_entropy_with_logits(outputs, target, reduction="none").sum(-1)


@dataclass(frozen=True)
class Characters:
    """A text: at every character, which one comes next (or comes as the fifth from here)."""

    text: dict[str, np.ndarray]  # split -> [T]
    size: int  # of the alphabet
    ahead: int
    fingerprint: str

    @property
    def inputs(self) -> int:
        return self.size

    outputs = inputs

    def epoch(self, config: Config, seeds: list[int], number: int) -> Iterator[Batch]:
        """The text in ``batch`` parts side by side, windows in order, states carried; each replica begins elsewhere."""
        text = self.text["train"]
        starts = [np.random.default_rng([seed, number]).integers(len(text)) for seed in seeds]
        rolled = [np.roll(text, -int(start)) for start in starts]
        yield from self.windows(np.stack([self.columns(each, config.batch) for each in rolled], 1), config.window)

    def split(self, name: str, replicas: int) -> Iterator[Batch]:
        """The text in parts side by side, the same for all replicas."""
        columns = self.columns(self.text[name], EVALUATED)
        yield from self.windows(np.repeat(columns[:, None], replicas, 1), 200)

    def columns(self, text: np.ndarray, parts: int) -> np.ndarray:
        """``[T, parts]``, an incomplete row left out."""
        steps = len(text) // parts
        return text[:steps * parts].reshape(parts, steps).T

    def windows(self, columns: np.ndarray, window: int) -> Iterator[Batch]:
        """Minibatches from characters ``[T, R, B]``."""
        columns = torch.from_numpy(columns.astype(np.int64))
        for start in range(0, len(columns) - self.ahead, window):
            target = columns[start + self.ahead:start + self.ahead + window]
            yield Batch(columns[start:start + len(target)], target, torch.ones(target.shape), start > 0)

    def losses(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Nats per character ``[T, R, B]``."""
        return functional.cross_entropy(outputs.flatten(0, -2), target.flatten(), reduction="none").view(target.shape)


def cut(piece: np.ndarray, window: int) -> list[np.ndarray]:
    """Even parts of at most ``window`` predictions; a part begins with the step at which the one before ended."""
    number = -(-(len(piece) - 1) // window)
    bounds = np.linspace(0, len(piece) - 1, number + 1).round().astype(int)
    return [piece[start:end + 1] for start, end in zip(bounds, bounds[1:], strict=False)]


def load(config: Config) -> Music | Characters:
    """The corpus of an experiment, fetched when it is absent."""
    if config.task == "characters":
        corpus = corpora.load(config.corpus, unit="characters")
        texts = {name: getattr(corpus, name) for name in SPLITS}
        return Characters(texts, len(corpus.vocabulary), config.ahead, corpus.fingerprint)
    if config.corpus not in FILES:
        raise UserError(f"corpus {config.corpus!r}: music is one of {', '.join(FILES)}")
    name = FILES[config.corpus]
    path = fetch.fetch("music") / name
    found = scipy.io.loadmat(path)
    pieces = {split: [piece.astype(np.float32) for piece in found[f"{split}data"][0]] for split in SPLITS}
    fingerprint = hashlib.sha256(f"{name} {catalog.entry('music').files[name].sha256}".encode()).hexdigest()
    return Music(pieces, fingerprint)
