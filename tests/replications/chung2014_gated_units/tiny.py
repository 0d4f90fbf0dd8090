"""A few short pieces for each unit, and a choice among rates."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.chung2014_gated_units.config import Config

NAMES = ["made_up_tanh", "made_up_gru", "made_up_lstm", "candidates"]
CHOICE = {"lr": None, "candidates": 2, "max_epochs": 2}


def settings(**changes) -> list[str]:
    values = {"pieces": [12, 3, 3], "steps": 12, "hidden": 5, "noise": 0.0, "batch_size": 3, "max_epochs": 2}
    return [f"{key}={json.dumps(value)}" for key, value in (values | {"seeds": [1]} | changes).items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings()) for name in NAMES[:3]} | {"candidates": ("made_up_gru", settings(**CHOICE))}


def stub(config: Config) -> SimpleNamespace:
    return SimpleNamespace()
