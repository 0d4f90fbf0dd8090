"""All experiments of a paper at one scale, side by side: one process per core or GPU, one start of Python for all.

At the quick scale the libraries take as long to load as many a network to train, and the networks are too small to
share two cores. So the libraries are loaded once, and each experiment is a fork of that process with a core (or, where
there are GPUs, a GPU) of its own. Where that leaves some idle, because experiments are fewer than two for each, each
seed is trained in a fork of its own too.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

import torch

from common import config
from common.errors import Interrupted, UserError, explained
from common.parallel import cores
from common.training import launch
from common.training.execute import execute, train_seed
from common.training.finished import run_folder


class Job(NamedTuple):
    """The training of one seed of an experiment, or (None) all the rest, after the seeds."""

    name: str
    seed: int | None


def places(accelerator: str | None, needs_processor: bool) -> list[dict[str, str]]:
    """Where jobs can be done at the same time, each as the environment that leads there: GPUs, or else cores."""
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"  # counts GPUs without beginning to use them: no fork could
    gpus = 0 if accelerator == "cpu" or needs_processor or not torch.cuda.is_available() else torch.cuda.device_count()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
    return [{"CUDA_VISIBLE_DEVICES": visible[number]} for number in range(gpus)] or [{}] * cores()


def execute_all(paper: str, scale: str = "quick", accelerator: str | None = None) -> Path:
    """Runs what is not there yet as the present settings, data and code would give it; returns the folder of all.

    One experiment that fails does not stop the others.

    Raises:
        UserError: an experiment failed; what it said is on stderr.
    """
    launch.settle(1, 1)
    names = config.experiments(paper, scale)
    if not names:
        raise UserError(f"{paper}: nothing is declared at scale {scale!r}")
    program = importlib.import_module(f"replications.{paper}.experiment")
    settings = {name: config.resolve(paper, name, scale) for name in names}
    needs_processor = getattr(program, "needs_processor", lambda config: False)
    free = places(accelerator, all(needs_processor(config.validate(paper, each, paper)) for each in settings.values()))
    waiting: list[Job] = []
    for name in names:
        seeds = settings[name]["seeds"]
        if hasattr(program, "train") and len(names) < 2 * len(free) and len(seeds) > 1:  # models that count have one
            waiting += [Job(name, seed) for seed in seeds]
        waiting.append(Job(name, None))
    fork = multiprocessing.get_context("fork")
    running, failed, left = {}, [], set(names)
    interrupt = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while waiting or running:
            while free and (job := _next(waiting, [job for job, *_ in running.values()])):
                waiting.remove(job)
                place = free.pop(0)
                process = fork.Process(target=_one, args=(paper, job, scale, accelerator, place))
                process.start()
                running[process.sentinel] = job, process, time.monotonic(), place
            for sentinel in wait(list(running)):
                job, process, began, place = running.pop(sentinel)
                process.join()
                free.append(place)
                if process.exitcode:
                    failed += [job.name] * (job.name in left)
                    waiting = [other for other in waiting if other.name != job.name]
                what = "failed" if process.exitcode else "done" if job.seed is None else f"seed {job.seed} trained"
                left -= {job.name} if process.exitcode or job.seed is None else set()
                print(
                    f"{paper} {job.name} ({scale}): {what} after {time.monotonic() - began:.0f} s, "
                    f"{len(left)} of {len(names)} to go",
                    flush=True,
                )
    finally:
        signal.signal(signal.SIGTERM, interrupt)
        for _, process, *_ in running.values():
            process.terminate()
        for _, process, *_ in running.values():
            process.join()
    if failed:
        raise UserError(
            f"{paper}: {', '.join(failed)} failed (see above); the same command goes on with what is missing"
        )
    return run_folder(paper, names[0], scale).parent


def _next(waiting: list[Job], running: list[Job]) -> Job | None:
    """The first that need not wait for another."""
    training = {job.name for job in [*waiting, *running] if job.seed is not None}
    return next((job for job in waiting if job.seed is not None or job.name not in training), None)


def _one(paper: str, job: Job, scale: str, accelerator: str | None, place: dict[str, str]) -> None:
    """A job in a process of its own, which ends with the one that started it."""
    os.environ |= place
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    os.environ["CI"] = "1"  # progress bars of several processes would overwrite each other: plain lines
    torch.set_num_threads(1)
    try:
        if job.seed is None:
            execute(paper, job.name, scale, accelerator=accelerator, again=False)
        else:
            train_seed(paper, job.name, scale, job.seed, accelerator)
    except Interrupted:
        sys.exit(Interrupted.EXIT)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not (message := explained(error)):
            raise
        print(f"replicate: {message}", file=sys.stderr)
        sys.exit(2)


def _follow_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
