"""A few small scenes, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.data.pictures import captions
from common.vision import encoders
from replications.vinyals2015_show_and_tell.config import Config

NAMES = ["nic", "every_step", "random_cnn"]


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few scenes, and an encoder that has hardly learned."""
    monkeypatch.setattr(captions, "SCENES", {"train": 40, "valid": 10, "test": 14})
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)


def settings(**changes) -> list[str]:
    values = {
        "hidden": 8,
        "embedding": 6,
        "max_epochs": 2,
        "batch_size": 16,
        "beam_size": 3,
        "wide_beam": 3,
        "n_best": 3,
        "max_length": 12,
        "rank_pictures": 6,
        "seeds": [1, 2],
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings(seeds=[1], transfer=[], rank_pictures=0)) for name in NAMES}


def stub(config: Config) -> SimpleNamespace:
    """As many words as in Flickr8k."""
    return SimpleNamespace(vocabulary=range(8791))
