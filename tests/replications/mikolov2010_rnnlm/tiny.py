"""A tiny text, and settings of every kind of network that train on it in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.mikolov2010_rnnlm.config import Config
from tests.replications.texts import agreeing

NETWORKS = {
    "rnn": {"classes": None},
    "rnn_classes": {"seeds": [1, 2]},
    "rnn_one_step": {"bptt": 0},
    "rnn_sampled": {"classes": None, "samples": 20},
    "rnn_tree": {"classes": None, "tree": True},
    "rnnme": {"classes": None, "tree": True, "ngrams": 3, "slots": 500},
    "nnlm": {},
}
NAMES = list(NETWORKS)


def settings(text: Path, **changes) -> list[str]:
    """Of a network that trains in a second, and stops by the rule after some epochs at a halved rate."""
    values = {
        "corpus": f"text:{text}",
        "hidden": 8,
        "streams": 4,
        "block": 5,
        "bptt": 3,
        "lr": 0.5,
        "max_epochs": 30,
        "seeds": [1],
        "weight_decay": "1e-4",
        "classes": 5,
        "dynamic": False,
        "precision": "32-true",
    } | changes
    return [f"{key}={json.dumps(value) if value is None else value}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    text = agreeing(folder / "own.txt", lines=60)
    return {
        name: ("nnlm" if name == "nnlm" else "rnn", settings(text, lr=0.1, max_epochs=2, **changes))
        for name, changes in NETWORKS.items()
    }


def stub(config: Config) -> SimpleNamespace | None:
    """As many words as in the Penn Treebank, by Zipf's law."""
    counts = [1_000_000 // rank for rank in range(1, 10_001)]
    return SimpleNamespace(vocabulary=SimpleNamespace(counts=counts)) if config.model in ("rnn", "nnlm") else None
