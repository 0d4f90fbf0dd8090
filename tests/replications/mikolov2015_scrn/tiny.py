"""A few sentences, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.mikolov2015_scrn.config import Config
from tests.replications.texts import agreeing

NETWORKS = {
    "srn": {},
    "scrn": {"context": 3, "classes": 5},
    "learned": {"context": 3, "sees": "previous"},
    "context": {"hidden": 0, "context": 4},
    "lstm": {},
    "srn_shuffled": {},
}
NAMES = list(NETWORKS)


def settings(text: Path, **changes) -> list[str]:
    values = {
        "corpus": f"text:{text}",
        "hidden": 6,
        "context": 0,
        "streams": 4,
        "window": 8,
        "max_epochs": 2,
        "seeds": [1],
    } | changes
    return [f"{key}={json.dumps(value)}" if key != "corpus" else f"{key}={value}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    text = agreeing(folder / "own.txt", lines=60)
    return {name: (name, settings(text, **changes)) for name, changes in NETWORKS.items()}


def stub(config: Config) -> SimpleNamespace:
    """As many words as in the Penn Treebank, by Zipf's law."""
    return SimpleNamespace(vocabulary=SimpleNamespace(counts=[1_000_000 // rank for rank in range(1, 10_001)]))
