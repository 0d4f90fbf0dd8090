"""One row of the tables: train, tag the test utterances once, count.

The best epoch is chosen by F1 on the validation utterances (accuracy of the intents, where nothing else is asked for).
"""

import re

from common.data.tagged import corpus as tagged
from common.data.tagged.corpus import Sentence, TaggedCorpus
from common.errors import UserError
from common.evaluation.tagging import measure
from common.training.run import Run
from common.training.tagging import Tagging, learnt
from replications.mesnil2015_slot_filling.config import Config
from replications.mesnil2015_slot_filling.module import Halve, Tagger

APOSTROPHE = re.compile(r"(?<=.)(?=')")


def split_words(sentence: Sentence) -> Sentence:
    """Words are split before an apostrophe, all but o'clock; the second half has no slot (the authors' files)."""
    halves = [[word] if word == "o'clock" else APOSTROPHE.split(word, maxsplit=1) for word in sentence.words]
    words = tuple(half for both in halves for half in both)
    tags = tuple(tag for both, first in zip(halves, sentence.tags, strict=True) for tag in (first, "O")[: len(both)])
    return Sentence(words, tags, intent=sentence.intent)


def normalise(word: str) -> str:
    """Lower case; a number is DIGIT as often as it has digits (1984: DIGITDIGITDIGITDIGIT)."""
    return "DIGIT" * len(word) if word.isdigit() else word.lower()


def load_data(config: Config) -> TaggedCorpus:
    """The utterances that a setting is trained and tested on.

    Raises:
        UserError: no intents, where they are asked for.
    """
    corpus = tagged.load(config.corpus, normalise=normalise, prepare=split_words, min_count=config.min_count)
    if config.intent != "none" and not corpus.intents:
        raise UserError(f"{config.corpus}: its sentences have no intents; set intent to none")
    return corpus


def build(config: Config, corpus: TaggedCorpus, seed: int = 1) -> Tagger:
    """The untrained network of a setting."""
    return Tagger(config, corpus)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    measure(run, train)


def train(run: Run, seed: int) -> Tagging:
    """A network with the weights of its best epoch."""
    config = run.config
    keep = Halve(config.halve_after) if config.halve_after else None
    return learnt(run, seed, build(config, run.corpus), config.batch_size, keep)
