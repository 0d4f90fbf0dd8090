"""One row of the tables: networks that learn side by side, then predict with fixed weights."""

from types import SimpleNamespace

import torch

from common.training.checkpoints import save_atomically
from common.training.provenance import sha256_json
from common.training.run import Run
from common.training.trials import Pool, Trials, learn
from replications.elman1990_structure_in_time import data
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.measures import MEASURES
from replications.elman1990_structure_in_time.model import Network
from replications.elman1990_structure_in_time.module import Trial


def load_data(config: Config) -> SimpleNamespace:
    """Nothing to load: each seed draws its own, by generators whose code is in every fingerprint."""
    return SimpleNamespace(fingerprint=sha256_json({"corpus": config.corpus}))


def needs_processor(config: Config) -> bool:
    """The learning algorithm is compiled for processors."""
    return True


def build(config: Config, corpus: SimpleNamespace, seed: int = 1) -> Network:
    """The untrained network of a setting."""
    return Network(config, seed)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    config = run.config
    Trial(config, config.seeds[0]).advance()  # compiles, which is no trial's time
    trials = {str(seed): Trial(config, seed) for seed in config.seeds}
    pool = Pool(run.name, trials)
    learn(run, Trials(pool), pool)
    if not run.is_first_process:
        return
    for seed, trial in zip(config.seeds, trials.values(), strict=True):
        fresh = config.test_examples and data.stream(config.corpus, config.test_examples, seed, purpose=1)
        with torch.no_grad():
            metrics, run.figures[str(seed)] = MEASURES[config.corpus](trial.network, fresh or trial.stream)
        for metric, value in metrics.items():
            run.record(metric, seed, value)
        steps = len(trial.stream.inputs)
        for passes, error in trial.curve:
            run.history(seed, passes, passes * steps, "train/rms", error)
        run.seconds[str(seed)] = trial.seconds
        run.throughput[str(seed)] = trial.passes * steps / max(trial.seconds, 1e-9)
        save_atomically(
            {"config": run.settings, "weights": trial.network.state_dict()}, run.seed_folder(seed) / "model.pt"
        )
    run.parameters = sum(weight.numel() for weight in trial.network.parameters())
    run.throughput_unit = "updates/s"
