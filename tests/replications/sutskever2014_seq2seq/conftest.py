"""A tiny parallel corpus."""

import json

import pytest

from tests.replications.texts import translated


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    """The name of a corpus of 100 pairs in two files."""
    return translated(tmp_path_factory.mktemp("text"), drawn=400, kept=100)


@pytest.fixture(scope="session")
def tiny(text):
    """Settings of a network that trains in a second."""
    settings = {"corpus": text, "hidden": 12, "embedding": 8, "layers": 2, "batch_size": 16, "max_epochs": 2.4,
                "halve_after": 1, "halve_every": 0.4, "seeds": [1], "beam_size": 3, "beam_sizes": [1],
                "ensemble_beam_sizes": [1, 3], "dropout": 0.1, "test_pairs": None, "n_best": None}
    return lambda **changes: [f"{key}={json.dumps(value) if value is None else value}"
                              for key, value in (settings | changes).items()]
