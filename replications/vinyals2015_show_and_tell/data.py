"""The set of a setting, and its captions as batches: which picture, which words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader, batch_count, by_length
from common.data.pictures import captions as caption_sets
from common.data.pictures.captions import CaptionSet, Split
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

    @property
    def note(self) -> str:
        return self.set.note and f"{self.set.note}; {len(self.vocabulary)} words are known"


def load_data(config: Config) -> Data:
    """What a setting is trained and tested on."""
    chosen = caption_sets.load(config.corpus)
    chosen = replace(chosen, train=chosen.train.first(config.pictures))
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
        words[: len(caption), column] = torch.as_tensor(caption, dtype=torch.long)
    return words, lengths


def captions(
    split: Split, vocabulary: Vocabulary, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1
) -> Loader:
    """The captions of a split in batches, of which process ``rank`` of ``world`` has its share.

    Args:
        batch_size: captions at most, over all processes together.
        seed: batches of similar length, others in every epoch; None: the order of the split.

    Raises:
        UserError: batches too small for so many processes.
    """
    ids = [vocabulary.encode(words).astype(np.int64) for words in split.sentences()]
    owner = np.repeat(np.arange(len(split)), [len(each) for each in split.captions])
    counted = np.array([len(each) + 1 for each in ids])
    count = batch_count(len(ids), batch_size, world, "captions")

    def plan(epoch: int) -> list[np.ndarray]:
        if seed is None:
            return np.array_split(np.arange(len(ids)), count)
        return by_length([counted], count, POOL, seed, epoch)

    def read(chosen: np.ndarray) -> Batch:
        mine = chosen[rank::world]
        words, lengths = pad([ids[i] for i in mine], vocabulary.eos)
        return Batch(torch.from_numpy(owner[mine]), words, lengths, int(counted[chosen].sum()))

    return Loader(count, plan, read)
