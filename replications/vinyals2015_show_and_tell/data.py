"""The set of a setting."""

from dataclasses import dataclass, replace

from common.data.pictures import captions as caption_sets
from common.data.pictures.captions import CaptionSet
from common.text.vocabulary import Vocabulary
from common.training.provenance import sha256_json
from replications.vinyals2015_show_and_tell.config import Config


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
