"""A function of many things, in a process for each core."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from tqdm import tqdm

Item, Result = TypeVar("Item"), TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_cores(function: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """``function`` of each item, in forks of this process, with a bar about ``what``; the first error ends it."""
    if (workers := min(cores(), len(items))) < 2:
        return [function(item) for item in items]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        return list(tqdm(pool.map(function, items), desc=what, total=len(items), disable=None))
