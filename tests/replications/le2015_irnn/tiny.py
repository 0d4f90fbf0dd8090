"""Short sequences and few of them, for each kind of network and of answer."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.le2015_irnn.config import Config

NAMES = ["irnn", "tanh", "lstm", "permuted_irnn"]


def settings(**changes) -> list[str]:
    values = {"examples": 40, "valid_examples": 10, "test_examples": 10, "hidden": 4, "batch_size": 8, "max_epochs": 2}
    return [f"{key}={json.dumps(value)}" for key, value in (values | {"length": 6, "seeds": [1]} | changes).items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings()) for name in NAMES}


def stub(config: Config) -> SimpleNamespace:
    return SimpleNamespace(inputs=2, outputs=1) if config.corpus == "adding" else SimpleNamespace(inputs=1, outputs=10)
