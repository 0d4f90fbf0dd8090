"""Runs in processes forked from this one, which has the libraries loaded: killed, or several that share a training."""

import multiprocessing
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable

import torch

FORK = multiprocessing.get_context("fork")
SECONDS = 300


def _quietly(work: Callable[[], object], environment: dict[str, str]) -> None:
    os.environ |= environment
    torch.set_num_threads(torch.get_num_threads())  # a fork loses torch's pool, which two threads must not make at once
    try:
        work()
    except BaseException:
        traceback.print_exc()
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # no clean-up of what pytest has open


def forked(*works: Callable[[], object], environments: list[dict[str, str]] | None = None) -> list[int]:
    """Runs each in a process of its own, at the same time; returns their exit codes, -9 for a killed one."""
    started = [
        FORK.Process(target=_quietly, args=(work, environment))
        for work, environment in zip(works, environments or [{}] * len(works), strict=True)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(SECONDS)
        process.kill()
        process.join()
    return [process.exitcode for process in started]


def shared(work: Callable[[], object], processes: int) -> list[int]:
    """Runs ``work`` in several processes as torchrun would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": str(processes),
        "GROUP_RANK": "0",
        "LOCAL_WORLD_SIZE": str(processes),
        "TORCHELASTIC_RUN_ID": "test",
    }
    return forked(
        *[work] * processes,
        environments=[common | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)],
    )


def die() -> None:
    """As when the power fails."""
    os.kill(os.getpid(), signal.SIGKILL)
