"""A tiny text."""

import json
from pathlib import Path

import pytest

from tests.replications.texts import agreeing


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> Path:
    """A text file of short sentences in which the verb agrees with the noun."""
    return agreeing(tmp_path_factory.mktemp("text") / "own.txt", lines=60)


@pytest.fixture
def tiny(text):
    """Settings of a network that trains in a second, and stops by the rule after some epochs at a halved rate."""
    settings = {"corpus": f"text:{text}", "hidden": 8, "streams": 4, "block": 5, "bptt": 3, "lr": 0.5, "max_epochs": 30,
                "seeds": [1], "weight_decay": "1e-4", "classes": 5, "dynamic": False, "precision": "32-true"}
    return lambda **changes: [f"{key}={json.dumps(value) if value is None else value}"
                              for key, value in (settings | changes).items()]
