"""Music and text as minibatches: sequences of at most so many steps (section 4.2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from common.data.music import rolls
from common.data.music.rolls import EVALUATED, NOTES, SPLITS, Batch, Rolls
from common.data.order import Loader, batch_count
from common.data.text import corpora
from common.errors import UserError
from replications.pascanu2013_clipping.config import Config


@dataclass(frozen=True)
class Music(Rolls):
    """Piano rolls: at every step, which of 88 notes sound next, each a coin of its own."""

    inputs = outputs = NOTES
    carries, counted, unit, nats = False, "steps", "nll", 1.0

    def train(self, config: Config, seed: int, rank: int = 0, world: int = 1) -> Loader:
        """Every piece in even parts. Raises UserError where minibatches are too small for the processes."""
        return self.parts(config.window, config.batch, seed, rank, world, config.total)

    losses = staticmethod(rolls.nats)


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


def load(config: Config) -> Music | Characters:
    """The corpus of an experiment, fetched when it is absent."""
    if config.task == "characters":
        corpus = corpora.load(config.corpus, unit="characters")
        texts = {name: getattr(corpus, name) for name in SPLITS}
        return Characters(texts, len(corpus.vocabulary), config.ahead, corpus.fingerprint, corpus.note)
    return Music(**vars(rolls.load(config.corpus)))
