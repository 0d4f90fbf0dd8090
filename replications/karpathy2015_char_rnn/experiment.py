"""One row of the tables: train, keep the weights that were best on the validation text, read the test text once."""

from functools import partial

import numpy as np

from common.data.text import rows
from common.data.text.rows import BLOCK, Rows
from common.data.text.windows import windows
from common.evaluation.character_errors import errors, nats
from common.evaluation.saturation import saturation
from common.training.best_weights import KeepBest
from common.training.carried_state import CarriedState
from common.training.run import Run
from common.training.trained import trained
from replications.karpathy2015_char_rnn import measures
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.module import CharacterModel


def load_data(config: Config) -> Rows:
    """The text that a setting is trained and tested on."""
    return rows.load(config.corpus, config.streams)


def build(config: Config, corpus: Rows, seed: int = 1) -> CharacterModel | None:
    """The untrained network of a setting; None for models that count."""
    if config.model == "ngram":
        return None
    return CharacterModel(config, len(corpus.symbols), -(-corpus.ends[0] // config.steps))


def train(run: Run, seed: int) -> CharacterModel | None:
    """A network with the weights of its best epoch; None for models that count."""
    config, corpus = run.config, run.corpus
    module = build(config, corpus, seed)
    if module is None:
        return None
    run.parameters = sum(weight.numel() for weight in module.parameters())
    read, valid = (corpus.part(split).ravel() for split in ("train", "valid"))
    return trained(
        run,
        seed,
        module,
        partial(windows, read, int(read[0]), config.streams, config.steps),
        windows(valid, int(read[-1]), config.streams, BLOCK),
        max_epochs=config.max_epochs,
        unit="characters/s",
        keep=KeepBest(),
        callbacks=[CarriedState()],
    )


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    config, corpus = run.config, run.corpus
    oracle = measures.ngrams(corpus, config.orders) if run.is_first_process else None
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            if module is None:
                for order, chances in enumerate(oracle, start=1):
                    run.record(f"test/nll/{order}", seed, float(-np.log(chances).mean()))
                for metric, value in nats(oracle[-1], corpus).items():
                    run.record(metric, seed, value)
                continue
            chances, layers = measures.observed(module, corpus)
            probes, shown = measures.probed(layers, corpus)
            gates, points = saturation(layers)
            found = nats(chances, corpus) | errors(chances, oracle, corpus) | probes | gates
            for metric, value in found.items():
                run.record(metric, seed, value)
            if seed == config.seeds[0]:
                run.figures |= shown | {"gates": points}
            print(f"{run.name} seed {seed}: test {found['test/nll']:.3f} nats per character", flush=True)
