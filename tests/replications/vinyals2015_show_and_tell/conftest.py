"""A few small scenes."""

from pathlib import Path

import pytest

from common import config as configuration
from replications.vinyals2015_show_and_tell.config import Config
from tests.replications.vinyals2015_show_and_tell.tiny import prepare

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
    prepare(monkeypatch)
    return checkout
