"""One row of the tables: a number of trials that learn side by side, each until its own criterion is met.

Seeds are trials. They share nothing.
"""

from dataclasses import dataclass

from common.training import checkpoints, provenance, trials
from common.training.run import Run
from replications.hochreiter1997_lstm import figure_data
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.module import Trials, begin


@dataclass(frozen=True)
class Generated:
    """The data of this paper: the generators themselves, whose code is in every fingerprint."""

    fingerprint: str


def load_data(config: Config) -> Generated:
    """Nothing to load: sequences are drawn while the networks learn."""
    return Generated(provenance.sha256_json({"corpus": config.corpus, "task": config.task}))


def needs_processor(config: Config) -> bool:
    """The learning algorithm is compiled for processors; the networks have some hundred weights."""
    return True


def build(config: Config, corpus: Generated, name: str = "") -> Trials:
    """The untrained networks of a setting, one per trial."""
    return Trials(config, name)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    config = run.config
    begin(config, config.seeds[0]).advance()  # compiles, which is no trial's time
    module = build(config, run.corpus, run.name)
    trials.learn(run, module, module.pool)
    if not run.is_first_process:
        return
    for seed, trial in zip(config.seeds, module.trials.values(), strict=True):
        for metric, value in trial.results.items():
            run.record(metric, seed, value)
        for count, error in trial.curve:
            run.history(seed, 0, count, trial.measure, error)
        run.seconds[str(seed)] = trial.seconds
        run.throughput[str(seed)] = trial.sequences / max(trial.seconds, 1e-9)
        checkpoints.save_atomically(
            {"config": run.settings, "vocabularies": [], "weights": trial.weights}, run.seed_folder(seed) / "model.pt"
        )
    run.parameters, run.throughput_unit = trial.parameters, "sequences/s"
    run.figures = figure_data.collect(config, list(module.trials.values()))
