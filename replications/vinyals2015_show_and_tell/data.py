"""The set of a setting, and its captions as batches: which picture, which words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.pictures import captions as caption_sets
from common.data.pictures.captions import CaptionSet, Split
from common.errors import UserError
from common.text.vocabulary import Vocabulary
from common.training.provenance import sha256_json
from replications.vinyals2015_show_and_tell.config import Config

POOL = 50  # batches whose captions are sorted by length together


@dataclass(frozen=True)
class Data:
    """The set, the vocabulary of its training captions, and the sets of other origin to describe."""

    set: CaptionSet
    vocabulary: Vocabulary
    transfer: dict[str, CaptionSet]
    fingerprint: str


def load(config: Config) -> Data:
    """What a setting is trained and tested on."""
    chosen = caption_sets.load(config.corpus)
    if config.pictures:
        chosen = CaptionSet(chosen.name, chosen.train.first(config.pictures), chosen.valid, chosen.test,
                            chosen.fingerprint, chosen.info)
    vocabulary = Vocabulary.build(chosen.train.sentences(), min_count=config.min_count)
    transfer = {name: caption_sets.load(name) for name in config.transfer}
    prints = [chosen.fingerprint, *(each.fingerprint for each in transfer.values())]
    return Data(chosen, vocabulary, transfer, sha256_json(prints))

class Batch(NamedTuple):
    pictures: Tensor  # numbers of the pictures in their split [B]
    words: Tensor  # S_1 ... S_N: the caption and the stop word, padded with stop words [T, B]
    lengths: Tensor  # N [B]
    total: int  # words of the whole batch, over all processes

    @property
    def mask(self) -> Tensor:
        """Which words count ``[T, B]``."""
        return torch.arange(len(self.words), device=self.words.device)[:, None] < self.lengths


def pad(captions: Sequence[Sequence[int]], stop: int) -> tuple[Tensor, Tensor]:
    """Words ``[T, B]`` with the stop word behind each caption and as padding, and lengths ``[B]``, it included."""
    lengths = torch.tensor([len(caption) + 1 for caption in captions])
    words = torch.full((int(lengths.max()), len(captions)), stop)
    for column, caption in enumerate(captions):
        words[:len(caption), column] = torch.as_tensor(caption, dtype=torch.long)
    return words, lengths


class Captions:
    """The captions of a split in batches of similar length; the order is another one in every epoch.

    Its position is part of a checkpoint. With several processes, process r of n takes captions r, r + n, ... of each
    batch.

    Args:
        batch_size: captions, over all processes together.
        seed: of the order; None keeps the order of the split.

    Raises:
        UserError: a batch that the processes cannot share evenly.
    """

    def __init__(self, split: Split, vocabulary: Vocabulary, batch_size: int, seed: int | None, rank: int = 0,
                 world: int = 1):
        if batch_size % world:
            raise UserError(f"batch_size {batch_size} cannot be shared by {world} processes; choose a multiple")
        self.stop, self.batch_size, self.seed, self.rank, self.world = vocabulary.eos, batch_size, seed, rank, world
        self.captions = [vocabulary.encode(words).astype(np.int64) for words in split.sentences()]
        self.owner = np.repeat(np.arange(len(split)), [len(each) for each in split.captions])
        self.used = len(self.captions) // world * world
        self.epoch = self.position = 0

    def __len__(self) -> int:
        return -(-self.used // self.batch_size)

    def _batches(self) -> list[np.ndarray]:
        """Which captions form each batch of this epoch."""
        if self.seed is None:
            return np.split(np.arange(self.used), range(self.batch_size, self.used, self.batch_size))
        draw = np.random.default_rng([self.seed, self.epoch])
        order, found = draw.permutation(len(self.captions))[:self.used], []
        for start in range(0, self.used, POOL * self.batch_size):
            pool = order[start:start + POOL * self.batch_size]
            pool = pool[np.argsort([len(self.captions[i]) for i in pool], kind="stable")]
            found += np.split(pool, range(self.batch_size, len(pool), self.batch_size))
        return [found[i] for i in draw.permutation(len(found))]

    def __iter__(self) -> Iterator[Batch]:
        """The batches from the present position on; a complete pass starts the next epoch."""
        if self.position == len(self):  # who stops at the last batch never asks for the end
            self.epoch, self.position = self.epoch + 1, 0
        batches = self._batches()
        while self.position < len(batches):
            chosen = batches[self.position]
            self.position += 1
            total = sum(len(self.captions[i]) + 1 for i in chosen)
            mine = chosen[self.rank::self.world]
            words, lengths = pad([self.captions[i] for i in mine], self.stop)
            yield Batch(torch.from_numpy(self.owner[mine]), words, lengths, total)

    def start(self, epoch: int) -> None:
        """Goes to the first batch of an epoch, from 0."""
        self.epoch, self.position = epoch, 0

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.position = state["epoch"], state["position"]
