"""A few made-up requests, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.huang2015_bilstm_crf.config import Config
from tests.replications.texts import requests

NAMES = ["ner_bilstm_crf", "ner_lstm", "ner_crf", "ner_bilstm_crf_words"]


def settings(corpus: str, **changes) -> list[str]:
    values = {"corpus": corpus, "hidden": 6, "embedding": 5, "unknown": 0.0, "max_epochs": 2, "seeds": [1]} | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    corpus = requests(folder)
    return {name: (name, settings(corpus, **({"optimizer": "sgd"} if name == "ner_lstm" else {}))) for name in NAMES}


def stub(config: Config) -> SimpleNamespace | None:
    """As many tags and features as the paper's NER has; 20,000 words. The hidden Markov model is counted, not built."""
    words = Vocabulary((EOS, UNK, *map(str, range(19_998))), (1,) * 20_000)
    tags = Vocabulary(tuple(map(str, range(9))), (1,) * 9)
    return None if config.model == "hmm" else SimpleNamespace(vocabulary=words, target=tags, features=range(341_000))
