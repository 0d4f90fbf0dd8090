"""One row of the tables: train, tag the test sentences once, count.

The best epoch is chosen on the validation text, by F1 where tags mark spans and by accuracy where they do not.
"""

import re

from common.data.tagged import corpus as tagged
from common.data.tagged.corpus import TaggedCorpus
from common.evaluation.hmm_tagger import counted, looks
from common.evaluation.tagging import measure
from common.training.run import Run
from common.training.tagging import Tagging, learnt
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.features import DESCRIBE
from replications.huang2015_bilstm_crf.module import Tagger


def normalise(word: str) -> str:
    """How a word vector is looked up: lower case, every digit a 0."""
    return re.sub(r"\d", "0", word.lower())


def load_data(config: Config) -> TaggedCorpus:
    """The sentences that a setting is trained and tested on, with the features that it reads."""
    if config.model == "hmm":
        return tagged.load(config.corpus, normalise=str, describe=looks, feature_count=1)
    reads = config.features == "all" or not config.directions
    return tagged.load(config.corpus, normalise=normalise, describe=DESCRIBE[config.features] if reads else None)


def build(config: Config, corpus: TaggedCorpus, seed: int = 1) -> Tagging:
    """The untrained network of a setting, or the counted model."""
    return counted(corpus) if config.model == "hmm" else Tagger(config, corpus)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    measure(run, lambda run, seed: train(run, seed) or build(run.config, run.corpus))


def train(run: Run, seed: int) -> Tagging | None:
    """A network with the weights of its best epoch; None for the model that is counted."""
    corpus, config = run.corpus, run.config
    if config.model == "hmm":
        return None
    words = sum(len(one.words) for one in corpus.train)
    return learnt(run, seed, build(config, corpus), max(1, config.batch_words * len(corpus.train) // words))
