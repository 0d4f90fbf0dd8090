"""Piano rolls: at every step, which of 88 notes sound; the four sets of Boulanger-Lewandowski et al. (2012)."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.io
import torch
from torch import Tensor
from torch.nn import functional as F

from common.data import catalog, fetch
from common.data.order import Loader, batch_count, by_length
from common.errors import UserError

FILES = {
    "nottingham": "Nottingham.mat",
    "piano_midi": "Piano_midi.mat",
    "musedata": "MuseData.mat",
    "jsb_chorales": "JSB_Chorales.mat",
}
NOTES = 88  # from LOWEST up, in semitones
LOWEST = 21  # MIDI's number of the first note, the lowest A of a piano
SPLITS = ("train", "valid", "test")
EVALUATED = 16  # pieces side by side in an evaluation
POOL = 16  # minibatches whose parts are sorted by length together


class Batch(NamedTuple):
    """A process's share of a minibatch: what goes in, what should come out, which steps count, what is divided by."""

    inputs: Tensor  # [T, B, 88] notes
    target: Tensor  # [T, B, 88] the notes of the next step
    counts: Tensor  # [T, B] 1 or 0
    total: int  # of the whole minibatch: its steps, or its sequences


@dataclass(frozen=True)
class Rolls:
    """A set of pieces. The first step of a piece is given, and never predicted."""

    pieces: dict[str, list[np.ndarray]]  # split -> [T, 88] float32
    fingerprint: str

    def parts(
        self, window: int | None, batch_size: int, seed: int, rank: int = 0, world: int = 1, by_sequence: bool = False
    ) -> Loader:
        """To learn from: pieces in even parts of at most ``window`` predictions, those of about one length together.

        Args:
            window: none: whole pieces.
            by_sequence: the total of a minibatch is the number of its parts, not of its steps.

        Raises:
            UserError: minibatches too small for the processes.
        """
        found = [part for piece in self.pieces["train"] for part in cut(piece, window)]
        lengths = np.array([len(part) for part in found])
        count = batch_count(len(found), batch_size, world, "parts of pieces")

        def read(chosen: np.ndarray) -> Batch:
            total = len(chosen) if by_sequence else int((lengths[chosen] - 1).sum())
            return side_by_side([found[i] for i in chosen[rank::world]], total)

        return Loader(count, lambda epoch: by_length([lengths], count, POOL, seed, epoch), read)

    def split(self, name: str) -> Loader:
        """Whole pieces, long ones together."""
        pieces = sorted(self.pieces[name], key=len)
        starts = range(0, len(pieces), EVALUATED)
        return Loader(len(starts), lambda epoch: starts, lambda start: side_by_side(pieces[start : start + EVALUATED]))


def nats(outputs: Tensor, target: Tensor) -> Tensor:
    """Negative log-likelihood of each step ``[T, B]``, summed over the notes: each is a coin of its own."""
    return F.binary_cross_entropy_with_logits(outputs, target, reduction="none").sum(-1)


def side_by_side(parts: list[np.ndarray], total: int = 0) -> Batch:
    """Parts ``[T, 88]`` as a minibatch: each step predicts the next."""
    rolls = torch.zeros(max(map(len, parts)), len(parts), NOTES)
    counts = torch.zeros(len(rolls) - 1, len(parts))
    for b, part in enumerate(parts):
        rolls[: len(part), b] = torch.from_numpy(part)
        counts[: len(part) - 1, b] = 1
    return Batch(rolls[:-1], rolls[1:], counts, total)


def cut(piece: np.ndarray, window: int | None) -> list[np.ndarray]:
    """Even parts of at most ``window`` predictions; a part begins with the step at which the one before ended."""
    number = -(-(len(piece) - 1) // (window or len(piece)))
    bounds = np.linspace(0, len(piece) - 1, number + 1).round().astype(int)
    return [piece[start : end + 1] for start, end in zip(bounds, bounds[1:], strict=False)]


def load(corpus: str) -> Rolls:
    """One of the four sets, fetched when it is absent. Raises UserError for another name."""
    if corpus not in FILES:
        raise UserError(f"corpus {corpus!r}: music is one of {', '.join(FILES)}")
    name = FILES[corpus]
    found = scipy.io.loadmat(fetch.fetch("music") / name)
    pieces = {split: [piece.astype(np.float32) for piece in found[f"{split}data"][0]] for split in SPLITS}
    known = f"{name} {catalog.entry('music').files[name].sha256}"
    return Rolls(pieces, hashlib.sha256(known.encode()).hexdigest())
