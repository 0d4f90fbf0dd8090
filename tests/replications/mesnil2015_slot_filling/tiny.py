"""A few made-up requests, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.mesnil2015_slot_filling.config import Config
from tests.replications.texts import requests

NETWORKS = {
    "elman": {"unit_length": True, "optimizer": "sgd", "halve_after": 1},
    "bi_jordan": {},
    "hybrid": {},
    "crf": {},
    "bilstm_crf": {},
    **dict.fromkeys(("intent", "attention"), {"corpus": "travel", "batch_size": 300}),
}
NAMES = list(NETWORKS)


def settings(corpus: str, **changes) -> list[str]:
    values = {
        "corpus": corpus,
        "hidden": 6,
        "embedding": 5,
        "batch_size": 12,
        "max_epochs": 2,
        "seeds": [1],
        "min_count": 1,
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    corpus = requests(folder)
    return {name: (name, settings(**{"corpus": corpus} | changes)) for name, changes in NETWORKS.items()}


def stub(config: Config) -> SimpleNamespace:
    """The sizes of ATIS as the authors prepare it; ``</s>``, which they do not count, is the padding."""
    words = Vocabulary((EOS, UNK, *map(str, range(571))), (1,) * 573)
    tags = Vocabulary(tuple(map(str, range(127))), (1,) * 127)
    return SimpleNamespace(vocabulary=words, target=tags, intents=range(22))
