"""A few small pictures, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from common.vision import encoders
from replications.xu2015_show_attend_tell import lists
from replications.xu2015_show_attend_tell.config import Config

NAMES = ["soft", "hard", "start"]
SIZES = {"hidden": 8, "embedding": 6, "attention_size": 5, "max_epochs": 2, "soft_epochs": 1, "sampled": 1.0}


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures, and an encoder that has hardly learned."""
    monkeypatch.setattr(lists, "PICTURES", {"train": 36, "valid": 8, "test": 10})
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)


def settings(**changes) -> list[str]:
    values = SIZES | {"batch_size": 16, "beam_size": 2, "max_length": 14, "seeds": [1]} | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings()) for name in NAMES}


def stub(config: Config) -> SimpleNamespace:
    """As many words as in Flickr8k."""
    return SimpleNamespace(vocabulary=range(8791))
