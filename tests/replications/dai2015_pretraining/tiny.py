"""A few made-up reviews, and settings of every kind of network that train on them in a second."""

import json
from pathlib import Path
from types import SimpleNamespace

from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.dai2015_pretraining import made_up
from replications.dai2015_pretraining.config import Config

CASES = {"sa_lstm": {"samples": 20}, "lm_lstm": {"gain": True}, "lstm": {}, "cnn": {}, "nbow": {"dense": 3}}
NAMES = list(CASES)
SIZES = {"labels": 40, "embedding": 5, "hidden": 6, "embedding_dropout": 0.0, "dropout": 0.0, "batch_size": 9}
BRIEF = {"pretrain_epochs": 2, "pretrain_length": 12, "max_epochs": 2, "seeds": [1]}


def reviews(folder: Path) -> str:
    """The name of a corpus: made-up reviews in two files, the last of the first one without labels."""
    files = [folder / "train.txt", folder / "test.txt"]
    made = [made_up.generate(60, 1) + [("", text) for _, text in made_up.generate(20, 2)], made_up.generate(20, 3)]
    for file, some in zip(files, made, strict=True):
        file.write_text("".join(f"{label}\t{text}\n" for label, text in some), encoding="utf-8")
    return "reviews:" + ",".join(map(str, files))


def settings(corpus: str, **changes) -> list[str]:
    return [f"{key}={json.dumps(value)}" for key, value in ({"corpus": corpus} | SIZES | BRIEF | changes).items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings(reviews(folder), **changes)) for name, changes in CASES.items()}


def stub(config: Config) -> SimpleNamespace:
    return SimpleNamespace(vocabulary=Vocabulary((EOS, UNK, "a"), (1, 1, 1)), labels=("negative", "positive"))
