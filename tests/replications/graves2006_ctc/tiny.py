"""A toy corpus, and settings of every kind of network that train on it within a second."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from common.data.speech.corpus import SpeechCorpus, Utterance
from common.data.speech.source import BLANK, SPACE
from replications.graves2006_ctc import experiment

NETWORKS = {"ctc": {}, "hybrid": {"optimizer": "sgd", "lr": 0.01}, "characters": {"max_epochs": 1, "tuning_epochs": 2}}
NAMES = list(NETWORKS)


def settings(**changes) -> list[str]:
    values = {
        "seeds": [1],
        "hidden": 12,
        "lr": 0.03,
        "noise": 0.2,
        "max_epochs": 10,
        "batch_size": 6,
        "snapshot_epoch": 2,
        "tuning_epochs": 0,
        "realignments": 1,
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings(**{"max_epochs": 2, "noise": 0.0} | changes)) for name, changes in NETWORKS.items()}


def prepare(monkeypatch) -> None:
    monkeypatch.setattr(experiment, "load_data", lambda config: toy())


def stub(config) -> SimpleNamespace:
    """What decides the size of a network: the features and phones of TIMIT."""
    return SimpleNamespace(mean=range(26), labels=range(62))


def utterance(draw: np.random.Generator, name: str, labels: list[int], noise: float) -> Utterance:
    """Two to five frames for each label, in which its own feature stands out."""
    alignment = np.repeat(labels, draw.integers(2, 6, len(labels)))
    features = np.eye(6)[alignment] * 2 + draw.normal(0, noise, (len(alignment), 6))
    return Utterance(name, features.astype(np.float32), np.array(labels), alignment)


@cache
def toy() -> SpeechCorpus:
    """Labels a to d and a space, loud and clear; words of one to three letters."""
    draw = np.random.default_rng(1)
    splits = {}
    for split, size in (("train", 60), ("valid", 12), ("test", 16)):
        splits[split] = []
        for number in range(size):
            words = [list(draw.permutation([2, 3, 4, 5])[: draw.integers(1, 4)]) for _ in range(draw.integers(2, 4))]
            labels = [int(k) for word in words for k in (1, *word)][1:]
            splits[split].append(utterance(draw, f"{split}-{number}", labels, 0.3))
    return SpeechCorpus(
        "toy",
        (BLANK, SPACE, "a", "b", "c", "d"),
        **splits,
        mean=np.zeros(6),
        deviation=np.ones(6),
        front_end=None,
        folding=np.array([-1, 1, 2, 2, 3, -1]),
        lexicon={letter: [letter] for letter in "abcd"},
        fingerprint="toy",
    )
