"""A few small scenes and a checkout of its own for everything that this paper's tests write."""

import shutil
from pathlib import Path

import pytest
import torch

from common import config as configuration
from common import paths
from common.data import captions
from common.vision import encoders
from replications.vinyals2015_show_and_tell.config import Config

PAPER = "vinyals2015_show_and_tell"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def settings_of():
    """A setting of params.yaml with changes."""
    def settings_of(experiment="nic", scale="quick", **changes) -> Config:
        return Config(**configuration.resolve(PAPER, experiment, scale) | changes)

    return settings_of


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A folder with this paper's params.yaml, where runs and work in progress go; the scenes are few."""
    folder = tmp_path / "checkout"
    (folder / "replications" / PAPER).mkdir(parents=True)
    shutil.copy(paths.REPLICATIONS / PAPER / "params.yaml", folder / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", folder / "replications")
    monkeypatch.setattr(paths, "BUILD", folder / "build")
    monkeypatch.setattr(captions, "SCENES", {"train": 40, "valid": 10, "test": 14})
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)
    return folder
