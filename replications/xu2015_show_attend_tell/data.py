"""The set of a setting, and what the encoder sees of its pictures: a map of locations each, computed once."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from common.data.pictures import captions as caption_sets
from common.data.pictures.captions import CaptionSet
from common.text.vocabulary import Vocabulary
from common.vision import maps
from common.vision.features import cached
from replications.xu2015_show_attend_tell import lists
from replications.xu2015_show_attend_tell.config import Config


@dataclass(frozen=True)
class Data:
    """The set and the vocabulary of its training captions."""

    set: CaptionSet
    vocabulary: Vocabulary
    fingerprint: str

    @property
    def note(self) -> str:
        return self.set.note and f"{self.set.note}; {len(self.vocabulary)} words are known"


def load_data(config: Config) -> Data:
    """What a setting is trained and tested on."""
    chosen = lists.load() if config.corpus == lists.NAME else caption_sets.load(config.corpus)
    chosen = replace(chosen, train=chosen.train.first(config.pictures))
    return Data(chosen, Vocabulary.build(chosen.train.sentences(), min_count=config.min_count), chosen.fingerprint)


class Annotations:
    """a_1 ... a_L of the pictures of a split, float32, read from the disk when they are asked for."""

    def __init__(self, config: Config, chosen: CaptionSet, split: str):
        kind, part = maps.kind(config.encoder), chosen.splits[split]
        self.shape = kind.features, kind.side**2
        content = f"{chosen.info['pictures'][split]}"
        self.rows = cached(
            part.open, len(part), content, maps.load(config.encoder), kind.size, self.shape[0] * self.shape[1]
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, pictures: Tensor | slice) -> Tensor:
        """Of some pictures ``[B, L, D]``."""
        chosen = pictures if isinstance(pictures, slice) else pictures.cpu().numpy()
        return torch.from_numpy(np.array(self.rows[chosen])).unflatten(1, self.shape).transpose(1, 2)
