"""The texts that the networks read."""

from dataclasses import replace

import numpy as np

from common.data.text import billion_words, corpora, morphology
from common.data.text.corpora import Corpus
from common.errors import UserError
from replications.jozefowicz2016_big_lstm.config import Config


def load_data(config: Config) -> Corpus:
    """``one-billion-word``, ``one-billion-word-heldout``, ``shards:PATH``, ``morphology``, or any text corpus.

    Raises:
        UserError: as :func:`common.data.text.billion_words.load` and :func:`common.data.text.corpora.load`.
    """
    corpus = _load(config)
    if config.train_words is None:
        return corpus
    if not config.streams <= config.train_words <= len(corpus.train):
        raise UserError(
            f"train_words={config.train_words}: {config.corpus} has {len(corpus.train)} words, and each of "
            f"the {config.streams} streams needs one"
        )
    return replace(corpus, train=corpus.train[np.arange(config.train_words)])


def _load(config: Config) -> Corpus:
    name = config.corpus
    if name in (billion_words.PUBLISHED, billion_words.HELD_OUT) or name.startswith("shards:"):
        return billion_words.load(name, config.min_count)
    if name == "morphology":
        return morphology.load(config.min_count)
    return corpora.load(name, min_count=config.min_count)
