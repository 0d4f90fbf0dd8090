"""A tiny text, and settings of every kind of network that train on it in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.jozefowicz2016_big_lstm.config import Config
from tests.replications.texts import agreeing

NETWORKS = {
    "lstm_2048": {},
    "nce": {},
    "big_lstm_cnn": {"keep_best": True},
    "cnn_softmax_corrected": {"correction": 3},
    "character_lstm": {"character_epochs": 2},
}
NAMES = list(NETWORKS)


def settings(text: Path, **changes) -> list[str]:
    """Of networks that train in a second."""
    values = {
        "corpus": f"text:{text}",
        "min_count": 1,
        "cells": 12,
        "projection": 8,
        "filters": [[1, 4], [3, 6]],
        "character_cells": 12,
        "character_epochs": 1,
        "samples": 8,
        "streams": 4,
        "block": 5,
        "max_epochs": 2,
        "embedding_scale": 4,
        "evaluation_streams": 2,
        "valid_words": None,
        "dropout": 0.0,
        "seeds": [1],
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """On a text of few updates: torch 2.14 has been seen to crash (a corrupt heap) where DDP and DTensor talk through
    gloo, twice in some 20,000 updates on a busy machine."""
    text = agreeing(folder / "own.txt", lines=24)
    return {name: (name, settings(text, lr=0.05, **changes)) for name, changes in NETWORKS.items()}


def stub(config: Config) -> SimpleNamespace | None:
    """As many words as there are samples."""
    words = [""] * (config.samples or 1)
    return None if config.model == "kn5" else SimpleNamespace(vocabulary=SimpleNamespace(words=words))
