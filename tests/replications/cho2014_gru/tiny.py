"""A tiny parallel corpus, and settings of a system and of every kind of network that are made of it in seconds."""

import json
from pathlib import Path
from types import SimpleNamespace

from common.text.vocabulary import EOS, UNK, Vocabulary
from tests.replications.texts import translated

RUNS = {
    "smt": {"optimizer": "adadelta", "lr": 1.0, "decay": "constant"},
    "smt_cslm": {"rows": ["rnn", "cslm"], "max_epochs": 1, "cslm_epochs": 2},  # whose second epoch is the CSLM's
    "smt_tanh": {"unit": "tanh"},
    "sentences": {"max_length": 12, "batch_size": 50},
}
NAMES = list(RUNS)


def text(folder: Path) -> str:
    """The name of a corpus of 200 pairs in two files."""
    return translated(folder, drawn=700, kept=200)


def settings(corpus: str, **changes) -> list[str]:
    values = {
        "corpus": corpus,
        "train_pairs": None,
        "mispaired": 0.0,
        "longest_phrase": 3,
        "stack": 10,
        "tuning_stack": 5,
        "paths": 20,
        "tuning_rounds": 1,
        "hidden": 8,
        "embedding": 6,
        "maxout": 5,
        "batch_size": 64,
        "max_epochs": 1,
        "held_out": 0.2,
        "cslm_order": 3,
        "cslm_embedding": 4,
        "cslm_hidden": [6, 5],
        "cslm_epochs": 1,
        "cslm_patience": 1,
        "beam_size": 2,
        "max_output": 12,
        "source_vocabulary": 60,
        "target_vocabulary": 70,
        "seeds": [1],
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    corpus = text(folder)
    return {
        name: (name.partition("_")[0], settings(corpus, **{"max_epochs": 2} | changes))
        for name, changes in RUNS.items()
    }


def stub(config) -> SimpleNamespace:
    """A corpus with more words than a network knows."""
    words = (EOS, UNK, *map(str, range(config.source_vocabulary + config.target_vocabulary)))
    vocabulary = Vocabulary(words, (1,) * len(words))
    return SimpleNamespace(source=vocabulary, target=vocabulary)
