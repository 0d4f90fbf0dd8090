"""One row of the tables: train on a set of captioned pictures, describe its test pictures, rank them.

What is tuned is tuned on the validation pictures; the test pictures are described once, by the finished network.
"""

from functools import partial

from common.data.pictures.batches import captions
from common.errors import UserError
from common.metrics.captions import require_consensus
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.trained import trained
from replications.vinyals2015_show_and_tell import evaluation
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.data import Data
from replications.vinyals2015_show_and_tell.data import load_data as load_data
from replications.vinyals2015_show_and_tell.eyes import Eyes
from replications.vinyals2015_show_and_tell.module import Captioner


def build(config: Config, corpus: Data, seed: int = 1) -> Captioner:
    """The untrained network of a setting."""
    return Captioner(config, len(corpus.vocabulary))


def run(run: Run) -> None:
    """Trains a network per seed; evaluates each alone, and all as an ensemble."""
    config, data = run.config, run.corpus
    if config.consensus:
        require_consensus()
    eyes = Eyes(config, data.set)
    networks: list[Captioner] = []
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed, eyes)
            if run.is_first_process:
                evaluation.evaluate(run, seed, [module], eyes)
                networks.append(module)
    if len(networks) > 1:
        evaluation.evaluate(run, "+".join(map(str, config.seeds)), networks, eyes)


def train(run: Run, seed: int, eyes: Eyes | None = None) -> Captioner:
    """A network with the weights that it had when the validation captions were likeliest.

    Raises:
        UserError: an encoder is to learn on several devices.
    """
    config, data = run.config, run.corpus
    if config.fine_tune_from and run.devices * run.nodes > 1:
        raise UserError("fine_tune_from: the encoder learns on one device only; leave --devices out")
    eyes = eyes or Eyes(config, data.set)
    module = build(config, data, seed)
    module.features = {split: eyes.features(data.set, split) for split in ("train", "valid")}
    module.squares = {split: partial(eyes.squares, data.set.splits[split]) for split in ("train", "valid")}
    module.network.standardise(module.features["train"])
    if module.encoder is not None:
        module.encoder.load_state_dict(eyes.encoder.state_dict())
    run.parameters = sum(weight.numel() for weight in module.network.parameters())
    return trained(
        run,
        seed,
        module,
        partial(captions, data.set.train, data.vocabulary, config.batch_size, seed),
        captions(data.set.valid, data.vocabulary, 4 * config.batch_size),
        max_epochs=config.max_epochs,
        unit="words/s",
        keep=KeepBest(config.patience),
        precision=config.precision,
    )
