"""A tiny language pair."""

import itertools
import json
import random

import pytest

from common import config as configuration
from replications.bahdanau2015_attention.config import Config

PAPER = "bahdanau2015_attention"
WORDS = {"the": "le", "a": "un", "red": "rouge", "old": "vieux", "sad": "triste", "slow": "lent", "dog": "chien",
         "cat": "chat", "man": "homme", "king": "roi", "horse": "cheval", "sleeps": "dort", "runs": "court",
         "sings": "chante", "falls": "tombe"}


@pytest.fixture(scope="session")
def corpus_name(tmp_path_factory) -> str:
    """Own text: "the red dog sleeps ." is "le chien rouge dort ."."""
    folder = tmp_path_factory.mktemp("parallel")
    lines = []
    for article, adjective, noun, verb in itertools.product(
            ("the", "a"), ("", "red", "old", "sad", "slow"), ("dog", "cat", "man", "king", "horse"),
            ("sleeps", "runs", "sings", "falls")):
        english, french = [article, adjective, noun, verb], [article, noun, adjective, verb]
        lines.append((" ".join(filter(None, english)), " ".join(WORDS[word] for word in french if word)))
    random.Random(1).shuffle(lines)
    for side, suffix in enumerate(("en", "fr")):
        text = "".join(line[side] + " .\n" for line in lines)
        (folder / f"own.{suffix}").write_text(text, encoding="utf-8")
    return f"parallel:{folder / 'own.en'},{folder / 'own.fr'}"


@pytest.fixture
def tiny(corpus_name):
    """Settings of a network that trains in seconds, as ``--set`` takes them."""
    settings = {"corpus": corpus_name, "source_vocabulary": 40, "target_vocabulary": 40, "embedding": 8, "hidden": 12,
                "maxout": 6, "alignment": 7, "batch_size": 16, "max_epochs": 2, "seeds": [1]}
    return lambda **changes: [f"{key}={json.dumps(value)}" for key, value in (settings | changes).items()]


@pytest.fixture
def settings():
    """A typed setting of the quick scale, changed as asked."""
    def settings(experiment: str = "search_50", scale: str = "quick", **changes) -> Config:
        return Config(**configuration.resolve(PAPER, experiment, scale) | changes)

    return settings
