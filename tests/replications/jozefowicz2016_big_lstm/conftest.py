"""A tiny text and a checkout of its own for everything that this paper's tests write."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from common import paths

PAPER = "jozefowicz2016_big_lstm"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The arrays here are tiny; and the same number of threads everywhere makes the same bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> Path:
    """A text file of short sentences in which the verb agrees with the noun."""
    draw = random.Random(1)
    nouns = {"dog": "barks", "cat": "sleeps", "dogs": "bark", "cats": "sleep", "bird": "sings", "birds": "sing"}
    lines = []
    for _ in range(80):
        noun = draw.choice(sorted(nouns))
        place = draw.choice(["", " in the garden", " at the old house", " near a small river"])
        lines.append(f"{draw.choice(['the', 'my', 'some'])} {noun}{place} {nouns[noun]}")
    path = tmp_path_factory.mktemp("text") / "own.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A folder with this paper's params.yaml, where runs and work in progress go."""
    folder = tmp_path / "checkout"
    (folder / "replications" / PAPER).mkdir(parents=True)
    shutil.copy(paths.REPLICATIONS / PAPER / "params.yaml", folder / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", folder / "replications")
    monkeypatch.setattr(paths, "BUILD", folder / "build")
    return folder


@pytest.fixture
def tiny(text):
    """Settings of networks that train in a second."""
    settings = {"corpus": f"text:{text}", "min_count": 1, "cells": 12, "projection": 8, "filters": [[1, 4], [3, 6]],
                "character_cells": 12, "character_epochs": 1, "samples": 8, "streams": 4, "block": 5, "max_epochs": 2,
                "embedding_scale": 4, "evaluation_streams": 2, "valid_words": None, "dropout": 0.0, "seeds": [1]}
    return lambda **changes: [f"{key}={json.dumps(value)}" for key, value in (settings | changes).items()]


@pytest.fixture
def start(checkout):
    """Starts ``replicate`` commands in a process of their own, on the same checkout; ends it with the test."""
    started = []

    def start(*commands: list[str], **environment: object) -> subprocess.Popen:
        variables = {"TEST_CHECKOUT": checkout, "TEST_RUNS": json.dumps(commands), "OMP_NUM_THREADS": 1} | environment
        process = subprocess.Popen([sys.executable, Path(__file__).with_name("drive.py")], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env=os.environ | {key: str(value) for key, value in variables.items()})
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the second process, which Lightning started
