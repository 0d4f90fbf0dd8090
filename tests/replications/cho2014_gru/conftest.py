"""A tiny parallel corpus and a checkout of its own for everything that this paper's tests write."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from common import paths
from common.data.synchronous_grammar import generate

PAPER = "cho2014_gru"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The arrays here are tiny; and the same number of threads everywhere makes the same bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    """The name of a corpus of 200 pairs in two files."""
    pairs = [pair for pair in generate(5, 700, 1, 1).train if len(pair.english.split()) < 9][:200]
    folder = tmp_path_factory.mktemp("text")
    files = [folder / "own.en", folder / "own.fr"]
    for file, side in zip(files, ("english", "french"), strict=True):
        file.write_text("".join(getattr(pair, side) + "\n" for pair in pairs), encoding="utf-8")
    return "parallel:" + ",".join(map(str, files))


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A folder with this paper's settings and claims, where runs and work in progress go."""
    folder = tmp_path / "checkout"
    (folder / "replications" / PAPER).mkdir(parents=True)
    for name in ("params.yaml", "paper.yaml"):
        shutil.copy(paths.REPLICATIONS / PAPER / name, folder / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", folder / "replications")
    monkeypatch.setattr(paths, "BUILD", folder / "build")
    return folder


@pytest.fixture
def tiny(text):
    """Settings of a system and networks that are made in seconds."""
    settings = {"corpus": text, "train_pairs": None, "mispaired": 0.0, "longest_phrase": 3, "stack": 10,
                "tuning_stack": 5, "paths": 20, "tuning_rounds": 1, "hidden": 8, "embedding": 6, "maxout": 5,
                "batch_size": 64, "max_epochs": 1, "held_out": 0.2, "cslm_order": 3, "cslm_embedding": 4,
                "cslm_hidden": [6, 5], "cslm_epochs": 1, "cslm_patience": 1, "beam_size": 2, "max_output": 12,
                "source_vocabulary": 60, "target_vocabulary": 70, "seeds": [1]}
    return lambda **changes: [f"{key}={json.dumps(value)}" for key, value in (settings | changes).items()]
