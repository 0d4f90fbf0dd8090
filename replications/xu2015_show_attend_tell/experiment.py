"""One row of the tables: train on a set of captioned pictures, describe its test pictures.

The test pictures are described once, by the finished network.
"""

from functools import partial

import lightning as L
import torch

from common.data.pictures.batches import captions
from common.metrics.captions import require_consensus
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.trained import trained
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.data import Annotations, Data
from replications.xu2015_show_attend_tell.data import load_data as load_data
from replications.xu2015_show_attend_tell.evaluation import evaluate
from replications.xu2015_show_attend_tell.module import Captioner

STANDARDISED = 1000  # training pictures whose mean and deviation are taken


class KeepBestHard(KeepBest):
    """Not the weights of epochs in which hard attention was still soft."""

    def on_validation_end(self, trainer: L.Trainer, module: Captioner) -> None:
        if module.hard:
            super().on_validation_end(trainer, module)


def build(config: Config, corpus: Data, seed: int = 1) -> Captioner:
    """The untrained network of a setting."""
    return Captioner(config, len(corpus.vocabulary), seed)


def run(run: Run) -> None:
    """Trains and evaluates a network per seed."""
    if run.config.consensus:
        require_consensus()
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if run.is_first_process:
                evaluate(run, seed, module)


def train(run: Run, seed: int) -> Captioner:
    """A network with the weights that it had when the validation captions were likeliest."""
    config, data = run.config, run.corpus
    module = build(config, data, seed)
    module.annotations = {split: Annotations(config, data.set, split) for split in ("train", "valid")}
    module.network.standardise(module.annotations["train"][torch.arange(min(STANDARDISED, len(data.set.train)))])
    run.parameters = sum(weight.numel() for weight in module.network.parameters())
    return trained(
        run,
        seed,
        module,
        partial(captions, data.set.train, data.vocabulary, config.batch_size, seed),
        captions(data.set.valid, data.vocabulary, 4 * config.batch_size),
        max_epochs=config.max_epochs,
        unit="words/s",
        keep=KeepBest(config.patience) if config.attention != "hard" else KeepBestHard(config.patience),
    )
