"""A function of many things, in a process for each core."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from tqdm import tqdm

from common.errors import UserError

Item, Result = TypeVar("Item"), TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_cores(function: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """``function`` of each item, in forks of this process, with a bar about ``what``; the first error ends it.

    Raises:
        UserError: a fork was ended from outside.
    """
    if (workers := min(cores(), len(items))) < 2:
        return [function(item) for item in items]
    # A fork that waits for work would answer Ctrl-C with a traceback of its own: it ends silently instead.
    silently = dict(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL))
    try:
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), **silently) as pool:
            return list(tqdm(pool.map(function, items), desc=what, total=len(items), disable=None))
    except BrokenProcessPool:
        raise UserError(
            f"{what}: a process was ended from outside, as happens where memory runs out; make room and run the same "
            "command again"
        ) from None
