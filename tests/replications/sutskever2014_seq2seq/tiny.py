"""A tiny parallel corpus, and settings of a network that trains on it in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.sutskever2014_seq2seq.config import Config
from tests.replications.texts import of_sizes, translated

NAMES = ["reversed"]


def text(folder: Path) -> str:
    """The name of a corpus of 100 pairs in two files."""
    return translated(folder, drawn=400, kept=100)


def settings(corpus: str, **changes) -> list[str]:
    """Training ends, and the rate falls, within an epoch."""
    values = {
        "corpus": corpus,
        "hidden": 12,
        "embedding": 8,
        "layers": 2,
        "batch_size": 16,
        "max_epochs": 2.4,
        "halve_after": 1,
        "halve_every": 0.4,
        "seeds": [1],
        "beam_size": 3,
        "beam_sizes": [1],
        "ensemble_beam_sizes": [1, 3],
        "dropout": 0.1,
        "test_pairs": None,
        "n_best": None,
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {"reversed": ("reversed", settings(text(folder), batch_size=15, dropout=0.0, test_pairs=3))}


def stub(config: Config) -> SimpleNamespace:
    """What a network is built for."""
    return of_sizes(config.source_vocabulary or 600, config.target_vocabulary or 1000)
