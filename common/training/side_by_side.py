"""All experiments of a paper at one scale, side by side: one process per core, one start of Python for all.

At the quick scale the libraries take as long to load as many a network to train, and the networks are too small to
share two cores. So the libraries are loaded once, and each experiment is a fork of that process with a core of its own.
Where that leaves cores idle, because experiments are fewer than two for each, each seed is trained in a fork of its own
too.
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
from common.errors import UserError
from common.training.execute import execute, train_seed
from common.training.finished import run_folder


class Job(NamedTuple):
    """The training of one seed of an experiment, or (None) all the rest, after the seeds."""

    name: str
    seed: int | None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute_all(paper: str, scale: str = "quick", accelerator: str | None = None) -> Path:
    """Runs what is not there yet as the present settings, data and code would give it; returns the folder of all.

    One experiment that fails does not stop the others.

    Raises:
        UserError: an experiment failed; what it said is on stderr.
    """
    names = config.experiments(paper, scale)
    if not names:
        raise UserError(f"{paper}: nothing is declared at scale {scale!r}")
    program = importlib.import_module(f"replications.{paper}.experiment")
    waiting: list[Job] = []
    for name in names:
        seeds = config.resolve(paper, name, scale)["seeds"]
        if hasattr(program, "train") and len(names) < 2 * cores() and len(seeds) > 1:  # models that count have one
            waiting += [Job(name, seed) for seed in seeds]
        waiting.append(Job(name, None))
    fork = multiprocessing.get_context("fork")
    running, failed, left = {}, [], set(names)
    interrupt = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while waiting or running:
            while len(running) < cores() and (job := _next(waiting, [job for job, *_ in running.values()])):
                waiting.remove(job)
                process = fork.Process(target=_one, args=(paper, job, scale, accelerator))
                process.start()
                running[process.sentinel] = job, process, time.monotonic()
            for sentinel in wait(list(running)):
                job, process, began = running.pop(sentinel)
                process.join()
                if process.exitcode:
                    failed += [job.name] * (job.name in left)
                    waiting = [other for other in waiting if other.name != job.name]
                what = "failed" if process.exitcode else "done" if job.seed is None else f"seed {job.seed} trained"
                left -= {job.name} if process.exitcode or job.seed is None else set()
                print(f"{paper} {job.name} ({scale}): {what} after {time.monotonic() - began:.0f} s, "
                      f"{len(left)} of {len(names)} to go", flush=True)
    finally:
        signal.signal(signal.SIGTERM, interrupt)
        for _, process, _ in running.values():
            process.terminate()
        for _, process, _ in running.values():
            process.join()
    if failed:
        raise UserError(f"{paper}: {', '.join(failed)} failed (see above); the same command goes on with what is "
                        "missing")
    return run_folder(paper, names[0], scale).parent


def _next(waiting: list[Job], running: list[Job]) -> Job | None:
    """The first that need not wait for another."""
    training = {job.name for job in [*waiting, *running] if job.seed is not None}
    return next((job for job in waiting if job.seed is not None or job.name not in training), None)


def _one(paper: str, job: Job, scale: str, accelerator: str | None) -> None:
    """A job in a process of its own, which ends with the one that started it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    os.environ["CI"] = "1"  # progress bars of several processes would overwrite each other: plain lines
    torch.set_num_threads(1)
    try:
        if job.seed is None:
            execute(paper, job.name, scale, accelerator=accelerator, again=False)
        else:
            train_seed(paper, job.name, scale, job.seed, accelerator)
    except UserError as error:
        print(f"replicate: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _follow_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
