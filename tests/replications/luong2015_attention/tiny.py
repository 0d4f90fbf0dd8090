"""Short pairs of the suite's grammar, and every kind of network that trains on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from replications.luong2015_attention.config import Config
from tests.replications.texts import of_sizes, translated

NETWORKS = {
    "dot": {"layers": 2},
    "reversed": {},
    "location": {"longest": 5},
    "concat": {"score": "concat"},
    "local_m": {"window": "local-m", "half_width": 1},
    "local_p": {"optimizer": "sgd", "lr": 0.1, "halve_after": 1},
}
NAMES = list(NETWORKS)


def settings(corpus: str, **changes) -> list[str]:
    values = {
        "corpus": corpus,
        "source_vocabulary": 40,
        "target_vocabulary": 40,
        "hidden": 8,
        "embedding": 6,
        "batch_size": 16,
        "max_epochs": 2,
        "seeds": [1],
        "max_output": 12,
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    corpus = translated(folder, 400, 100)
    return {
        name: ("dot" if name in ("concat", "local_m") else name, settings(corpus, **more))
        for name, more in NETWORKS.items()
    }


def stub(config: Config) -> SimpleNamespace:
    return of_sizes(config.source_vocabulary, config.target_vocabulary)
