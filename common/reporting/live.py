"""Learning curves while a network trains, in one of Lightning's loggers; the files stay the only home of results.

The paper's numbers go with them, as constant series ``paper/<metric>``.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from common import paths
from common.errors import UserError, unknown
from common.reporting.evidence.published import load_paper
from common.reporting.publish import of_experiment, place, run_id, start
from common.training.run import Run

KINDS = {"wandb": ("wandb",), "csv": (), "tensorboard": ("tensorboard", "tensorboardX")}  # and packages that do


def live(kind: str, paper: str, experiment: str) -> Callable[[Run, int, str], AbstractContextManager[Logger]]:
    """Given a run, a seed and which of its trainings: the logger, which is closed with the context.

    CSV and TensorBoard files go to ``build/logs/``. A run in W&B has the id under which ``replicate publish`` later
    puts the result in its place; it goes on where it was interrupted.

    Raises:
        UserError: unknown kind, or its package is not installed.
    """
    if kind not in KINDS:
        raise unknown("logger", kind, KINDS)
    if KINDS[kind] and not any(map(_installed, KINDS[kind])):
        raise UserError(f"--logger {kind} needs the package {KINDS[kind][0]}: pip install {KINDS[kind][0]}")
    published = of_experiment(load_paper(paper), experiment)

    @contextmanager
    def logger(run: Run, seed: int, part: str) -> Iterator[Logger]:
        name = f"seed-{seed}" + (f"-{part}" if part not in ("", "model") else "")
        if kind == "wandb":
            made = _wandb(run, seed, name)
        else:
            of_files = CSVLogger if kind == "csv" else TensorBoardLogger
            made = of_files(paths.BUILD / "logs", name=run.work.name, version=name)
        log = made.log_metrics
        made.log_metrics = lambda metrics, step=None: log({**metrics, **published}, step)
        made.log_hyperparams(place(run.paper, run.experiment, run.scale) | run.settings | {"seed": seed})
        try:
            yield made
        finally:
            if kind == "wandb":
                made.experiment.finish()

    return logger


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # a test has put None in its place
        return False


def _wandb(run: Run, seed: int, name: str) -> WandbLogger:
    """Of the first process; those of the others say nothing."""
    import wandb

    if not run.is_first_process:
        return WandbLogger()
    identity = run_id(run.paper, run.experiment, run.scale, seed, run.origin["fingerprint"])
    identity += name.removeprefix(f"seed-{seed}")
    known = {} if "WANDB_SWEEP_ID" in os.environ else {"id": identity, "resume": "allow"}  # an agent has given it one
    try:
        here = place(run.paper, run.experiment, run.scale)
        begun = start(wandb, identity, os.environ.get("WANDB_MODE", "online"), here, job_type="train", **known)
    except wandb.Error as error:
        raise UserError(f"W&B: {error}; `wandb login`, or WANDB_MODE=offline") from error
    begun.define_metric("trainer/global_step")
    begun.define_metric("*", step_metric="trainer/global_step")
    return WandbLogger(experiment=begun)
