"""One row of the tables: train, tag the test sentences once, count.

The best epoch is chosen on the validation text, by F1 where tags mark spans and by accuracy where they do not.
"""

import re
from functools import partial

from common.data.tagged import corpus as tagged
from common.data.tagged.corpus import TaggedCorpus
from common.evaluation.tagging import record_answers
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.tagging import Tagging
from common.training.trained import trained
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.features import DESCRIBE
from replications.huang2015_bilstm_crf.hmm import counted, looks
from replications.huang2015_bilstm_crf.module import Tagger

DIGIT = re.compile(r"\d")


def normalise(word: str) -> str:
    """How a word vector is looked up: lower case, every digit a 0."""
    return DIGIT.sub("0", word.lower())


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
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed) or build(run.config, run.corpus)
            if run.is_first_process:
                for split in ("valid", "test"):
                    record_answers(run, seed, split, module.tag(getattr(run.corpus, split)))


def train(run: Run, seed: int) -> Tagging | None:
    """A network with the weights of its best epoch; None for the model that is counted."""
    corpus, config = run.corpus, run.config
    if config.model == "hmm":
        return None
    module = build(config, corpus)
    words = sum(len(one.words) for one in corpus.train)
    load = module.loader(corpus.train, max(1, config.batch_words * len(corpus.train) // words))
    module.updates = config.max_epochs * len(load(seed))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(run, seed, module, partial(load, seed), module.loader(corpus.valid)(), unit="words/s",
                   max_epochs=config.max_epochs, keep=KeepBest(metric="valid/error"))
