"""Short sequences, scales and a text: every kind of network learns on them within a moment."""

import functools
import json
from pathlib import Path

import numpy as np

from common.training import checkpoints
from common.training import fit as fitting
from replications.pascanu2013_clipping import data
from replications.pascanu2013_clipping.config import Config
from replications.pascanu2013_clipping.data import Characters, Music
from replications.pascanu2013_clipping.experiment import is_natural
from tests.replications import kills
from tests.replications.texts import agreeing

SHORT = {
    "lengths": [8, 10],
    "check_every": 100,
    "check_sequences": 200,
    "test_sequences": 500,
    "max_updates": 600,
    "seeds": [1, 2],
}
SMALL = {"hidden": 12, "window": 20, "batch": 4, "seeds": [1], "max_epochs": 2}
CASES = {
    "each_length": ("tanh_cr", SHORT),
    "all_lengths": ("tanh_cr", SHORT | {"mixed": True, "task": "addition"}),
    "music": (
        "tanh_cr",
        SMALL
        | {
            "corpus": "nottingham",
            "task": "music",
            "activation": "sigmoid",
            "lr": 0.1,
            "alpha": 0.5,
            "alpha_decay": True,
            "threshold": 8.0,
        },
    ),
    "text": ("tanh_cr", SMALL | {"task": "characters", "total": True, "ahead": 2, "biases": False}),
}
NAMES = list(CASES)


def soon(kill):
    """The kill, where checkpoints are written after every turn."""

    @functools.wraps(kill)
    def killed() -> None:
        checkpoints.SaveLast.OF_THE_TIME = float("inf")
        fitting.SaveLast = functools.partial(checkpoints.SaveLast, seconds=0.0)
        kill()

    return killed


KILLS = dict.fromkeys(("each_length", "all_lengths"), tuple(map(soon, kills.OF_TRIALS)))
SAID = dict.fromkeys(KILLS, kills.TURN)


def scales(number: int, length: int = 40) -> list[np.ndarray]:
    """Pieces in which one note steps up and down: what comes next is nearly certain."""
    notes = 40 + np.abs((np.arange(length) + np.arange(number)[:, None]) % 8 - 4)
    return list(np.eye(88, dtype=np.float32)[notes])


MUSIC = Music({"train": scales(16), "valid": scales(3), "test": scales(2)}, "scales")


def prepare(monkeypatch) -> None:
    load = data.load
    monkeypatch.setattr(data, "load", lambda config: MUSIC if config.task == "music" else load(config))
    kills.short_turns(monkeypatch)
    monkeypatch.setattr(fitting, "SaveLast", checkpoints.SaveLast)  # music and text are killed by the epoch


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    text = {"text": {"corpus": f"text:{agreeing(folder / 'own.txt', lines=60)}"}}
    return {
        name: (row, [f"{key}={json.dumps(value)}" for key, value in (settings | text.get(name, {})).items()])
        for name, (row, settings) in CASES.items()
    }


def stub(config: Config) -> Music | Characters | None:
    if not is_natural(config):
        return None
    return Music({}, "") if config.task == "music" else Characters({}, 50, config.ahead, "")
