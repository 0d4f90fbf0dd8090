"""One row of the tables: train, keep the weights of the best epoch by validation, test once."""

from functools import partial

from common.training.best_weights import KeepBest
from common.training.epochs import summed
from common.training.run import Run
from common.training.trained import trained
from replications.le2015_irnn import data
from replications.le2015_irnn.config import Config
from replications.le2015_irnn.data import Sequences
from replications.le2015_irnn.module import Answerer

SOLVED = 0.01  # mean squared error; the constant answer 1 has 1/6


def load_data(config: Config) -> Sequences:
    """The sequences that a setting is trained and tested on."""
    return data.load(config)


def build(config: Config, corpus: Sequences, seed: int = 1) -> Answerer:
    """The untrained network of a setting."""
    return Answerer(config, corpus.inputs, corpus.outputs)


def train(run: Run, seed: int) -> Answerer:
    """The network of a seed, trained."""
    config, corpus = run.config, run.corpus
    module = build(config, corpus)
    run.parameters = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    return trained(
        run,
        seed,
        module,
        partial(corpus.train, config.batch_size, seed),
        corpus.split("valid"),
        max_epochs=config.max_epochs,
        unit="sequences/s",
        keep=KeepBest(metric="valid/nll" if module.is_class else "valid/mse"),
    )


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            found = module.measures(summed(module, run.corpus.split("test")))
            for name, value in found.items():
                run.record(f"test/{name}", seed, value)
            if not module.is_class:
                run.record("test/solved", seed, found["mse"] < SOLVED)
