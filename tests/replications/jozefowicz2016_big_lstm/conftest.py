"""A tiny text."""

import json
from pathlib import Path

import pytest

from tests.replications.texts import agreeing


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> Path:
    """A text file of short sentences in which the verb agrees with the noun."""
    return agreeing(tmp_path_factory.mktemp("text") / "own.txt", lines=80)


@pytest.fixture
def tiny(text):
    """Settings of networks that train in a second."""
    settings = {"corpus": f"text:{text}", "min_count": 1, "cells": 12, "projection": 8, "filters": [[1, 4], [3, 6]],
                "character_cells": 12, "character_epochs": 1, "samples": 8, "streams": 4, "block": 5, "max_epochs": 2,
                "embedding_scale": 4, "evaluation_streams": 2, "valid_words": None, "dropout": 0.0, "seeds": [1]}
    return lambda **changes: [f"{key}={json.dumps(value)}" for key, value in (settings | changes).items()]
