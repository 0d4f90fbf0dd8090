"""A small corpus in a manner of speaking."""


import numpy as np
import pytest

from common import config
from common.data.speech.corpus import SpeechCorpus, Utterance
from common.data.speech.source import BLANK, SPACE

PAPER = "graves2006_ctc"


@pytest.fixture
def settings():
    """The typed settings of an experiment at quick scale with changes."""
    def settings(experiment="ctc", scale="quick", **changes):
        return config.validate(PAPER, config.resolve(PAPER, experiment, scale) | changes, "test")

    return settings


def utterance(draw: np.random.Generator, name: str, labels: list[int], noise: float) -> Utterance:
    """Two to five frames for each label, in which its own feature stands out."""
    alignment = np.repeat(labels, draw.integers(2, 6, len(labels)))
    features = np.eye(6)[alignment] * 2 + draw.normal(0, noise, (len(alignment), 6))
    return Utterance(name, features.astype(np.float32), np.array(labels), alignment)


@pytest.fixture(scope="session")
def toy() -> SpeechCorpus:
    """Labels a to d and a space, loud and clear; words of one to three letters."""
    draw = np.random.default_rng(1)
    splits = {}
    for split, size in (("train", 60), ("valid", 12), ("test", 16)):
        splits[split] = []
        for number in range(size):
            words = [list(draw.permutation([2, 3, 4, 5])[:draw.integers(1, 4)]) for _ in range(draw.integers(2, 4))]
            labels = [int(k) for word in words for k in (1, *word)][1:]
            splits[split].append(utterance(draw, f"{split}-{number}", labels, 0.3))
    lexicon = {"".join("abcd"[k - 2] for k in one): ["abcd"[k - 2] for k in one]
               for one in [[a] for a in (2, 3, 4, 5)]}
    return SpeechCorpus("toy", (BLANK, SPACE, "a", "b", "c", "d"), **splits, mean=np.zeros(6), deviation=np.ones(6),
                        front_end=None, folding=np.array([-1, 1, 2, 2, 3, -1]), lexicon=lexicon, fingerprint="toy")
