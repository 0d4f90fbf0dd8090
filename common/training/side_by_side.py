"""All experiments of a paper at one scale, side by side: one process per core, one start of Python for all.

At the quick scale the libraries take as long to load as many a network to train, and the networks are too small to
share two cores. So the libraries are loaded once, and each experiment is a fork of that process with a core of its own.
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

import torch

from common import config
from common.errors import UserError
from common.training.run import execute, run_folder


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
    importlib.import_module(f"replications.{paper}.experiment")
    fork = multiprocessing.get_context("fork")
    waiting, running, failed = list(names), {}, []
    interrupt = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                name = waiting.pop(0)
                process = fork.Process(target=_one, args=(paper, name, scale, accelerator), name=name)
                process.start()
                running[process.sentinel] = process, time.monotonic()
            for sentinel in wait(list(running)):
                process, began = running.pop(sentinel)
                process.join()
                failed += [process.name] * (process.exitcode != 0)
                ended, left = "failed" if process.exitcode else "done", len(waiting) + len(running)
                print(f"{paper} {process.name} ({scale}): {ended} after {time.monotonic() - began:.0f} s, "
                      f"{left} of {len(names)} to go", flush=True)
    finally:
        signal.signal(signal.SIGTERM, interrupt)
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join()
    if failed:
        raise UserError(f"{paper}: {', '.join(failed)} failed (see above); the same command goes on with what is "
                        "missing")
    return run_folder(paper, names[0], scale).parent


def _one(paper: str, name: str, scale: str, accelerator: str | None) -> None:
    """An experiment in a process of its own, which ends with the one that started it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    os.environ["CI"] = "1"  # progress bars of several processes would overwrite each other: plain lines
    torch.set_num_threads(1)
    try:
        execute(paper, name, scale, accelerator=accelerator, again=False)
    except UserError as error:
        print(f"replicate: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _follow_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
