"""The set of a setting, and what the encoder sees of its pictures: a map each, computed once."""

from typing import NamedTuple

import torch
from torch import Tensor

from common.data.pictures import captions as caption_sets
from common.data.pictures.captions import CaptionSet
from common.text.vocabulary import Vocabulary
from common.vision.features import cached
from common.vision.maps import MAPS
from replications.xu2015_show_attend_tell import lists
from replications.xu2015_show_attend_tell.config import Config


class Data(NamedTuple):
    """The set and the vocabulary of its training captions."""

    set: CaptionSet
    vocabulary: Vocabulary
    fingerprint: str
    note: str


def load_data(config: Config) -> Data:
    """What a setting is trained and tested on."""
    chosen = lists.load() if config.corpus == lists.NAME else caption_sets.load(config.corpus)
    vocabulary = Vocabulary.build(chosen.train.sentences(), min_count=config.min_count)
    return Data(chosen, vocabulary, chosen.fingerprint, chosen.note)


class Annotations:
    """a_1 ... a_L of the pictures of a split, read from the disk when they are asked for."""

    def __init__(self, config: Config, chosen: CaptionSet, split: str):
        kind, part = MAPS[config.encoder], chosen.splits[split]
        self.shape = kind.features, kind.side**2
        content, width = chosen.info["pictures"][split], kind.features * kind.side**2
        self.rows = cached(part.open, len(part), content, kind.load(), kind.size, width)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, pictures: Tensor) -> Tensor:
        """Of some pictures ``[B, L, D]``."""
        return torch.from_numpy(self.rows[pictures.cpu().numpy()]).unflatten(1, self.shape).transpose(1, 2)
