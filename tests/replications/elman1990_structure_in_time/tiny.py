"""Few examples of every task, and every kind of network, for a few passes."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.experiment import load_data
from tests.replications.kills import OF_TRIALS, TURN, short_turns

NAMES = ["xor", "letters_jordan", "letters_jordan_own", "words_frozen", "sentences"]
KILLS, SAID, prepare = OF_TRIALS, TURN, short_turns


def settings(**changes) -> list[str]:
    values = {"examples": 150, "test_examples": None, "hidden": 3, "passes": 4, "seeds": [1, 2, 3]} | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings()) for name in NAMES}


def stub(config: Config) -> SimpleNamespace:
    return load_data(config)
