"""A tiny parallel corpus."""

import json

import pytest

from tests.replications.texts import translated


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    """The name of a corpus of 200 pairs in two files."""
    return translated(tmp_path_factory.mktemp("text"), drawn=700, kept=200)


@pytest.fixture
def tiny(text):
    """Settings of a system and networks that are made in seconds."""
    settings = {"corpus": text, "train_pairs": None, "mispaired": 0.0, "longest_phrase": 3, "stack": 10,
                "tuning_stack": 5, "paths": 20, "tuning_rounds": 1, "hidden": 8, "embedding": 6, "maxout": 5,
                "batch_size": 64, "max_epochs": 1, "held_out": 0.2, "cslm_order": 3, "cslm_embedding": 4,
                "cslm_hidden": [6, 5], "cslm_epochs": 1, "cslm_patience": 1, "beam_size": 2, "max_output": 12,
                "source_vocabulary": 60, "target_vocabulary": 70, "seeds": [1]}
    return lambda **changes: [f"{key}={json.dumps(value)}" for key, value in (settings | changes).items()]
