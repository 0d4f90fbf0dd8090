"""What the tests of every paper use: a checkout of its own for all that they write, and processes on it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from common import paths


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The arrays here are tiny; and the same number of threads everywhere makes the same bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def new_checkout(request) -> Callable[[Path, pytest.MonkeyPatch], Path]:
    """Makes a folder with the settings and claims of the paper that is tested; runs and work in progress go there."""
    paper = request.path.parent.name

    def make(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (folder / "replications" / paper).mkdir(parents=True)
        for name in ("params.yaml", "paper.yaml"):
            shutil.copy(paths.REPLICATIONS / paper / name, folder / "replications" / paper)
        monkeypatch.setattr(paths, "REPLICATIONS", folder / "replications")
        monkeypatch.setattr(paths, "BUILD", folder / "build")
        return folder

    return make


@pytest.fixture
def checkout(tmp_path, monkeypatch, new_checkout) -> Path:
    return new_checkout(tmp_path / "checkout", monkeypatch)


@pytest.fixture
def start(checkout):
    """Starts ``replicate`` commands in a process of their own, on the same checkout; ends it with the test."""
    started = []

    def start(*commands: list[str], **environment: object) -> subprocess.Popen:
        variables = {"TEST_CHECKOUT": checkout, "TEST_RUNS": json.dumps(commands), "OMP_NUM_THREADS": 1} | environment
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("drive.py")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | {key: str(value) for key, value in variables.items()},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the second process, which Lightning started
