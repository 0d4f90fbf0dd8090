"""A tiny parallel corpus and a checkout of its own for everything that this paper's tests write."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from common import paths
from common.data.synchronous_grammar import generate

PAPER = "sutskever2014_seq2seq"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The arrays here are tiny; and the same number of threads everywhere makes the same bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    """The name of a corpus of 100 pairs in two files."""
    pairs = [pair for pair in generate(5, 400, 1, 1).train if len(pair.english.split()) < 9][:100]
    folder = tmp_path_factory.mktemp("text")
    files = [folder / "own.en", folder / "own.fr"]
    for file, side in zip(files, ("english", "french"), strict=True):
        file.write_text("".join(getattr(pair, side) + "\n" for pair in pairs), encoding="utf-8")
    return "parallel:" + ",".join(map(str, files))


def make_checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with this paper's settings and claims, where runs and work in progress go."""
    (folder / "replications" / PAPER).mkdir(parents=True)
    for name in ("params.yaml", "paper.yaml"):
        shutil.copy(paths.REPLICATIONS / PAPER / name, folder / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", folder / "replications")
    monkeypatch.setattr(paths, "BUILD", folder / "build")
    return folder


@pytest.fixture(scope="session")
def new_checkout():
    return make_checkout


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    return make_checkout(tmp_path / "checkout", monkeypatch)


@pytest.fixture(scope="session")
def settings_of(text):
    """Settings of a network that trains in a second."""
    settings = {"corpus": text, "hidden": 12, "embedding": 8, "layers": 2, "batch_size": 16, "max_epochs": 2.4,
                "halve_after": 1, "halve_every": 0.4, "seeds": [1], "beam_size": 3, "beam_sizes": [1],
                "ensemble_beam_sizes": [1, 3], "dropout": 0.1, "test_pairs": None}
    return lambda **changes: [f"{key}={json.dumps(value) if value is None else value}"
                              for key, value in (settings | changes).items()]


@pytest.fixture
def tiny(settings_of):
    return settings_of
