"""The one door: faults of the machine by their kinds, and what stays a bug."""

import errno
import os

import numpy as np
import pytest
import torch

from common.errors import Faults, UserError, explained
from common.locks import locked


@pytest.mark.parametrize(
    "number, advice",
    [
        (errno.ENOSPC, "No space left on device; make room and run the same command again"),
        (errno.EDQUOT, "quota exceeded; make room"),
        (errno.EROFS, "Read-only file system; work in a copy"),
        (errno.EACCES, "Permission denied; make it yours to write and read"),
        (errno.EBUSY, "resource busy; unmount it"),
        (errno.EIO, "mend that and run the same command again"),
    ],
)
def test_faults_of_files_and_disks_name_the_place(number, advice):
    message = explained(OSError(number, os.strerror(number), "/a/place"))
    assert message.startswith("/a/place: ") and advice in message


def test_the_place_that_is_written_to_counts():
    assert explained(OSError(errno.EXDEV, "on another disk", "a", None, "b")).startswith("b: on another disk; ")
    assert explained(ConnectionError("no network")).startswith("no network; ")


@pytest.mark.parametrize(
    "failing",
    [
        lambda: torch.empty(10**14),
        lambda: torch.empty(10**10, 10**10),
        lambda: torch.empty(10**20),
        lambda: np.zeros((10**7, 10**8)),
        lambda: np.zeros((10**12, 10**12)),
        lambda: np.zeros(10**30),
        lambda: bytearray(10**15),
    ],
)
def test_what_no_memory_holds(failing):
    with pytest.raises((MemoryError, RuntimeError, TypeError, ValueError)) as error:
        failing()
    message = explained(error.value)
    assert message.startswith("not enough memory (") and "\n" not in message


@pytest.mark.parametrize("bug", [ZeroDivisionError(), KeyError("x"), ValueError("shapes do not match"), RuntimeError()])
def test_a_bug_is_a_bug(bug):
    assert explained(bug) is None


def test_faults_are_told_together():
    faults = Faults()
    for number in range(25):
        with faults:
            if number:
                raise UserError(f"line {number}")
    with pytest.raises(UserError) as error:
        faults.require_none()
    assert str(error.value).splitlines() == [*(f"line {n}" for n in range(1, 21)), "... and 4 more"]
    with pytest.raises(KeyError), Faults():
        raise KeyError
    Faults().require_none()


def test_a_lock_is_held_by_one_or_shared(tmp_path):
    with locked(tmp_path / "l"), pytest.raises(BlockingIOError, match="in use by another process"):
        with locked(tmp_path / "l", wait=False):
            pass
    with locked(tmp_path / "l", shared=True), locked(tmp_path / "l", wait=False, shared=True):
        with pytest.raises(BlockingIOError), locked(tmp_path / "l", wait=False):
            pass
