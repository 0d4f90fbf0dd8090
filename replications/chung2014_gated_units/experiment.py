"""One row of the tables: train, with each rate if there are several; keep the best by validation; test once."""

import shutil
from functools import partial

import numpy as np
import torch

from common.data.music import rolls
from common.data.music.made_up import made_up
from common.data.music.rolls import SPLITS, Rolls
from common.training.best_weights import KeepBest
from common.training.epochs import summed
from common.training.run import Run
from common.training.trained import trained
from replications.chung2014_gated_units.config import Config
from replications.chung2014_gated_units.module import Player

RATES = (-12.0, -6.0)  # bounds of a candidate's natural logarithm


def load_data(config: Config) -> Rolls:
    """The music of a setting, fetched or made."""
    if config.corpus == "made-up":
        return made_up(dict(zip(SPLITS, config.pieces, strict=True)), config.steps)
    return rolls.load(config.corpus)


def build(config: Config, corpus: Rolls, seed: int = 1, lr: float | None = None) -> Player:
    """The untrained network of a setting."""
    return Player(config, lr or config.lr or 1.0)


def rates(config: Config, seed: int) -> list[float]:
    """The rate, or the seed's candidates."""
    if config.lr:
        return [config.lr]
    return np.exp(np.random.default_rng(seed).uniform(*RATES, config.candidates)).tolist()


def train(run: Run, seed: int) -> Player:
    """The network of a seed, trained; of several rates, the one with the least validation error."""
    config, found = run.config, {}
    for number, lr in enumerate(rates(config, seed)):
        torch.manual_seed(seed)  # candidates differ in nothing but the rate
        name = f"rate-{number}" if config.lr is None else "model"
        module = build(config, run.corpus, seed, lr)
        run.parameters = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
        parts = partial(run.corpus.parts, config.window, config.batch_size, seed)
        module.updates = len(parts()) * config.max_epochs
        found[name] = trained(
            run,
            seed,
            module,
            parts,
            run.corpus.split("valid"),
            max_epochs=config.max_epochs,
            unit="steps/s",
            keep=KeepBest(config.patience),
            name=name,
            about={"lr": lr},
            after=number * config.max_epochs,
        )
    best = min(found, key=lambda name: found[name].measures(summed(found[name], run.corpus.split("valid")))["nll"])
    if best != "model" and run.is_first_process:
        shutil.copyfile(run.seed_folder(seed) / f"{best}.pt", run.seed_folder(seed) / "model.pt")
    return found[best]


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            if run.config.lr is None:
                run.record("lr", seed, module.lr)
            for split in SPLITS:
                for name, value in module.measures(summed(module, run.corpus.split(split))).items():
                    run.record(f"{split}/{name}", seed, value)
