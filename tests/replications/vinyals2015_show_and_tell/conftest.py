"""A few small scenes."""

from pathlib import Path

import pytest

from common import config as configuration
from common.data.pictures import captions
from common.vision import encoders
from replications.vinyals2015_show_and_tell.config import Config

PAPER = "vinyals2015_show_and_tell"


@pytest.fixture
def settings_of():
    """A setting of params.yaml with changes."""
    def settings_of(experiment="nic", scale="quick", **changes) -> Config:
        return Config(**configuration.resolve(PAPER, experiment, scale) | changes)

    return settings_of


@pytest.fixture
def checkout(checkout, monkeypatch) -> Path:
    """With few scenes."""
    monkeypatch.setattr(captions, "SCENES", {"train": 40, "valid": 10, "test": 14})
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)
    return checkout
