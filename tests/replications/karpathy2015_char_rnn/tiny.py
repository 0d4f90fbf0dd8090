"""A short text, and settings of every kind of network that train on it in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from common.data.text import passages
from replications.karpathy2015_char_rnn.config import Config

NETWORKS = {"lstm": {}, "lstm_2": {}, "tanh": {}, "gru": {}}
NAMES = list(NETWORKS)


def settings(text: Path, **changes) -> list[str]:
    values = {"hidden": 6, "streams": 4, "steps": 100, "max_epochs": 2, "orders": 2, "seeds": [1]} | changes
    return [f"corpus=text:{text}", *(f"{key}={json.dumps(value)}" for key, value in values.items())]


def made(folder: Path, size: int = 8000) -> Path:
    path = folder / "own.txt"
    path.write_bytes(passages.generate(3, size))
    return path


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings(made(folder), **changes)) for name, changes in NETWORKS.items()}


def stub(config: Config) -> SimpleNamespace | None:
    """The sizes of War and Peace."""
    return None if config.model == "ngram" else SimpleNamespace(symbols=bytes(87), ends=(26_000, 29_200, 32_500))
