"""How a row of the tables comes about: the mechanics, trials of a synthetic task, or networks for music or text."""

from dataclasses import dataclass
from functools import partial

import torch

from common.training import provenance
from common.training.best_weights import KeepBest
from common.training.carried_state import CarriedState
from common.training.checkpoints import save_atomically
from common.training.epochs import summed
from common.training.run import Run
from common.training.schedules import HalveOnRise
from common.training.trained import trained
from common.training.trials import Pool, Trials, learn
from replications.pascanu2013_clipping import data, geometry
from replications.pascanu2013_clipping.config import Config
from replications.pascanu2013_clipping.data import Characters, Music
from replications.pascanu2013_clipping.module import NextStep
from replications.pascanu2013_clipping.trials import Trial, tensors

PROGRESS = 0.001  # part of the validation error by which it must fall to count as better for the patience


@dataclass(frozen=True)
class Generated:
    """The data of the synthetic tasks: the generators themselves, whose code is in every fingerprint."""

    fingerprint: str


def is_natural(config: Config) -> bool:
    """Whether the data are music or text."""
    return config.task in ("music", "characters")


def needs_processor(config: Config) -> bool:
    """The synthetic tasks are learnt, and the mechanics computed, in code for processors."""
    return not is_natural(config)


def load_data(config: Config) -> Music | Characters | Generated:
    """Music or text; nothing for tasks whose sequences are drawn while the networks learn."""
    if is_natural(config):
        return data.load(config)
    return Generated(provenance.sha256_json({"corpus": config.corpus, "task": config.task}))


def build(config: Config, corpus: Music | Characters, seed: int = 1) -> NextStep:
    """The untrained network of a seed for music or text."""
    return NextStep(config, corpus, seed)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    kind = geometry.run if run.config.task == "geometry" else natural if is_natural(run.config) else synthetic
    kind(run)


# --- music and text


def natural(run: Run) -> None:
    """A network per seed; a unit is a nat per step of music, a bit per character of text."""
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            for split in data.SPLITS:
                sums = summed(module, run.corpus.split(split))
                run.record(f"{split}/{run.corpus.unit}", seed, module.per_step(sums))


def train(run: Run, seed: int) -> NextStep | None:
    """A network trained until its validation error has hardly fallen for long, with the weights of the least one.

    The rate is halved after an epoch in which the training error rose. None for the synthetic tasks: their networks
    are too small to be trained apart.
    """
    config, corpus = run.config, run.corpus
    if not is_natural(config):
        return None
    module = build(config, corpus, seed)
    run.parameters = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    keep = KeepBest(config.patience, f"valid/{corpus.unit}", progress=PROGRESS)
    return trained(
        run,
        seed,
        module,
        partial(corpus.train, config, seed),
        corpus.split("valid"),
        max_epochs=config.max_epochs,
        unit=f"{corpus.counted}/s",
        keep=keep,
        callbacks=[CarriedState(), HalveOnRise(keep, f"train/{corpus.unit}")],
    )


# --- synthetic tasks


def synthetic(run: Run) -> None:
    """Networks (seeds, at each length) that share nothing; ``/50`` at the end of a metric is the length."""
    config = run.config
    groups = [config.lengths] if config.mixed else [(length,) for length in config.lengths]
    Trial(config, config.seeds[0], groups[0]).compile()
    every = [Trial(config, seed, lengths) for lengths in groups for seed in config.seeds]
    pool = Pool(run.name, {f"length {trial.name} trial {trial.seed}": trial for trial in every}, flush_denormal)
    learn(run, Trials(pool), pool)
    if not run.is_first_process:
        return
    run.parameters = sum(weight.size for weight in every[0].weights)
    run.throughput_unit = "updates/s"
    run.figures = {"traces": {}}
    for trial in every:
        record(run, trial)
    for seed in config.seeds:
        mine = [trial for trial in every if trial.seed == seed]
        run.seconds[str(seed)] = sum(trial.seconds for trial in mine)
        run.throughput[str(seed)] = sum(trial.updates for trial in mine) / max(run.seconds[str(seed)], 1e-9)
        weights = {f"{trial.name}/{key}": weight for trial in mine for key, weight in tensors(trial.weights).items()}
        save_atomically({"config": run.settings, "weights": weights}, run.seed_folder(seed) / "model.pt")


def flush_denormal() -> None:
    """Rounds to zero, in the thread that calls it, what is nearly zero.

    Signals that vanish come to numbers below 1e-38, with which a processor multiplies several times as slowly.
    """
    torch.set_flush_denormal(True)


def record(run: Run, trial: Trial) -> None:
    """The metrics and learning curve of one trial, and the gradient norms of the first seed."""
    seed, suffix = trial.seed, "" if run.config.mixed else f"/{trial.name}"
    run.record(f"solved{suffix}", seed, trial.solved)
    if trial.solved:
        run.record(f"updates{suffix}", seed, trial.solved_after)
    if run.config.mixed:
        run.record("perfect", seed, trial.perfect)
        if trial.perfect:
            run.record("updates/perfect", seed, trial.updates)
    for metric, value in trial.results.items():
        run.record(metric + (suffix if metric == "radius" else ""), seed, value)
    for updates, share in trial.curve:
        run.history(seed, 0, updates, f"valid/wrong{suffix}", share)
    if seed == run.config.seeds[0]:
        run.figures["traces"]["mixed" if run.config.mixed else trial.name] = {
            "updates": trial.trace_step,
            "norms": trial.trace,
        }
