"""A tiny language pair, and settings of both networks that train on it in a second."""

import itertools
import json
import random
from pathlib import Path
from types import SimpleNamespace

from replications.bahdanau2015_attention.config import Config
from tests.replications.texts import of_sizes

NAMES = ["search_50", "encdec_50"]
WORDS = {
    "the": "le",
    "a": "un",
    "red": "rouge",
    "old": "vieux",
    "sad": "triste",
    "slow": "lent",
    "dog": "chien",
    "cat": "chat",
    "man": "homme",
    "king": "roi",
    "horse": "cheval",
    "sleeps": "dort",
    "runs": "court",
    "sings": "chante",
    "falls": "tombe",
}


def text(folder: Path) -> str:
    """The name of a corpus: "the red dog sleeps ." is "le chien rouge dort ."."""
    lines = []
    for article, adjective, noun, verb in itertools.product(
        ("the", "a"),
        ("", "red", "old", "sad", "slow"),
        ("dog", "cat", "man", "king", "horse"),
        ("sleeps", "runs", "sings", "falls"),
    ):
        english, french = [article, adjective, noun, verb], [article, noun, adjective, verb]
        lines.append((" ".join(filter(None, english)), " ".join(WORDS[word] for word in french if word)))
    random.Random(1).shuffle(lines)
    for side, suffix in enumerate(("en", "fr")):
        (folder / f"own.{suffix}").write_text("".join(line[side] + " .\n" for line in lines), encoding="utf-8")
    return f"parallel:{folder / 'own.en'},{folder / 'own.fr'}"


def settings(corpus: str, **changes) -> list[str]:
    values = {
        "corpus": corpus,
        "source_vocabulary": 40,
        "target_vocabulary": 40,
        "embedding": 8,
        "hidden": 12,
        "maxout": 6,
        "alignment": 7,
        "batch_size": 16,
        "max_epochs": 2,
        "seeds": [1],
    } | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    corpus = text(folder)
    return {name: (name, settings(corpus, batch_size=30)) for name in NAMES}


def stub(config: Config) -> SimpleNamespace | None:
    """What a network is built for."""
    return None if config.model == "phrase_based" else of_sizes(config.source_vocabulary, config.target_vocabulary)
