"""One row of the tables: train on a set of captioned pictures, describe its test pictures, rank them.

What is tuned is tuned on the validation pictures; the test pictures are described once, by the finished network.
"""

from functools import partial

from common.training import checkpoints
from common.training.best_weights import KeepBest
from common.training.fit import fit
from common.training.run import Run
from replications.vinyals2015_show_and_tell import data as caption_data
from replications.vinyals2015_show_and_tell import evaluation
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.data import Captions, Data
from replications.vinyals2015_show_and_tell.eyes import Eyes
from replications.vinyals2015_show_and_tell.module import Captioner


def load_data(config: Config) -> Data:
    """What a setting is trained and tested on."""
    return caption_data.load(config)


def run(run: Run) -> None:
    """Trains a network per seed; evaluates each alone, and all as an ensemble."""
    config, data = run.config, run.corpus
    eyes = Eyes(config, data.set)
    trained: list[Captioner] = []
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed, eyes)
            if run.is_first_process:
                evaluation.evaluate(run, seed, [module], eyes)
                trained.append(module)
    if len(trained) > 1:
        evaluation.evaluate(run, "+".join(map(str, config.seeds)), trained, eyes)


def train(run: Run, seed: int, eyes: Eyes | None = None) -> Captioner:
    """A network with the weights that it had when the validation captions were likeliest."""
    config, data = run.config, run.corpus
    eyes = eyes or Eyes(config, data.set)
    features = {split: eyes.features(data.set, split) for split in ("train", "valid")}
    pictures = {split: partial(eyes.squares, data.set.splits[split]) for split in ("train", "valid")}
    module = Captioner(config, len(data.vocabulary), features, eyes.encoder, pictures)
    run.parameters = sum(weight.numel() for weight in module.network.parameters())
    path = run.seed_folder(seed) / "model.pt"
    if path.exists():  # trained before the run was interrupted
        module.load_state_dict(checkpoints.load(path)["weights"])
    else:
        batches = partial(Captions, data.set.train, data.vocabulary, config.batch_size, seed)
        valid = Captions(data.set.valid, data.vocabulary, 4 * config.batch_size, None)
        best = KeepBest(config.patience)
        fit(run, seed, module, batches, valid, max_epochs=config.max_epochs, precision=config.precision,
            callbacks=[best])
        module.load_state_dict(best.best_weights)
        if run.is_first_process:
            encoder = (module.encoder or eyes.encoder).state_dict()
            checkpoints.save_atomically({"config": run.settings, "words": list(data.vocabulary.words),
                                         "counts": list(data.vocabulary.counts), "weights": module.state_dict(),
                                         "encoder": encoder}, path)
    run.measure_throughput(seed, "train/words_per_second", "words/s")
    return module.cpu().eval()
