"""Captions as batches: which picture, which words."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader, batch_count, by_length
from common.data.pictures.captions import Split
from common.text.vocabulary import Vocabulary

POOL = 50  # batches whose captions are sorted by length together


class Batch(NamedTuple):
    pictures: Tensor  # numbers of the pictures in their split [B]
    words: Tensor  # S_1 ... S_N: the caption and the stop word, padded with stop words [T, B]
    lengths: Tensor  # N [B]
    total: int  # words of the whole batch, over all processes
    captions: int = 0  # of the whole batch

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
        return Batch(torch.from_numpy(owner[mine]), words, lengths, int(counted[chosen].sum()), len(chosen))

    return Loader(count, plan, read)
